# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HTTP/1.1 request without a body, and the answer to it (RFC 9112).

By hand, as http.client imports ssl and all of email. A host would pay for them in every plan: 20 of the 100
ms of CPU time of one that finds nothing to do (``python3 -X importtime -c 'import http.client'``). A probe
needs little of HTTP: a connection carries one exchange, and only the beginning of the body is read. What is
not valid is refused, also where the RFC lets a client guess.
"""

from __future__ import annotations

import io
import re
import socket

from .options import HEADER_VALUE, PATH, TOKEN
from .sockets import time_left

MAX_BODY = 1 << 16
MAX_SECTION = 1 << 16  # bytes of a header section, and of any other line
MAX_FIELDS = 100
MAX_INTERIM = 10
SHOWN = 100
_STATUS_LINE = re.compile(r"HTTP/1\.[0-9] ([1-9][0-9]{2})(?: .*)?")
_DIGITS = "0123456789abcdef"


class InvalidAnswer(Exception):
    """What came is not an HTTP/1.1 answer; the text says why."""


class Answer:
    """``status``; ``headers`` by their names in lower case; the beginning of the ``body``."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def header(self, name: str) -> str | None:
        """The value of a header, or None."""
        return self.headers.get(name.lower())


def exchange(
    connection: socket.socket, method: str, path: str, headers: dict[str, str], deadline: float
) -> Answer:
    """Send a request and read the answer; raises InvalidAnswer, or socket.timeout at the deadline."""
    request = _request(method, path, headers)
    connection.settimeout(time_left(deadline))
    connection.sendall(request)
    stream = io.BufferedReader(_Timed(connection, deadline))
    status, answered = _head(stream)
    bodyless = method == "HEAD" or status in (101, 204, 304)
    return Answer(status, answered, b"" if bodyless else _body(stream, answered))


class _Timed(io.RawIOBase):
    """A connection to read from.

    Every read gets only the time that is left, so that a slow trickle of bytes cannot hold it open.
    """

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # it is called with nothing else
        self._connection.settimeout(time_left(self._deadline))
        return self._connection.recv_into(buffer)


def _request(method: str, path: str, headers: dict[str, str]) -> bytes:
    """Sections 3 and 5. No value can leave its place."""
    if not TOKEN.fullmatch(method) or not PATH.fullmatch(path):
        raise ValueError("%r is not an HTTP request" % ("%s %s" % (method, path)))
    for name, value in headers.items():
        if not TOKEN.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            raise ValueError("the header %r cannot be sent" % name)
    fields = ["%s: %s" % field for field in headers.items()]
    return "\r\n".join(["%s %s HTTP/1.1" % (method, path), *fields, "", ""]).encode("ascii")


def _head(stream: io.BufferedReader) -> tuple[int, dict[str, str]]:
    """Status and headers, past the interim answers. After 101 another protocol begins (RFC 9110, 15.2)."""
    for dummy in range(MAX_INTERIM + 1):
        status, headers = _status(stream), _headers(stream)
        if status == 101 or status >= 200:
            return status, headers
    raise InvalidAnswer("more than %d interim answers came before it" % MAX_INTERIM)


def _status(stream: io.BufferedReader) -> int:
    """Section 4. What speaks another protocol may never end a line, so its first bytes are enough."""
    begin = stream.peek()[:SHOWN]
    if not begin:
        raise InvalidAnswer("the connection was closed without an answer")
    if not begin.startswith(b"HTTP/"[: len(begin)]):
        raise InvalidAnswer("it begins with %s" % _quoted(begin.decode("latin-1")))
    line = _line(stream, "its status line")
    match = _STATUS_LINE.fullmatch(line)
    if not match:
        raise InvalidAnswer("its status line is %s" % _quoted(line))
    return int(match[1])


def _headers(stream: io.BufferedReader) -> dict[str, str]:
    """Section 5. Several headers of one name are one with a list (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    left = MAX_SECTION
    for dummy in range(MAX_FIELDS + 1):
        line = _line(stream, "its header section", left)
        if not line:
            return headers
        left -= len(line) + 1
        name, colon, value = line.partition(":")
        if not colon or not TOKEN.fullmatch(name):
            raise InvalidAnswer("%s is not a header" % _quoted(line))
        before = headers.get(name.lower())
        value = value.strip(" \t")
        headers[name.lower()] = value if before is None else "%s, %s" % (before, value)
    raise InvalidAnswer("it has more than %d headers" % MAX_FIELDS)


def _line(stream: io.BufferedReader, what: str, limit: int = MAX_SECTION) -> str:
    """A line without its end, which is CRLF, or LF alone (section 2.2)."""
    line = stream.readline(limit + 1)
    if len(line) > limit:
        raise InvalidAnswer("%s is longer than %d bytes" % (what, MAX_SECTION))
    if not line.endswith(b"\n"):
        raise InvalidAnswer("the connection was closed in the middle of %s" % what)
    text = line[: -2 if line.endswith(b"\r\n") else -1].decode("latin-1")
    if "\r" in text or "\0" in text:
        raise InvalidAnswer("%s has a control character in %s" % (what, _quoted(text)))
    return text


def _body(stream: io.BufferedReader, headers: dict[str, str]) -> bytes:
    """Section 6.3."""
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked":
            raise InvalidAnswer("its Transfer-Encoding is %s" % _quoted(coding))
        return _chunked(stream)
    if length is None:
        return stream.read(MAX_BODY)
    once = sorted({part.strip(" \t") for part in length.split(",")})  # section 6.3, 5: it may be repeated
    return _part(stream, _number(",".join(once), 10, "its Content-Length"), 0)


def _chunked(stream: io.BufferedReader) -> bytes:
    """Section 7.1. Nothing after the last chunk matters here: its trailers are not read."""
    body = bytearray()
    while True:
        line = _line(stream, "the size of a chunk")
        size = _number(line.partition(";")[0].rstrip(" \t").lower(), 16, "the size of a chunk")
        body += _part(stream, size, len(body))
        if not size or len(body) == MAX_BODY:
            return bytes(body)
        if stream.readline(2) not in (b"\r\n", b"\n"):
            raise InvalidAnswer("a chunk does not end where its size says")


def _part(stream: io.BufferedReader, size: int, before: int) -> bytes:
    """The next bytes of a body, as far as it is read."""
    wanted = min(size, MAX_BODY - before)
    part = stream.read(wanted)
    if len(part) < wanted:
        read = before + len(part)
        raise InvalidAnswer("IncompleteRead(%d bytes read, %d more expected)" % (read, size - len(part)))
    return part


def _number(text: str, base: int, what: str) -> int:
    """Digits only, where ``int`` takes signs, spaces and underscores; and not so many that they overflow."""
    if not 0 < len(text) <= 16 or text.strip(_DIGITS[:base]):
        raise InvalidAnswer("%s is %s" % (what, _quoted(text)))
    return int(text, base)


def _quoted(text: str) -> str:
    return repr(text[:SHOWN])
