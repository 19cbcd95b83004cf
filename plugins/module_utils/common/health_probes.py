# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One probe, of any type, and the connections that probes make. Whatever comes back, it is a result, and it comes by the deadline."""

from __future__ import annotations

import socket
import threading
import time

from .health import Attempt


def probe(check, release, deadline):
    """Ask once. ``deadline`` is a time of the monotonic clock."""
    try:
        return _PROBES[check.type](check, release, deadline)
    except socket.timeout:
        return Attempt(False, "%s did not answer within %g s" % (check.target, check.timeout))
    except OSError as error:
        return Attempt(False, "%s: %s" % (check.target, error.strerror or error))
    except (
        ValueError
    ) as error:  # what the library says to a name, or to an answer, that it can make nothing of
        return Attempt(False, "%s: %s" % (check.target, error))


def time_left(deadline):
    """Seconds until the deadline; raises socket.timeout where it is over."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout
    return left


def open_tcp(host, port, deadline):
    """A connection to the first address of the host that accepts one; none of them may use up the time of the others."""
    failure = None
    addresses = _addresses(host, port, deadline)
    for number, (family, kind, protocol, dummy, address) in enumerate(addresses):
        try:
            return _connected(
                socket.socket(family, kind, protocol),
                address,
                time_left(deadline) / (len(addresses) - number),
            )
        except OSError as error:
            failure = error
    raise failure


def open_unix(path, deadline):
    return _connected(socket.socket(socket.AF_UNIX), path, time_left(deadline))


def _connected(connection, address, timeout):
    try:
        connection.settimeout(timeout)
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


def _addresses(host, port, deadline):
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return _looked_up(host, port, deadline)


def _looked_up(host, port, deadline):
    """The addresses of a name. A look-up takes no time limit, so a thread does it, and is left behind where it takes too long."""
    found = []

    def look_up():
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, ValueError) as error:
            found.append(error)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(time_left(deadline))
    if not found:
        raise socket.timeout
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def _none(check, release, deadline):
    return Attempt(True)


def _tcp(check, release, deadline):
    open_tcp(check.host, check.port, deadline).close()
    return Attempt(True)


def _unix(check, release, deadline):
    if check.path:
        return _http(check, release, deadline)
    open_unix(check.socket, deadline).close()
    return Attempt(True)


# The libraries behind these two cost more than all the rest: each is loaded where it is asked for.
def _http(check, release, deadline):
    from . import health_http

    return health_http.probe(check, release, deadline)


def _command(check, release, deadline):
    from . import health_command

    return health_command.probe(check, deadline)


_PROBES = {"none": _none, "tcp": _tcp, "unix": _unix, "http": _http, "command": _command}
