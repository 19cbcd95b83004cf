# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dead man's switch: a host that the controller cannot reach any more puts the old release back by itself.

When the new release is live, the engine leaves itself behind in one file, beside a timer that would have it go back. The controller
comes again, over a new connection, and takes both away. The timer is an ordinary unit, so that it also outlives a reboot.
"""

from __future__ import annotations

import sys

from ...common import wire
from ...common.errors import SlipwayError
from ..releases.history import History
from ..system import lock
from ..system.files import remove, write_file
from ..systemd import systemctl, unit_file
from .request import Request

# As plugin_utils/stream.py has it on a command line, but for where the bytes come from.
_READ = "import sys; stream = open(sys.argv[1], 'rb'); bootstrap = stream.read(int(stream.readline())); exec(bootstrap)"

_SERVICE = """[Unit]
Description=Roll back {app} (unconfirmed release)

[Service]
Type=oneshot
ExecStart="{python}" -I -S -c "{read}" "{path}"
"""

_TIMER = """[Unit]
Description=Confirmation deadline for {app}

[Timer]
OnActiveSec={seconds}
AccuracySec=100ms

[Install]
WantedBy=timers.target
"""


class Late(SlipwayError):
    """The host has gone back already."""

    OUTCOME = "reverted"


def arm(deployment):
    """From now on the host goes back by itself, unless ``confirm`` comes in time."""
    request, layout = deployment.request, deployment.layout
    back = {
        "step": "apply",
        "name": deployment.app,
        "root": layout.root,
        "release": deployment.old.id,
        "unless_confirmed": deployment.target.id,
        "strategy": request.strategy.NAME,
        "port": request.port,
        "port_variable": request.port_variable,
        "alternate_port": request.alternate_port,
        "unit": request.unit,
        "health": request.health,
        "keep": request.keep,
        "lock_wait": 600,
        "actor": "this host: %s was not confirmed within %d s"
        % (deployment.target.id, request.confirm_within),
    }
    remove(layout.unconfirmed)
    write_file(layout.unconfirmed, _parcel(back), 0o600)
    words = {
        "app": deployment.app,
        "python": sys.executable,
        "read": wire.READ_FILE,
        "path": layout.unconfirmed,
        "seconds": request.confirm_within,
    }
    texts = dict(
        zip(_units(deployment.app), (_SERVICE.format(**words).replace("%", "%%"), _TIMER.format(**words)))
    )
    unit_file.install(texts, layout.unit_dir)
    unit_file.daemon_reload()
    timer = _units(deployment.app)[1]
    systemctl.enable(timer)
    systemctl.start(timer)
    deployment.actions.append(
        "goes back to %s by itself unless it is confirmed within %d s"
        % (deployment.old.id, request.confirm_within)
    )


def disarm(layout):
    """Leave nothing that would go back."""
    service, timer = _units(layout.app)
    if unit_file.exists(timer, layout.unit_dir):
        systemctl.stop(timer)
        systemctl.disable(timer)
    gone = [unit_file.remove(name, layout.unit_dir) for name in (service, timer)]
    if any(gone):
        unit_file.daemon_reload()
    remove(layout.unconfirmed)


def confirm(options, stream):
    """The controller came back: the release stays."""
    request, release = Request(options), options["confirms"]
    layout = request.layout
    with lock.held(
        layout.lock,
        {"actor": request.actor, "deploy_id": request.deploy_id, "to": release},
        request.lock_wait + 120,
    ):
        if layout.current() != release:
            raise Late(
                "%s was not confirmed in time, and this host went back to %s by itself"
                % (release, layout.current()),
                current=layout.current(),
            )
        history = History(layout.history)
        brought = [entry for entry in history.entries() if entry.get("to") == release][-1:]
        if brought and brought[0].get("outcome") != "ok":
            history.append(dict(brought[0], actor=request.actor, outcome="ok", message="confirmed"))
        disarm(layout)
    return {"changed": True, "outcome": "ok"}


def _parcel(request):
    """What the controller streamed to this host, with another request."""
    import __main__

    return wire.parcel(__main__.packed, request, bootstrap=__main__.bootstrap)


def _units(app):
    """The service and its timer. No app's name has a dot."""
    return app + ".unconfirmed.service", app + ".unconfirmed.timer"
