# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the binary of one target goes, and what is there already."""

from __future__ import annotations

import os
import stat
from concurrent.futures import Executor
from typing import NamedTuple

from ..common import canonical
from ..common.errors import SlipwayError
from . import provenance
from .request import Request
from .targets import Target

_MODE = 0o755


class Found(NamedTuple):
    """The binary that is there: its SHA-256 ("" for none), and what is wrong with it ("" for nothing)."""

    digest: str
    defect: str


class Output:
    """The files of one target in dest."""

    def __init__(self, request: Request, target: Target, pool: Executor) -> None:
        self.target = target
        self.directory = os.path.join(request.dest, target.platform)
        self.binary = os.path.join(self.directory, request.name)
        self.provenance = provenance.path_of(self.binary)
        self.recorded = provenance.read(self.provenance)
        self._found = pool.submit(self._read_binary)  # hashing takes a while, and is not always needed

    @property
    def found(self) -> Found:
        """The binary that was there at the start."""
        return self._found.result()

    def _read_binary(self) -> Found:
        try:
            status = os.lstat(self.binary)
            if not stat.S_ISREG(status.st_mode):
                return Found("", "%s is not a regular file" % self.binary)
            digest = canonical.sha256_file(self.binary)
        except FileNotFoundError:
            return Found("", "not built yet")
        except OSError as error:
            raise SlipwayError("Cannot read %s: %s" % (self.binary, error.strerror)) from error
        return Found(digest, self._defect(digest, stat.S_IMODE(status.st_mode)))

    def _defect(self, digest: str, mode: int) -> str:
        if not self.recorded:
            return "its provenance is missing or of another version of slipway.golang"
        if digest != self.recorded["binary"].get("sha256"):
            return "the binary was modified after it was built"
        if mode != _MODE:
            return "its mode is %04o, not %04o" % (mode, _MODE)
        return ""
