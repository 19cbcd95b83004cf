# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make an artifact from a patch and a release that is here: the reverse of plugin_utils/delta.py.

What comes out is read as the artifact itself would be, and passes the same checks: the digests find
whatever is wrong with the patch or its base.
"""

from __future__ import annotations

import os

from ...common.delta_format import COPY, HEADER, LITERAL, SUM, plus
from ...common.errors import SlipwayError

PIECE = 1 << 18


class Base:
    """The listed files of a release, one after the other, in the order of their names."""

    def __init__(self, path, files):
        self._parts = []
        end = 0
        for name in sorted(files):
            self._parts.append((end, end + files[name]["size"], os.path.join(path, name)))
            end += files[name]["size"]

    def read(self, place, length):
        """Exactly these bytes."""
        parts = [
            self._read(part, place, place + length)
            for part in self._parts
            if part[0] < place + length and place < part[1]
        ]
        data = b"".join(parts)
        if len(data) != length:
            raise SlipwayError("The patch refers to bytes that its base does not have")
        return data

    def _read(self, part, start, end):
        begin, finish, path = part
        with open(path, "rb") as handle:
            handle.seek(max(start, begin) - begin)
            return handle.read(min(end, finish) - max(start, begin))


class Patched:
    """What ``unpack`` reads instead of a deflated tar.

    ``patch`` gives exact reads of the records; ``more`` gives the tar in pieces.
    """

    def __init__(self, patch, base):
        self._patch = patch
        self._base = base
        self._kind, self._left, self._place = LITERAL, 0, 0

    def more(self):
        """The next piece, never an empty one."""
        if not self._left:
            self._kind, self._left, self._place = HEADER.unpack(self._patch.read(HEADER.size))
            if not self._left:
                raise SlipwayError("The patch has an empty record: it is damaged")
        length = min(self._left, PIECE)
        piece = self._piece(length)
        self._left -= length
        self._place += length
        return piece

    def _piece(self, length):
        if self._kind == LITERAL:
            return self._patch.read(length)
        if self._kind == COPY:
            return self._base.read(self._place, length)
        if self._kind == SUM:
            return plus(self._base.read(self._place, length), self._patch.read(length))
        raise SlipwayError(
            "The patch has a record of kind %d: it was made by another version of slipway.golang" % self._kind
        )
