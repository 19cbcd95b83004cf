# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connections that probes make, each with one deadline for all of it."""

from __future__ import annotations

import socket
import threading
import time


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
