# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connections that probes make, each with one deadline for everything that it does."""

from __future__ import annotations

import socket
import threading
import time


def time_left(deadline: float) -> float:
    """Seconds until the deadline; raises socket.timeout when it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout
    return left


def open_tcp(host: str, port: int, deadline: float) -> socket.socket:
    """A connection to the first address of the host that accepts one.

    Each address gets its share of the time, so that none can use up the time of the others.
    """
    failure = OSError("%s has no address" % host)
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


def open_unix(path: str, deadline: float) -> socket.socket:
    """A connection to a unix socket."""
    return _connected(socket.socket(socket.AF_UNIX), path, time_left(deadline))


def _connected(connection: socket.socket, address: tuple[object, ...] | str, timeout: float) -> socket.socket:
    try:
        connection.settimeout(timeout)
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


def _addresses(host: str, port: int, deadline: float) -> list[tuple[int, int, int, str, tuple[object, ...]]]:
    try:
        # As bytes, as for a text Python would import what encodes international names.
        flags = socket.AI_NUMERICHOST
        return list(socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM, flags=flags))
    except (socket.gaierror, UnicodeEncodeError):
        return _looked_up(host, port, deadline)


def _looked_up(host: str, port: int, deadline: float) -> list[tuple[int, int, int, str, tuple[object, ...]]]:
    """The addresses of a name.

    A name lookup has no time limit of its own, so a thread does it, and is left running when it takes too
    long.
    """
    found: list[tuple[int, int, int, str, tuple[object, ...]]] = []
    errors: list[Exception] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, ValueError) as error:
            errors.append(error)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(time_left(deadline))
    if errors:
        raise errors[0]
    if not found:
        raise socket.timeout
    return found
