# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a profile of pprof, compressed protocol buffers. A host that is not to be trusted may have sent it.

The format is profile.proto of github.com/google/pprof. Only sums are made here; `go tool pprof` does more.
"""

from __future__ import annotations

import zlib
from typing import Iterator, NamedTuple, Union

from ..common.errors import SlipwayError

LARGEST = 64 << 20
MOST_FIELDS = 2_000_000
# Fields of the message Profile, by number.
_SAMPLE_TYPE, _SAMPLE, _LOCATION, _FUNCTION, _STRING = 1, 2, 4, 5, 6
_TIME, _DURATION, _COMMENT, _DOC_URL = 9, 10, 13, 15
_VARINT, _BYTES = 0, 2

_Value = Union[int, bytes]


class Profile(NamedTuple):
    """The sums of a profile."""

    totals: dict[str, int]  # "cpu/nanoseconds" and the like to the sum over all samples
    seconds: float  # how long it was taken
    time: int  # when, in seconds since the epoch
    functions: dict[str, int]  # function to the sum of the samples in which it runs itself, by the last total

    @property
    def samples(self) -> int:
        """How many samples there are: the first of the totals."""
        return next(iter(self.totals.values()), 0)

    @property
    def cpu_seconds(self) -> float:
        """The CPU time that the samples stand for; 0 for another kind of profile."""
        return self.totals.get("cpu/nanoseconds", 0) / 1e9


def read(content: bytes) -> Profile:
    """The profile in a file's content."""
    try:
        return _read(_fields(_unpacked(content)))
    except (ValueError, IndexError, KeyError, TypeError, zlib.error) as error:
        raise SlipwayError("it is no profile of pprof: %s" % (error or type(error).__name__)) from None


def stripped(content: bytes) -> bytes:
    """The same profile without free text and without an address that pages would link to."""
    try:
        kept = [field for field in _fields(_unpacked(content)) if field[0] not in (_COMMENT, _DOC_URL)]
    except (ValueError, IndexError, TypeError, zlib.error) as error:
        raise SlipwayError("it is no profile of pprof: %s" % error) from None
    packer = zlib.compressobj(wbits=31)
    return packer.compress(b"".join(_encoded(*field) for field in kept)) + packer.flush()


def _unpacked(content: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    data = unpacker.decompress(content, LARGEST)
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise ValueError("it is cut off, or too large")
    return data


def _read(fields: Iterator[tuple[int, _Value]]) -> Profile:
    found: dict[int, list[_Value]] = {}
    for number, value in fields:
        found.setdefault(number, []).append(value)
    strings = [_bytes(value).decode("utf-8", "replace") for value in found.get(_STRING, [])]
    names = []
    for value in found.get(_SAMPLE_TYPE, []):
        kind = dict(_fields(_bytes(value)))
        names.append("%s/%s" % (strings[_int(kind.get(1, 0))], strings[_int(kind.get(2, 0))]))
    functions = {}
    for value in found.get(_FUNCTION, []):
        function = dict(_fields(_bytes(value)))
        functions[function.get(1, 0)] = strings[_int(function.get(2, 0))]
    sums, leaves = [0] * len(names), dict.fromkeys(functions.values(), 0)
    leaf_of = dict(_leaf(_bytes(value)) for value in found.get(_LOCATION, []))
    for value in found.get(_SAMPLE, []):
        locations, values = _sample(_bytes(value))
        sums = [total + signed for total, signed in zip(sums, values)]
        name = functions.get(leaf_of.get(locations[0], 0)) if locations else None
        if name is not None and values:
            leaves[name] += values[-1]
    seconds, time = (_int(found.get(number, [0])[-1]) / 1e9 for number in (_DURATION, _TIME))
    return Profile(dict(zip(names, sums)), seconds, int(time), leaves)


def _sample(data: bytes) -> tuple[list[int], list[int]]:
    """The locations of a sample, the innermost one first, and its values."""
    numbers: dict[int, list[int]] = {1: [], 2: []}
    for number, value in _fields(data):
        if number in numbers:
            numbers[number] += _packed(value) if isinstance(value, bytes) else [value]
    return numbers[1], [_signed(value) for value in numbers[2]]


def _leaf(data: bytes) -> tuple[int, int]:
    """The id of a location and the function that is innermost there: the first of those that were inlined."""
    identifier, function = 0, 0
    for number, value in _fields(data):
        if number == 1:
            identifier = _int(value)
        elif number == 4 and not function:
            function = _int(dict(_fields(_bytes(value))).get(1, 0))
    return identifier, function


def _fields(data: bytes) -> Iterator[tuple[int, _Value]]:
    """(number, value) of every field of a message."""
    at = count = 0
    while at < len(data):
        count += 1
        if count > MOST_FIELDS:
            raise ValueError("it has too many parts")
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind != _BYTES:
            raise ValueError("it has a field of kind %d" % kind)
        size, at = _varint(data, at)
        if at + size > len(data):
            raise ValueError("it is cut off")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
        shift += 7
        if shift > 63:
            raise ValueError("it has a number that is too long")


def _packed(data: bytes) -> list[int]:
    at, found = 0, []
    while at < len(data):
        value, at = _varint(data, at)
        found.append(value)
    return found


def _encoded(number: int, value: _Value) -> bytes:
    if isinstance(value, bytes):
        return _number(number << 3 | _BYTES) + _number(len(value)) + value
    return _number(number << 3 | _VARINT) + _number(value)


def _number(value: int) -> bytes:
    packed = bytearray()
    while value > 0x7F:
        packed.append(value & 0x7F | 0x80)
        value >>= 7
    packed.append(value)
    return bytes(packed)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _int(value: _Value) -> int:
    if not isinstance(value, int):
        raise TypeError("it has bytes where a number is")
    return value


def _bytes(value: _Value) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("it has a number where bytes are")
    return value
