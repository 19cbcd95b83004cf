# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read ELF headers without any tool: for which machine an executable is, and what it needs at run time."""

from __future__ import annotations

import io
import os
import stat
import struct
from collections.abc import Iterator

from .errors import SlipwayError

TYPE_CHECKING = False  # as importing typing would cost time on every host
if TYPE_CHECKING:
    from typing import Any, BinaryIO

_LOAD, _DYNAMIC, _INTERP, _NOTE = 1, 2, 3, 4
_NEEDED, _STRTAB = 1, 5
_HEADERS_LIMIT = 256
_LIBRARIES_LIMIT = 1000
_READ_LIMIT = 1 << 20
_NOTES_LIMIT = 1 << 14
_TYPES = {2: "EXEC", 3: "DYN"}
_MACHINES = {
    # (e_machine, bits, big endian): what Go calls it
    (3, 32, False): "386",
    (62, 64, False): "amd64",
    (40, 32, False): "arm",
    (183, 64, False): "arm64",
    (258, 64, False): "loong64",
    (8, 32, True): "mips",
    (8, 32, False): "mipsle",
    (8, 64, True): "mips64",
    (8, 64, False): "mips64le",
    (21, 64, True): "ppc64",
    (21, 64, False): "ppc64le",
    (243, 64, False): "riscv64",
    (22, 64, True): "s390x",
}


class NotElf(SlipwayError):
    """The bytes are not an executable for Linux, or a damaged one."""


class Segment:
    """One program header."""

    def __init__(self, kind: int, offset: int, address: int, size: int) -> None:
        self.kind = kind
        self.offset = offset
        self.address = address
        self.size = size


