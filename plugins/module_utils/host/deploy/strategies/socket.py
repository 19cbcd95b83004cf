# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""systemd owns the port, and connections queue there while one process ends and the next one starts: none is refused.

The service takes the listener that systemd passes (sd_listen_fds(3)). Requests wait as long as the old one needs to end and the
new one to start; a smoke run comes first, as with `restart`.
"""

from __future__ import annotations

from ....common import unit
from ....common.errors import InvalidInput
from ...systemd import systemctl, unit_file

NAME = "socket"
REPLACES = ("restart", "socket")


def units(request):
    if not request.port:
        raise InvalidInput(
            "port", request.port, "the strategy socket needs the port that systemd shall listen on"
        )
    layout = request.layout
    parts = unit.sections(
        request.app, request.unit, binary=layout.live_binary, environment_file=layout.live_environment
    )
    parts["Unit"] = parts["Unit"] + [("Requires", _socket(request.app)), ("After", _socket(request.app))]
    return {serving(layout): parts, _socket(request.app): _listening(request)}


def _listening(request):
    return {
        "Unit": [("Description", "Port of %s" % request.app)],
        "Socket": [
            ("ListenStream", str(request.port)),
            ("NoDelay", "true"),
            ("Backlog", "4096"),
            # A service that ends at once must not take the port with it: the limits of the service itself are enough.
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


def go_live(deployment):
    ready = _is_listening(deployment, deployment.target)
    if not ready:
        deployment.check_port(serving(deployment.layout))
    deployment.smoke_test()
    deployment.switch(deployment.target, previous=deployment.previous_after_success())
    _take_port(deployment, ready)
    deployment.start(serving(deployment.layout))
    deployment.wait_healthy(deployment.target, serving(deployment.layout))


def put_back(deployment):
    ready = _is_listening(deployment, deployment.old)
    deployment.switch_back(previous=deployment.previous_after_putting_back())
    if _socket(deployment.app) in deployment.old.units:
        _take_port(deployment, ready)
    else:
        _give_port_away(deployment)
    deployment.start_again(serving(deployment.layout))
    deployment.wait_healthy(deployment.old, serving(deployment.layout))


def _take_port(deployment, ready):
    """Have systemd listen. It cannot begin to while the service runs: for that moment nobody does."""
    if not ready:
        systemctl.stop(serving(deployment.layout))
        systemctl.start(_socket(deployment.app))
        deployment.actions.append(
            "systemd listens on port %d from now on, after a gap as long as a restart"
            % deployment.request.port
        )
    systemctl.enable(_socket(deployment.app))
    # A start that is refused by the limit would close the port.
    systemctl.run(["systemctl", "reset-failed", serving(deployment.layout)])


def _give_port_away(deployment):
    for name in services(deployment.app):
        systemctl.stop(name)
    systemctl.disable(_socket(deployment.app))
    unit_file.remove(_socket(deployment.app), deployment.layout.unit_dir)
    unit_file.daemon_reload()


def _is_listening(deployment, target):
    """Whether systemd listens already, and as this release says."""
    mine = {name: text for name, text in target.units.items() if name == _socket(deployment.app)}
    return (
        bool(mine)
        and systemctl.show(_socket(deployment.app))["ActiveState"] == "active"
        and not unit_file.differences(mine, deployment.layout.unit_dir)
    )


def _socket(app):
    return app + ".socket"
