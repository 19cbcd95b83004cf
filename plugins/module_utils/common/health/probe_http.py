# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HTTP probe, over TCP, TLS or a unix socket, with one deadline for all of it."""

from __future__ import annotations

import http.client
import io
import json
import socket
import ssl
from collections.abc import Collection

from .attempt import Attempt, readable
from .options import Check
from .sockets import open_tcp, open_unix, time_left

MAX_BODY = 1 << 16


def probe(check: Check, release: Collection[str] | None, deadline: float) -> Attempt:
    """Send one request and check the answer."""
    connection = _Connection(check, deadline)
    try:
        connection.request(
            check.method,
            check.path,
            headers=dict({"User-Agent": "slipway-health", "Connection": "close"}, **check.headers),
        )
        answer = connection.getresponse()
        body = _body(answer)
    except http.client.HTTPException as error:
        return Attempt(False, "%s gave an invalid HTTP response: %s" % (check.target, readable(repr(error))))
    except ssl.SSLError as error:
        return Attempt(False, "%s: TLS failed: %s" % (check.target, error))
    finally:
        connection.close_socket()
    named = _release_of(check, answer, body)
    reason = _mismatch(check, answer, body) or _wrong_release(named, release)
    return Attempt(not reason, reason and "%s %s" % (check.target, reason), answer.status, named)


def _body(answer: http.client.HTTPResponse) -> str:
    """The beginning of the body; raises IncompleteRead where the server promised more than it sent."""
    body = answer.read(MAX_BODY)
    if answer.length and len(body) < MAX_BODY:
        raise http.client.IncompleteRead(body, answer.length)
    return body.decode("utf-8", "replace")


def _mismatch(check: Check, answer: http.client.HTTPResponse, body: str) -> str:
    """What is wrong with the answer; empty where nothing is."""
    if not any(first <= answer.status <= last for first, last in check.status):
        return "answered %d: %s" % (answer.status, readable(body)) if body else "answered %d" % answer.status
    if check.body and not check.body.search(body):
        return "answered a body that does not match %r: %s" % (check.body.pattern, readable(body))
    for name, pattern in check.response_headers.items():
        value = answer.getheader(name)
        if value is None:
            return "answered without a header %s" % name
        if not pattern.search(value):
            return "answered header %s: %s, which does not match %r" % (
                name,
                readable(value),
                pattern.pattern,
            )
    return ""


def _release_of(check: Check, answer: http.client.HTTPResponse, body: str) -> str | None:
    """The release that the answer names by its header or in its body, or None."""
    named = answer.getheader(check.release_header) if check.release_header else None
    if named is None and check.release_field and body.lstrip().startswith("{"):
        try:
            named = json.loads(body).get(check.release_field)
        except (ValueError, RecursionError):
            return None
    return named if isinstance(named, str) else None


def _wrong_release(named: str | None, release: Collection[str] | None) -> str:
    accepted = (release,) if isinstance(release, str) else release
    if named is None or not accepted or named in accepted:
        return ""
    return "was answered by release %s, expected %s" % (readable(named, 100) or "''", " or ".join(accepted))


class _Connection(http.client.HTTPConnection):
    """A connection of the kind that the check names.

    Every read gets only the time that is left, so that a slow trickle of bytes cannot hold it open.
    """

    def __init__(self, check: Check, deadline: float) -> None:
        super().__init__("localhost" if check.type == "unix" else check.host, check.port)
        self._check = check
        self._deadline = deadline
        self._timed: _Timed | None = None

    def close_socket(self) -> None:
        """End the connection."""
        if self._timed:
            self._timed.close_socket()

    def connect(self) -> None:
        check, deadline = self._check, self._deadline
        raw = (
            open_unix(check.socket, deadline)
            if check.type == "unix"
            else open_tcp(check.host, check.port, deadline)
        )
        if check.scheme == "https":
            raw = _encrypted(raw, check, deadline)
        self._timed = _Timed(raw, deadline)
        self.sock = self._timed  # it has what http.client uses of a socket


def _encrypted(raw: socket.socket, check: Check, deadline: float) -> socket.socket:
    context = ssl.create_default_context()
    if not check.validate_certs:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    raw.settimeout(time_left(deadline))
    return context.wrap_socket(raw, server_hostname=check.host)


class _Timed(io.RawIOBase):
    """A socket for http.client that has one deadline instead of a timeout for each call."""

    def __init__(self, raw: socket.socket, deadline: float) -> None:
        super().__init__()
        self._raw = raw
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        """As a socket does."""
        self._limit()
        self._raw.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        """As a socket does, for reading."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # it is called with nothing else
        self._limit()
        return self._raw.recv_into(buffer)

    def close(self) -> None:
        """Nothing: http.client closes its socket before it reads the body. The end of the probe closes it."""

    def close_socket(self) -> None:
        """End the connection."""
        self._raw.close()

    def _limit(self) -> None:
        self._raw.settimeout(time_left(self._deadline))
