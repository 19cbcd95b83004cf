# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask the live instance of a service for a profile of net/http/pprof: the step ``profile``.

Only the process that serves is believed: any user of the host could listen on a port, and the service's own
user could put a link in the place of its socket.
"""

from __future__ import annotations

import base64
import http.client
import os
import socket
import struct
import time

from ...common import pprof
from ...common.errors import SlipwayError
from ...common.health import sockets
from ..deploy import strategies
from ..releases.layout import Layout
from ..releases.running import manifest_of, running_release
from ..system import account, procfs
from ..systemd import systemctl

RUN = "/run"
LARGEST = 16 << 20
SPARE_SECONDS = 20
CONNECT_SECONDS = 5
SHOWN = 300
GZIP = b"\x1f\x8b"
_CREDENTIALS = struct.Struct("3i")
NO_PPROF = (
    "%s does not answer at %s: %s. Let it serve net/http/pprof there: docs/how-to/profile.md has the lines "
    "to add. Or set slipway_pprof: {port: 6060} to the port that it does serve it on"
)


def profile(options: dict, stream) -> dict:
    """The result of slipway.golang.profile; ``options`` are its options, and ``check`` for check mode."""
    if os.geteuid() != 0:
        raise SlipwayError(account.not_root("A profile needs root on the host"))
    live = Live(Layout(options["name"], options["root"]))
    address = live.address(options)
    found = dict(live.described(), address=address, changed=False, outcome="ok")
    with live.connected(options, address) as connection:
        if options["check"]:
            return found
        begun = time.monotonic()
        content = _asked(connection, options["kind"], options["seconds"], address)
    seconds = round(time.monotonic() - begun, 3)
    return dict(found, seconds=seconds, profile=base64.b64encode(content).decode("ascii"))


class Live:
    """The process that serves now: with blue_green, the instance that nginx sends to."""

    def __init__(self, layout: Layout):
        releases = layout.releases()
        current = releases.get(layout.current() or "")
        self.unit = strategies.load(current.strategy if current else "restart").serving(layout)
        self.pid = systemctl.show(self.unit)["MainPID"]
        if not self.pid:
            raise SlipwayError("%s does not run" % self.unit)
        self.release = releases.get(running_release(layout, self.pid) or "")
        if self.release is None:
            raise SlipwayError("%s runs a binary that is of no release of Slipway's" % self.unit)

    def described(self) -> dict:
        manifest = manifest_of(self.release)
        target = "/".join(filter(None, (manifest.goos, manifest.goarch, manifest.variant)))
        return {
            "release": self.release.id,
            "version": self.release.version,
            "artifact": self.release.artifact,
            "target": target,
            "unit": self.unit,
            "pid": self.pid,
        }

    def address(self, options: dict) -> str:
        """Where it serves pprof: the path of a socket, or 127.0.0.1 and a port."""
        if options["port"]:
            return "127.0.0.1:%d" % options["port"]
        if not options["socket"]:
            raise SlipwayError("slipway_pprof is empty (options socket and port): there is nothing to ask")
        runtime = systemctl.properties(self.unit, ("RuntimeDirectory",))["RuntimeDirectory"].split()
        if not runtime:
            raise SlipwayError(
                "%s has no runtime directory for a socket: leave slipway_unit.runtime_directory true, or set "
                "slipway_pprof: {port: 6060}" % self.unit
            )
        return os.path.join(RUN, runtime[0], options["socket"])

    def connected(self, options: dict, address: str) -> socket.socket:
        """A connection to this very process."""
        deadline = time.monotonic() + CONNECT_SECONDS
        try:
            if options["port"]:
                connection = sockets.open_tcp("127.0.0.1", options["port"], deadline)
                owners = procfs.listeners(options["port"])
            else:
                connection = sockets.open_unix(address, deadline)
                owners = {_peer(connection)}
        except OSError as error:
            raise SlipwayError(NO_PPROF % (self.unit, address, error.strerror or "no answer")) from None
        if self.pid not in owners:
            connection.close()
            raise SlipwayError(
                "%s is served by process %s, and %s is process %d: nothing was asked"
                % (address, ", ".join(map(str, sorted(owners))) or "unknown", self.unit, self.pid)
            )
        return connection


def _peer(connection):
    """The process that listens at the other end of a unix socket."""
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return _CREDENTIALS.unpack(packed)[0]


def _asked(connection, kind, seconds, address):
    """What the service answers, limited in size and time."""
    deadline = time.monotonic() + seconds + SPARE_SECONDS
    client = http.client.HTTPConnection("localhost")
    client.sock = connection
    try:
        connection.settimeout(sockets.time_left(deadline))
        client.request("GET", pprof.path(kind, seconds))
        answer = client.getresponse()
        content = _read(answer, connection, deadline)
    except socket.timeout:
        raise SlipwayError("%s sent no profile within %d s" % (address, seconds + SPARE_SECONDS)) from None
    except (OSError, http.client.HTTPException) as error:
        raise SlipwayError("%s sent no profile: %r" % (address, error)) from None
    if answer.status != 200 or not content.startswith(GZIP):
        text = content[:SHOWN].decode("utf-8", "replace")
        shown = "".join(character if character.isprintable() else " " for character in text).strip()
        raise SlipwayError("%s answered %d and no profile: %s" % (address, answer.status, shown))
    return content


def _read(answer, connection, deadline):
    content = b""
    while True:
        connection.settimeout(sockets.time_left(deadline))
        piece = answer.read1(1 << 16)
        if not piece:
            return content
        content += piece
        if len(content) > LARGEST:
            raise SlipwayError("The profile is larger than %d MB: it was not taken" % (LARGEST >> 20))
