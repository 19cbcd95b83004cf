# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Go wrote into a binary about its making: ``go version -m`` without Go."""

from __future__ import annotations

import io
import json

from ..common import elf
from ..common.errors import SlipwayError

_MAGIC = b"\xff Go buildinf:"
_ALIGNMENT = 16
_HEADER = 32
_INLINE_STRINGS = 2
_SENTINEL = 16
_TEXT_LIMIT = 16 << 20
_PIECE = 1 << 20


class BuildInfo:
    """Go's version, the main package, the modules linked in, and the settings of the build."""

    def __init__(self, go_version, text):
        self.go_version = go_version
        self.path = ""
        self.main = {}
        self.deps = []
        self.settings = {}
        for line in text.split("\n"):
            self._take(line.split("\t"))

    def as_dict(self):
        """Plain values, for a provenance."""
        return {
            "go_version": self.go_version,
            "path": self.path,
            "main": self.main,
            "deps": self.deps,
            "settings": self.settings,
        }

    @classmethod
    def from_dict(cls, data):
        """The same again from ``as_dict``."""
        info = cls(data["go_version"], "")
        info.path, info.main, info.deps, info.settings = (
            data["path"],
            data["main"],
            data["deps"],
            data["settings"],
        )
        return info

    def _take(self, fields):
        kind, values = fields[0], fields[1:]
        if kind == "path" and values:
            self.path = values[0]
        elif kind == "mod" and values:
            self.main = _module(values)
        elif kind == "dep" and values:
            self.deps.append(_module(values))
        elif kind == "=>" and values and self.deps:
            self.deps[-1]["replaced_by"] = _module(values)
        elif kind == "build" and values:
            key, value = _setting("\t".join(values))
            self.settings[key] = value


def read(path_or_bytes):
    """The ``BuildInfo`` of a Go binary; raises ``SlipwayError`` where there is none."""
    headers = elf.read(path_or_bytes)
    if isinstance(path_or_bytes, (bytes, bytearray, memoryview)):
        return _from_source(io.BytesIO(path_or_bytes), headers, "This binary")
    try:
        with open(path_or_bytes, "rb") as handle:
            return _from_source(handle, headers, path_or_bytes)
    except OSError as error:
        raise SlipwayError("Cannot read %s: %s" % (path_or_bytes, error.strerror)) from error


def _from_source(source, headers, subject):
    for segment in headers.loaded():
        offset = _find(source, segment)
        if offset is not None:
            return _decode(source, offset, subject)
    raise SlipwayError(
        "%s has no Go build information: it is no Go binary, or one that UPX has packed" % subject
    )


def _find(source, segment):
    """The file offset of the magic within a segment; Go aligns it to 16 bytes of memory."""
    at = 0
    while at < segment.size:
        source.seek(segment.offset + at)
        piece = source.read(min(_PIECE + _HEADER, segment.size - at))
        if not piece:
            return None
        found = piece.find(_MAGIC)
        while found >= 0:
            if (segment.address + at + found) % _ALIGNMENT == 0:
                return segment.offset + at + found
            found = piece.find(_MAGIC, found + 1)
        at += _PIECE
    return None


def _decode(source, offset, subject):
    source.seek(offset)
    header = source.read(_HEADER)
    if len(header) < _HEADER or not header[15] & _INLINE_STRINGS:
        raise SlipwayError(
            "%s was built by a Go older than 1.18, whose build information is not supported" % subject
        )
    version = _text(source, subject).decode("utf-8", "replace")
    framed = _text(source, subject)
    modules = framed[_SENTINEL:-_SENTINEL] if len(framed) >= 2 * _SENTINEL else b""
    return BuildInfo(version, modules.decode("utf-8", "replace"))


def _text(source, subject):
    """A string with its length before it, as Go's varint."""
    length = shift = 0
    while True:
        byte = source.read(1)
        if not byte or shift > 28:
            raise SlipwayError("%s has damaged Go build information" % subject)
        length |= (byte[0] & 0x7F) << shift
        shift += 7
        if byte[0] < 0x80:
            break
    if length > _TEXT_LIMIT:
        raise SlipwayError("%s has damaged Go build information: a text of %d bytes" % (subject, length))
    data = source.read(length)
    if len(data) != length:
        raise SlipwayError("%s has damaged Go build information: it ends too early" % subject)
    return data


def _module(values):
    padded = list(values) + ["", "", ""]
    return {"path": padded[0], "version": padded[1], "sum": padded[2]}


def _setting(text):
    """A ``key=value`` of which Go quotes either side when it has blanks or quotes."""
    if text.startswith('"'):
        end = _closing_quote(text)
        key, rest = _unquote(text[: end + 1]), text[end + 1 :]
    else:
        key, equals, value = text.partition("=")
        rest = equals + value
    return key, _unquote(rest[1:])


def _closing_quote(text):
    at = 1
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    return at


def _unquote(text):
    if text.startswith("`") and text.endswith("`") and len(text) > 1:
        return text[1:-1]
    if not text.startswith('"'):
        return text
    try:
        return json.loads(text)
    except ValueError:  # a Go escape that JSON does not know: better shown raw than not at all
        return text.strip('"')
