# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HTTP probe, over TCP, TLS or a unix socket, with one deadline for all of it."""

from __future__ import annotations

import json
import socket
from collections.abc import Collection

from .attempt import Attempt, readable
from .http_exchange import Answer, InvalidAnswer, exchange
from .options import Check
from .sockets import open_tcp, open_unix, time_left

_DEFAULT_PORTS = {"http": 80, "https": 443}


def probe(check: Check, release: Collection[str] | None, deadline: float) -> Attempt:
    """Send one request and check the answer."""
    if check.scheme == "http":
        return _probe(check, release, deadline)
    import ssl  # it costs a host four milliseconds

    try:
        return _probe(check, release, deadline)
    except ssl.SSLError as error:
        return Attempt(False, "%s: TLS failed: %s" % (check.target, error))


def _probe(check: Check, release: Collection[str] | None, deadline: float) -> Attempt:
    try:
        with _connection(check, deadline) as connection:
            answer = exchange(connection, check.method, check.path, _headers(check), deadline)
    except InvalidAnswer as error:
        return Attempt(False, "%s gave an invalid HTTP response: %s" % (check.target, readable(str(error))))
    body = answer.body.decode("utf-8", "replace")
    named = _release_of(check, answer, body)
    reason = _mismatch(check, answer, body) or _wrong_release(named, release)
    return Attempt(not reason, reason and "%s %s" % (check.target, reason), answer.status, named)


def _connection(check: Check, deadline: float) -> socket.socket:
    if check.type == "unix":
        return open_unix(check.socket, deadline)
    raw = open_tcp(check.host, check.port, deadline)
    return _encrypted(raw, check, deadline) if check.scheme == "https" else raw


def _encrypted(raw: socket.socket, check: Check, deadline: float) -> socket.socket:
    import ssl

    context = ssl.create_default_context()
    if not check.validate_certs:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    raw.settimeout(time_left(deadline))
    return context.wrap_socket(raw, server_hostname=check.host)


def _headers(check: Check) -> dict[str, str]:
    """The headers of the request; those of the user replace ours."""
    ours = {
        "Host": _host(check),
        "User-Agent": "slipway-health",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    if check.method == "POST":
        ours["Content-Length"] = "0"
    theirs = {name.lower() for name in check.headers}
    kept = {name: value for name, value in ours.items() if name.lower() not in theirs}
    return {**kept, **check.headers}


def _host(check: Check) -> str:
    """Without the zone of an IPv6 address, which means something on this machine only (RFC 6874)."""
    host = "localhost" if check.type == "unix" else check.host.partition("%")[0]
    host = "[%s]" % host if ":" in host else host
    default = check.port in (None, _DEFAULT_PORTS[check.scheme])
    return host if default else "%s:%d" % (host, check.port)


def _mismatch(check: Check, answer: Answer, body: str) -> str:
    """What is wrong with the answer; empty where nothing is."""
    if not any(first <= answer.status <= last for first, last in check.status):
        return "answered %d: %s" % (answer.status, readable(body)) if body else "answered %d" % answer.status
    if check.body and not check.body.search(body):
        return "answered a body that does not match %r: %s" % (check.body.pattern, readable(body))
    for name, pattern in check.response_headers.items():
        value = answer.header(name)
        if value is None:
            return "answered without a header %s" % name
        if not pattern.search(value):
            return "answered header %s: %s, which does not match %r" % (
                name,
                readable(value),
                pattern.pattern,
            )
    return ""


def _release_of(check: Check, answer: Answer, body: str) -> str | None:
    """The release that the answer names by its header or in its body, or None."""
    named = answer.header(check.release_header) if check.release_header else None
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
