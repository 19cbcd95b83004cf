# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Digests of files and listings of directories, each read once in a call."""

from __future__ import annotations

import os

from ..common import canonical
from ..common.errors import SlipwayError


class FileCache:
    """Remembers what it read, for as long as one call of a module lasts."""

    def __init__(self) -> None:
        self._digests: dict[str, str] = {}
        self._names: dict[str, list[tuple[str, bool]]] = {}

    def digest(self, path: str) -> str:
        """SHA-256 of a file, "" where there is none."""
        if path not in self._digests:
            try:
                self._digests[path] = canonical.sha256_file(path)
            except FileNotFoundError:
                self._digests[path] = ""
            except OSError as error:
                raise SlipwayError("Cannot read the source file %s: %s" % (path, error.strerror)) from error
        return self._digests[path]

    def names(self, directory: str) -> list[tuple[str, bool]]:
        """Sorted (name, is a directory) pairs; nothing where there is no directory."""
        if directory not in self._names:
            try:
                with os.scandir(directory) as entries:
                    self._names[directory] = sorted(
                        (entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries
                    )
            except OSError:
                self._names[directory] = []
        return self._names[directory]