class Elf:
    """An executable's headers, and what they say about it."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        ident = self.bytes_at(0, 20, "header")
        if ident[:4] != b"\x7fELF":
            raise NotElf("It does not start with the bytes of an ELF file: it is not an executable for Linux")
        if ident[4] not in (1, 2) or ident[5] not in (1, 2):
            raise NotElf("Its ELF header is damaged: class %d, byte order %d" % (ident[4], ident[5]))
        self.bits = 64 if ident[4] == 2 else 32
        self.big_endian = ident[5] == 2
        self._order = ">" if self.big_endian else "<"
        kind, self.machine = self._unpack("HH", ident[16:20])
        self.type = _TYPES.get(kind, str(kind))
        self.goarch = _MACHINES.get((self.machine, self.bits, self.big_endian), "")
        self.segments = self._segments()
        self.interpreter = self._interpreter()
        self.needed = self._needed()
        self.build_id = self._build_id()

    @property
    def static(self) -> bool:
        """It needs nothing of the host to start: no loader, no shared libraries."""
        return not self.interpreter and not self.needed

    def bytes_at(self, offset: int, size: int, what: str) -> bytes:
        """Exactly ``size`` bytes of the file."""
        if size > _READ_LIMIT:
            raise NotElf("Its %s claims %d bytes, more than any real one has" % (what, size))
        self._source.seek(offset)
        data = self._source.read(size)
        if len(data) != size:
            raise NotElf("It ends before its %s does: the file is truncated" % what)
        return data

    def offset_of(self, address: int, what: str) -> int:
        """The offset in the file of an address of the running program."""
        for segment in self.segments:
            if segment.kind == _LOAD and segment.address <= address < segment.address + segment.size:
                return segment.offset + address - segment.address
        raise NotElf("Its %s points outside of the file: the file is damaged" % what)

    def _unpack(self, layout: str, data: bytes) -> tuple[Any, ...]:
        return struct.unpack(self._order + layout, data)

    def _segments(self) -> list[Segment]:
        if self.bits == 64:
            (offset,) = self._unpack("Q", self.bytes_at(32, 8, "header"))
            entry, count = self._unpack("HH", self.bytes_at(54, 4, "header"))
            layout, expected = "IIQQQQ", 56
        else:
            (offset,) = self._unpack("I", self.bytes_at(28, 4, "header"))
            entry, count = self._unpack("HH", self.bytes_at(42, 4, "header"))
            layout, expected = "IIIIIII", 32
        if count > _HEADERS_LIMIT or (count and entry != expected):
            raise NotElf("Its ELF header is damaged: %d program headers of %d bytes" % (count, entry))
        table = self.bytes_at(offset, count * entry, "table of program headers")
        length = struct.calcsize("=" + layout)
        rows = (self._unpack(layout, table[at : at + length]) for at in range(0, count * entry, entry or 1))
        return [self._segment(row) for row in rows]

    def _segment(self, row: tuple[int, ...]) -> Segment:
        if self.bits == 64:
            kind, _flags, offset, address, _physical, size = row
        else:
            kind, offset, address, _physical, size, _memory, _flags = row
        if offset + size >= 1 << 63:
            raise NotElf("Its ELF header is damaged: a segment lies beyond what a file can have")
        return Segment(kind, offset, address, size)

    def _interpreter(self) -> str:
        for segment in self.segments:
            if segment.kind == _INTERP:
                text = self.bytes_at(segment.offset, segment.size, "loader's name")
                return text.split(b"\0", 1)[0].decode("utf-8", "replace") or "?"
        return ""

    def _needed(self) -> list[str]:
        dynamic = [segment for segment in self.segments if segment.kind == _DYNAMIC]
        entries = [entry for segment in dynamic[:1] for entry in self._dynamic_entries(segment)]
        wanted = [value for tag, value in entries if tag == _NEEDED]
        if len(dynamic) > 1 or len(wanted) > _LIBRARIES_LIMIT:  # to look up that many would take hours
            raise NotElf(
                "It has %d dynamic sections and needs %d libraries, more than any real one"
                % (len(dynamic), len(wanted))
            )
        tables = [value for tag, value in entries if tag == _STRTAB]
        if wanted and not tables:
            raise NotElf("It needs shared libraries but has no table of their names: the file is damaged")
        return [self._text_at(self.offset_of(tables[0] + position, "library name")) for position in wanted]

    def _dynamic_entries(self, segment: Segment) -> Iterator[tuple[int, int]]:
        layout = "QQ" if self.bits == 64 else "II"
        size = self.bits // 4
        data = self.bytes_at(segment.offset, segment.size - segment.size % size, "dynamic section")
        for at in range(0, len(data), size):
            tag, value = self._unpack(layout, data[at : at + size])
            if tag == 0:
                return
            yield tag, value

    def _text_at(self, offset: int) -> str:
        self._source.seek(offset)
        return self._source.read(4096).split(b"\0", 1)[0].decode("utf-8", "replace") or "?"

    def _build_id(self) -> str:
        """Go's build ID, or else the GNU one in hex, or else nothing."""
        found: dict[tuple[bytes, int], bytes] = {}
        for segment in self.segments:
            if segment.kind == _NOTE and segment.size <= _NOTES_LIMIT:
                found.update(self._notes(self.bytes_at(segment.offset, segment.size, "notes")))
        if (b"Go", 4) in found:
            return found[b"Go", 4].decode("utf-8", "replace")
        return found.get((b"GNU", 3), b"").hex()

    def _notes(self, data: bytes) -> Iterator[tuple[tuple[bytes, int], bytes]]:
        at = 0
        while at + 12 <= len(data):
            name_size, value_size, kind = self._unpack("III", data[at : at + 12])
            value_at = at + 12 + (name_size + 3) // 4 * 4
            yield (
                (data[at + 12 : at + 12 + name_size].rstrip(b"\0"), kind),
                data[value_at : value_at + value_size],
            )
            at = value_at + (value_size + 3) // 4 * 4


def read(path_or_bytes: str | bytes | bytearray | memoryview) -> Elf:
    """The ``Elf`` of a file, or of bytes in memory; raises ``SlipwayError`` for anything else."""
    if isinstance(path_or_bytes, (bytes, bytearray, memoryview)):
        return _parse(io.BytesIO(path_or_bytes), "These bytes are")
    try:
        if not stat.S_ISREG(os.stat(path_or_bytes).st_mode):
            raise NotElf("%s is not a regular file, so it is not an executable" % path_or_bytes)
        with open(path_or_bytes, "rb") as handle:
            return _parse(handle, "%s is" % path_or_bytes)
    except OSError as error:
        raise SlipwayError("Cannot read %s: %s" % (path_or_bytes, error.strerror)) from error


def _parse(source: BinaryIO, subject: str) -> Elf:
    try:
        return Elf(source)
    except NotElf as error:
        raise NotElf("%s not a usable executable. %s" % (subject, error)) from None
    except (OverflowError, ValueError) as error:  # an offset beyond what a file can have
        raise NotElf(
            "%s not a usable executable. Its ELF header is damaged: %s" % (subject, error)
        ) from error
