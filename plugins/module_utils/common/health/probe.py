# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One probe, of any type, and the connections that probes make. Whatever comes back, it is a result, and it comes by the deadline."""

from __future__ import annotations

import socket

from .attempt import Attempt
from .sockets import open_tcp, open_unix


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
    from . import probe_http

    return probe_http.probe(check, release, deadline)


def _command(check, release, deadline):
    from . import probe_command

    return probe_command.probe(check, deadline)


_PROBES = {"none": _none, "tcp": _tcp, "unix": _unix, "http": _http, "command": _command}
