# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""systemd owns the port: connections queue there while one process ends and the next one starts.

No connection is refused. The service takes the listener that systemd passes (sd_listen_fds(3)). Requests
wait as long as the stop of the old process and the start of the new one take. A smoke test comes first, as
with `restart`.
"""

from __future__ import annotations

from ....common.errors import InvalidInput
from ...systemd import systemctl, unit_file
from . import restart

NAME = "socket"
REPLACES = ("restart", "socket")


def units(request):
    if not request.port:
        raise InvalidInput(
            "port",
            request.port,
            "the strategy socket needs the port that systemd is to listen on: set slipway_port (option port)",
        )
    sections = restart.sections(request)
    socket_unit = _socket(request.app)
    sections["Unit"] = sections["Unit"] + [("Requires", socket_unit), ("After", socket_unit)]
    return {serving(request.layout): sections, socket_unit: _socket_sections(request)}


def _socket_sections(request):
    return {
        "Unit": [("Description", "Port of %s" % request.app)],
        "Socket": [
            ("ListenStream", str(request.port)),
            ("NoDelay", "true"),
            ("Backlog", "4096"),
            # A service that ends at once must not take the port with it: the service's own limits are enough.
            ("TriggerLimitIntervalSec", "0"),
        ],
        "Install": [("WantedBy", "sockets.target")],
    }


def serving(layout):
    return layout.app + ".service"


def services(app):
    """The socket first: a request would start the service again."""
    return [_socket(app), app + ".service"]


def port(_layout):
    return None


def leftovers(_layout):
    return []  # the old and the new release have the same unit


def retire_leftovers(_deployment):
    pass


def shared(_layout):
    return None


def route_to_adopted(_deployment):
    pass  # whoever has the port gets the requests


def require(deployment):
    _require_port(deployment, _is_listening(deployment, deployment.target))


def _require_port(deployment, listens):
    if not listens:
        deployment.check_port(serving(deployment.layout))


def planned(deployment):
    listens = _is_listening(deployment, deployment.target)
    return ([] if listens else ["start %s" % _socket(deployment.app)]) + [
        deployment.planned_start(serving(deployment.layout))
    ]


def go_live(deployment):
    unit_name = serving(deployment.layout)
    listens = _is_listening(deployment, deployment.target)
    _require_port(deployment, listens)
    deployment.smoke_test()
    deployment.switch(deployment.target, previous=deployment.previous_after_success())
    _take_port(deployment, listens)
    deployment.start(unit_name)
    deployment.wait_healthy(deployment.target, unit_name)


def put_back(deployment):
    unit_name = serving(deployment.layout)
    listens = _is_listening(deployment, deployment.old)
    deployment.switch_back(previous=deployment.previous_after_putting_back())
    if _socket(deployment.app) in deployment.old.units:
        _take_port(deployment, listens)
    else:
        _release_port(deployment)
    deployment.start_again(unit_name)
    deployment.wait_healthy(deployment.old, unit_name)


def _take_port(deployment, listens):
    """Let systemd listen. It cannot begin while the service has the port: for a moment nothing listens."""
    if not listens:
        systemctl.stop(serving(deployment.layout))
        systemctl.start(_socket(deployment.app))
        deployment.actions.append(
            "systemd listens on port %d from now on, after a gap as long as a restart"
            % deployment.request.port
        )
    systemctl.enable(_socket(deployment.app))
    # A start that the start limit refuses would close the port.
    systemctl.run(["systemctl", "reset-failed", serving(deployment.layout)])


def _release_port(deployment):
    """Remove the socket, so that the service can listen itself."""
    for name in services(deployment.app):
        systemctl.stop(name)
    systemctl.disable(_socket(deployment.app))
    unit_file.remove(_socket(deployment.app), deployment.layout.unit_dir)
    unit_file.daemon_reload()


def _is_listening(deployment, target):
    """Whether systemd listens already, and with the socket unit of this release."""
    name = _socket(deployment.app)
    return (
        name in target.units
        and systemctl.show(name)["ActiveState"] == "active"
        and not unit_file.differences({name: target.units[name]}, deployment.layout.unit_dir)
    )


def _socket(app):
    return app + ".socket"
