# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""systemd owns the port, and connections queue there while one process ends and the next one starts: none is refused.

The service takes the listener that systemd passes (sd_listen_fds(3)). Requests wait as long as the old one needs to end and the
new one to start; a smoke run comes first, as with `restart`.
"""

from __future__ import annotations

from ...common import unit
from ...common.errors import InvalidInput
from .. import systemd, unit_file

NAME = "socket"
REPLACES = ("restart", "socket")


def units(wanted):
    if not wanted.port:
        raise InvalidInput(
            "port", wanted.port, "the strategy socket needs the port that systemd shall listen on"
        )
    layout = wanted.layout
    parts = unit.sections(
        wanted.app, wanted.unit, binary=layout.live_binary, environment_file=layout.live_environment
    )
    parts["Unit"] = parts["Unit"] + [("Requires", _socket(wanted.app)), ("After", _socket(wanted.app))]
    return {serving(layout): parts, _socket(wanted.app): _listening(wanted)}


def _listening(wanted):
    return {
        "Unit": [("Description", "Port of %s" % wanted.app)],
        "Socket": [
            ("ListenStream", str(wanted.port)),
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


def go_live(act):
    ready = _is_listening(act, act.target)
    if not ready:
        act.check_port(serving(act.layout))
    act.smoke()
    act.switch(act.target, previous=act.previous_after_success())
    _take_port(act, ready)
    act.start(serving(act.layout))
    act.judge(act.target, serving(act.layout))


def put_back(act):
    ready = _is_listening(act, act.old)
    act.switch_back(previous=act.previous_after_putting_back())
    if _socket(act.app) in act.old.units:
        _take_port(act, ready)
    else:
        _give_port_away(act)
    act.start_again(serving(act.layout))
    act.judge(act.old, serving(act.layout))


def _take_port(act, ready):
    """Have systemd listen. It cannot begin to while the service runs: for that moment nobody does."""
    if not ready:
        systemd.stop(serving(act.layout))
        systemd.start(_socket(act.app))
        act.actions.append(
            "systemd listens on port %d from now on, after a gap as long as a restart" % act.wanted.port
        )
    systemd.enable(_socket(act.app))
    # A start that is refused by the limit would close the port.
    systemd.run(["systemctl", "reset-failed", serving(act.layout)])


def _give_port_away(act):
    for name in services(act.app):
        systemd.stop(name)
    systemd.disable(_socket(act.app))
    unit_file.remove(_socket(act.app), act.layout.unit_dir)
    unit_file.daemon_reload()


def _is_listening(act, target):
    """Whether systemd listens already, and as this release says."""
    mine = {name: text for name, text in target.units.items() if name == _socket(act.app)}
    return (
        bool(mine)
        and systemd.show(_socket(act.app))["ActiveState"] == "active"
        and not unit_file.differences(mine, act.layout.unit_dir)
    )


def _socket(app):
    return app + ".socket"
