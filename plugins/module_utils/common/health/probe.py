# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One probe of any type. Whatever comes back, the result is an Attempt, and it comes by the deadline."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection

from .attempt import Attempt
from .options import Check
from .sockets import open_tcp, open_unix


def probe(check: Check, release: Collection[str] | None, deadline: float) -> Attempt:
    """Probe once. ``deadline`` is a time of the monotonic clock."""
    try:
        return _PROBES[check.type](check, release, deadline)
    except socket.timeout:
        return Attempt(False, "%s did not answer within %g s" % (check.target, check.timeout))
    except OSError as error:
        return Attempt(False, "%s: %s" % (check.target, error.strerror or error))
    except ValueError as error:  # raised by the library for a host name or an answer that it cannot parse
        return Attempt(False, "%s: %s" % (check.target, error))


def _none(check: Check, release: Collection[str] | None, deadline: float) -> Attempt:
    return Attempt(True)


def _tcp(check: Check, release: Collection[str] | None, deadline: float) -> Attempt:
    open_tcp(check.host, check.port, deadline).close()
    return Attempt(True)


def _unix(check: Check, release: Collection[str] | None, deadline: float) -> Attempt:
    if check.path:
        return _http(check, release, deadline)
    open_unix(check.socket, deadline).close()
    return Attempt(True)


# The libraries of these two cost more time than all the others: each is imported only where it is used.
def _http(check: Check, release: Collection[str] | None, deadline: float) -> Attempt:
    from . import probe_http

    return probe_http.probe(check, release, deadline)


def _command(check: Check, release: Collection[str] | None, deadline: float) -> Attempt:
    from . import probe_command

    return probe_command.probe(check, deadline)


_PROBES: dict[str, Callable[[Check, Collection[str] | None, float], Attempt]] = {
    "none": _none,
    "tcp": _tcp,
    "unix": _unix,
    "http": _http,
    "command": _command,
}
