# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Digests of files, each file read once in a call."""

from __future__ import annotations

import os

from ..common import canonical
from ..common.errors import SlipwayError
from . import go_source


class FileCache:
    """Remembers what it read, for as long as one call of a module lasts."""

    def __init__(self):
        self._contents = {}
        self._headers = {}
        self._names = {}

    def digest(self, path):
        """SHA-256 of a file, "" where there is none."""
        return self._read(path)[0]

    def header(self, path):
        """Digest of what `go list` sees in a file; of the whole file when it is not Go."""
        digest, content = self._read(path)
        if content is None or not digest:
            return digest
        if path not in self._headers:
            self._headers[path] = canonical.sha256(go_source.header(content.decode("utf-8", "replace")))
        return self._headers[path]

    def names(self, directory):
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

    def _read(self, path):
        if path not in self._contents:
            try:
                with open(path, "rb") as handle:
                    content = handle.read()
            except FileNotFoundError:
                self._contents[path] = ("", None)
            except OSError as error:
                raise SlipwayError("Cannot read the source file %s: %s" % (path, error.strerror)) from error
            else:
                self._contents[path] = (canonical.sha256(content), content if path.endswith(".go") else None)
        return self._contents[path]
