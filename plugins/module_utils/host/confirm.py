# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dead man's switch: a host that the controller cannot reach any more puts the old release back by itself.

When the new release is live, the engine leaves itself behind in one file, beside a timer that would have it go back. The controller
comes again, over a new connection, and takes both away. The timer is an ordinary unit, so that it also outlives a reboot.
"""

from __future__ import annotations

import json
import sys

from ..common.errors import SlipwayError
from . import lock, systemd, unit_file
from .journal import Journal
from .layout import remove, write_file
from .wanted import Wanted

# As plugin_utils/stream.py has it on a command line, but for where the bytes come from.
_READ = "import sys; stream = open(sys.argv[1], 'rb'); bootstrap = stream.read(int(stream.readline())); exec(bootstrap)"

_SERVICE = """[Unit]
Description=Put the old release of {app} back, as nobody confirmed the new one

[Service]
Type=oneshot
ExecStart="{python}" -I -S -c "{read}" "{path}"
"""

_TIMER = """[Unit]
Description=How long a new release of {app} may go without being confirmed

[Timer]
OnActiveSec={seconds}
AccuracySec=100ms

[Install]
WantedBy=timers.target
"""


class Late(SlipwayError):
    """The host has gone back already."""

    OUTCOME = "reverted"


def arm(act):
    """From now on the host goes back by itself, unless ``confirm`` comes in time."""
    wanted, layout = act.wanted, act.layout
    back = {
        "step": "activate",
        "name": act.app,
        "root": layout.root,
        "release": act.old.id,
        "unless_confirmed": act.target.id,
        "strategy": wanted.strategy.NAME,
        "port": wanted.port,
        "port_variable": wanted.port_variable,
        "second_port": wanted.second_port,
        "unit": wanted.unit,
        "health": wanted.health,
        "keep": wanted.keep,
        "lock_wait": 600,
        "actor": "this host: %s was not confirmed within %d s" % (act.target.id, wanted.confirm_within),
    }
    remove(layout.unconfirmed)
    write_file(layout.unconfirmed, _parcel(back), 0o600)
    words = {
        "app": act.app,
        "python": sys.executable,
        "read": _READ,
        "path": layout.unconfirmed,
        "seconds": wanted.confirm_within,
    }
    texts = dict(zip(_units(act.app), (_SERVICE.format(**words).replace("%", "%%"), _TIMER.format(**words))))
    unit_file.install(texts, layout.unit_dir)
    unit_file.daemon_reload()
    timer = _units(act.app)[1]
    systemd.enable(timer)
    systemd.start(timer)
    act.actions.append(
        "goes back to %s by itself unless it is confirmed within %d s" % (act.old.id, wanted.confirm_within)
    )


def disarm(layout):
    """Leave nothing that would go back."""
    service, timer = _units(layout.app)
    if unit_file.exists(timer, layout.unit_dir):
        systemd.stop(timer)
        systemd.disable(timer)
    gone = [unit_file.remove(name, layout.unit_dir) for name in (service, timer)]
    if any(gone):
        unit_file.daemon_reload()
    remove(layout.unconfirmed)


def confirm(request, stream):
    """The controller came back: the release stays."""
    wanted, release = Wanted(request), request["confirms"]
    layout = wanted.layout
    with lock.held(
        layout.lock,
        {"actor": wanted.actor, "deploy_id": wanted.deploy_id, "to": release},
        wanted.lock_wait + 120,
    ):
        if layout.current() != release:
            raise Late(
                "%s was not confirmed in time, and this host went back to %s by itself"
                % (release, layout.current()),
                current=layout.current(),
            )
        journal = Journal(layout.journal)
        brought = [entry for entry in journal.entries() if entry.get("to") == release][-1:]
        if brought and brought[0].get("outcome") != "ok":
            journal.append(dict(brought[0], actor=wanted.actor, outcome="ok", message="confirmed"))
        disarm(layout)
    return {"changed": True, "outcome": "ok"}


def _parcel(request):
    """What the controller streamed to this host, with another request."""
    import __main__

    text = json.dumps(request).encode("utf-8")
    return (
        b"%d\n" % len(__main__.bootstrap)
        + __main__.bootstrap
        + b"%d %d\n" % (len(__main__.packed), len(text))
        + __main__.packed
        + text
    )


def _units(app):
    """The service and its timer. No app's name has a dot."""
    return app + ".unconfirmed.service", app + ".unconfirmed.timer"
