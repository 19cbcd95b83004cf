# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of several hosts in one order, as text for people and as values for programs. Pure.

What hosts send is what their services print: it is not trusted to be anything but text.
"""

from __future__ import annotations

import base64
import binascii
import heapq
import json
import re
import typing
import zlib

from ..module_utils.common import log_line, names
from ..module_utils.common.errors import SlipwayError
from . import moments

LINE, UNIT, LOST, ACT = "line", "unit", "lost", "act"
# What a host may send in one answer, unpacked. Its engine sends less.
MOST_BYTES = 512 << 20
_CHUNK = 1 << 16
_MESSAGE_KEYS = ("msg", "message")
# The line has them already: in front of it.
_TIME_KEYS = ("time", "ts", "timestamp", "@timestamp")
_LEVEL_KEYS = ("level", "lvl", "severity")
_PLAIN = re.compile(r"[^\s\"'=]+")
_TEXT_OF_ACTS = ("act", "from", "to", "release", "outcome", "actor", "message")


class Row(typing.NamedTuple):
    """One row: a line of the service, one about its unit, a loss, or an act."""

    at: int  # microseconds since the epoch
    host: str
    kind: str
    level: int | None
    release: str | None
    text: str
    extra: typing.Any


# --- read -----------------------------------------------------------------------------------------


def rows(host: str, packed: str) -> typing.Iterator[Row]:
    """What a host packed, row by row: it is unpacked as it is read."""
    rest, size = b"", 0
    for piece in _unpacked(host, packed):
        size += len(piece)
        if size > MOST_BYTES:
            raise SlipwayError("%s sent more than %d MB of lines" % (host, MOST_BYTES >> 20))
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            row = _row(host, line)
            if row:
                yield row


def _unpacked(host, packed):
    try:
        data = base64.b64decode(packed, validate=True)
        part = zlib.decompressobj()
        while data:
            piece = part.decompress(data, _CHUNK)
            data = part.unconsumed_tail
            yield piece
        yield part.flush()
        if not part.eof:
            raise ValueError("it is not complete")
    except (binascii.Error, ValueError, TypeError, zlib.error) as error:
        raise SlipwayError("What %s sent cannot be unpacked: %s" % (host, error)) from error


def _row(host, line):
    try:
        at, kind, level, release, text, extra = json.loads(line)
        check = {LINE: None, UNIT: None, LOST: int, ACT: _act}[kind]
        level = level if level in range(len(log_line.LEVELS)) else None
        release = release if release and names.RELEASE_ID.fullmatch(release) else None
        return Row(
            int(at), host, kind, level, release, str(text), check(extra) if check else str(extra or "")
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _act(given):
    if not isinstance(given, dict):
        raise TypeError("an act is a dictionary")
    act = {key: str(given[key]) for key in _TEXT_OF_ACTS if given.get(key) is not None}
    if given.get("ready_ms") is not None:
        act["ready_ms"] = int(given["ready_ms"])
    return act


def merged(streams: typing.Iterable[typing.Iterable[Row]]) -> typing.Iterator[Row]:
    """The rows of several hosts, each oldest first, in one order."""
    return heapq.merge(*streams, key=lambda row: row.at)


# --- as values ------------------------------------------------------------------------------------


def value(row: Row) -> dict[str, typing.Any]:
    """A row for programs."""
    found: dict[str, typing.Any] = {"time": moments.iso(row.at), "host": row.host, "kind": row.kind}
    if row.kind == LOST:
        return dict(found, lost=row.extra)
    if row.kind == ACT:
        return dict(found, **row.extra)
    fields = log_line.fields_of(row.text) if row.kind == LINE else None
    message, rest = _parts(fields, row.release) if fields is not None else (row.text, {})
    level = None if row.level is None else log_line.LEVELS[row.level]
    found.update(release=row.release, level=level, message=message, fields=rest)
    return dict(found, by=row.extra) if row.kind == UNIT else found


def _parts(fields, release):
    """The message of a JSON line, and the fields that nothing else shows."""
    key = next((key for key in _MESSAGE_KEYS if isinstance(fields.get(key), str)), None)
    hidden = {key, *_TIME_KEYS}
    hidden.update(key for key in _LEVEL_KEYS if log_line.number(fields.get(key)) is not None)
    if release and fields.get("release") in (release, release.rpartition("-")[0]):
        hidden.add("release")
    return fields.get(key, ""), {name: item for name, item in fields.items() if name not in hidden}


# --- as text --------------------------------------------------------------------------------------


class Text:
    """Rows as lines for a terminal. Releases are shown as versions, where these tell them apart."""

    def __init__(self, hosts: typing.Iterable[str]):
        self._host_width = max(map(len, hosts), default=0)
        self._release_width = 1
        self._shown: dict[str, str] = {}
        self._day = ""

    def know(self, releases: typing.Iterable[str]) -> None:
        """Releases that may come, so that two of one version are told apart from the first line on."""
        known = sorted(set(self._shown).union(filter(names.RELEASE_ID.fullmatch, map(str, releases))))
        versions = [release.rpartition("-")[0] for release in known]
        self._shown = {
            release: release if versions.count(version) > 1 else version
            for release, version in zip(known, versions)
        }
        self._release_width = max(map(len, self._shown.values()), default=1)

    def lines(self, row: Row) -> list[str]:
        """A row, and a line with the day before it where that is another one."""
        time = moments.iso(row.at)
        day, clock = time[:10], time[11:23]
        above = [] if day == self._day else [mark("%s, times in UTC" % day)]
        self._day = day
        if row.kind == ACT:
            return [*above, mark("%s %s %s" % (clock[:8], row.host, self._act(row.extra)))]
        if row.kind == LOST:
            words = "%s %s: journald dropped %s lines here (LogRateLimitBurst=)"
            return [*above, mark(words % (clock, row.host, f"{row.extra:,}"))]
        return [*above, self._line(clock, row)]

    def _line(self, clock, row):
        level = "-" if row.level is None else log_line.LEVELS[row.level]
        host, release = (
            row.host.ljust(self._host_width),
            self._release(row.release).ljust(self._release_width),
        )
        return " ".join((clock, host, release, level.ljust(5), _message(row))).rstrip()

    def _release(self, release):
        if not release:
            return "-"
        if release not in self._shown:
            self.know([release])
        return self._shown.get(release, release)

    def _act(self, act):
        before, after = (self._release(act.get(key)) for key in ("from", "to"))
        arrow = after if before in ("-", after) else "%s → %s" % (before, after)
        what = "with %s" % self._release(act["release"]) if "release" in act else arrow
        words = printable("%s %s %s" % (act.get("act", ""), what, act.get("outcome", "")))
        if act.get("ready_ms") is not None and act.get("outcome") in ("ok", "unconfirmed"):
            words += ", ready in %d ms" % act["ready_ms"]
        return words + (": " + printable(act["message"]) if act.get("message") else "")


def mark(words: str) -> str:
    """A line of ours between those of the services."""
    return "── %s ──" % printable(words)


def _message(row):
    if row.kind == UNIT:
        return printable("%s: %s" % (row.extra, row.text) if row.extra else row.text)
    fields = log_line.fields_of(row.text)
    if fields is None:
        return printable(row.text)
    message, rest = _parts(fields, row.release)
    words = [message] if message else []
    return printable(" ".join(words + ["%s=%s" % (key, _shown(item)) for key, item in rest.items()]))


def _shown(item):
    if isinstance(item, str) and _PLAIN.fullmatch(item):
        return item
    return json.dumps(item, ensure_ascii=False, separators=(",", ":"))


def printable(text: str) -> str:
    """A text as one line that a terminal only shows: it obeys escape sequences, wherever they come from.

    What would control it, or change the order of letters, is shown as an escape.
    """
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character):
    if character.isprintable():
        return character
    if character == "\t":
        return "    "
    if character.isspace() and ord(character) >= 160 and character not in "\u2028\u2029":
        return " "
    return character.encode("unicode_escape").decode("ascii")
