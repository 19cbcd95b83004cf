# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small acts on files that every part of this wing needs."""

from __future__ import annotations

import os
import tempfile

from ..common.errors import SlipwayError


def write(path, content, mode=0o644):
    """Put bytes at a path in one step; returns whether they are new."""
    try:
        with open(path, "rb") as handle:
            if handle.read() == content:
                return False
    except OSError:
        pass
    with replacing(path, mode) as handle:
        handle.write(content)
    return True


class replacing:
    """A new file that takes its place at ``path`` when the block ends well, and vanishes when it does not."""

    def __init__(self, path, mode=0o644):
        self._path = path
        self._mode = mode
        self._partial = ""
        self._handle = None

    def __enter__(self):
        directory = os.path.dirname(self._path)
        try:
            os.makedirs(directory, exist_ok=True)
            descriptor, self._partial = tempfile.mkstemp(prefix=".slipway-", dir=directory)
        except OSError as error:
            raise SlipwayError("Cannot write to %s: %s" % (directory, error.strerror)) from error
        self._handle = os.fdopen(descriptor, "w+b")
        return self._handle

    def __exit__(self, kind, error, _trace):
        try:
            self._handle.close()
            if kind is None:
                os.chmod(self._partial, self._mode)  # whatever the umask
                os.replace(self._partial, self._path)
                return
        except OSError as failure:
            self._remove()
            raise SlipwayError("Cannot write %s: %s" % (self._path, failure.strerror)) from failure
        self._remove()
        if isinstance(error, OSError):
            raise SlipwayError("Cannot write %s: %s" % (self._path, error.strerror)) from error

    def _remove(self):
        if os.path.exists(self._partial):
            os.unlink(self._partial)
