# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commit confirmed, as network devices have it: a release that is not confirmed is rolled back.

When the new release is live, the engine saves itself to one file and arms a systemd timer that would run it
to roll back. The controller then opens a new connection and disarms the timer. The timer is an ordinary
unit, so that it also survives a reboot.
"""

from __future__ import annotations

import sys

from ...common import wire
from ...common.errors import SlipwayError
from ..releases import metrics
from ..releases.history import History
from ..system import lock
from ..system.files import remove, replace
from ..systemd import systemctl, unit_file
from .request import Request

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from ..releases.layout import Layout
    from .steps import Deployment

# Another deploy may hold the lock from start to end, so both of these wait longer than lock_wait.
CONFIRM_LOCK_WAIT = 120
ROLLBACK_LOCK_WAIT = 600

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


class ConfirmedTooLate(SlipwayError):
    """The host has rolled back already."""

    OUTCOME = "reverted"


def arm(deployment: Deployment) -> None:
    """From now on the host rolls back without the controller, unless ``confirm`` comes in time."""
    request, layout = deployment.request, deployment.layout
    replace(layout.unconfirmed, _parcel(_rollback_request(deployment)), 0o600)
    values = {
        "app": deployment.app,
        "python": sys.executable,
        "read": wire.READ_FILE,
        "path": layout.unconfirmed,
        "seconds": request.confirm_within,
    }
    service, timer = _unit_names(deployment.app)
    texts = {service: _SERVICE.format(**values).replace("%", "%%"), timer: _TIMER.format(**values)}
    unit_file.install(texts, layout.unit_dir)
    unit_file.daemon_reload()
    systemctl.enable(timer)
    systemctl.start(timer)
    words = "ends its share" if request.share else "rolls back"
    deployment.actions.append(
        "%s to %s unless it is confirmed within %d s" % (words, deployment.old.id, request.confirm_within)
    )


def _rollback_request(deployment):
    """What this host asks itself for when the time is over."""
    request = deployment.request
    reason = "%s was not confirmed within %d s" % (deployment.target.id, request.confirm_within)
    return {
        "step": "apply",
        "name": deployment.app,
        "root": deployment.layout.root,
        "release": deployment.old.id,
        "ends_share" if request.share else "unless_confirmed": deployment.target.id,
        "strategy": request.strategy.NAME,
        "port": request.port,
        "port_variable": request.port_variable,
        "alternate_port": request.alternate_port,
        "unit": request.unit,
        "health": request.health,
        "keep": request.keep,
        "textfile": request.textfile,
        "lock_wait": ROLLBACK_LOCK_WAIT,
        "actor": "this host: " + reason,
        "reason": reason,
    }


def disarm(layout: Layout) -> None:
    """Remove the timer and what it would run."""
    service, timer = _unit_names(layout.app)
    if unit_file.exists(timer, layout.unit_dir):
        systemctl.stop(timer)
        systemctl.disable(timer)
    removed = [unit_file.remove(name, layout.unit_dir) for name in (service, timer)]
    if any(removed):
        unit_file.daemon_reload()
    remove(layout.unconfirmed)


def confirm(options: dict, stream) -> dict:
    """The controller reached the host again: the release stays."""
    request, release = Request(options), options["confirms"]
    layout = request.layout
    note = {"actor": request.actor, "deploy_id": request.deploy_id, "to": release}
    with lock.held(layout.lock, note, request.lock_wait + CONFIRM_LOCK_WAIT):
        current = layout.current()
        if current != release:
            raise ConfirmedTooLate(
                "%s was not confirmed in time. This host has rolled back to %s. Make sure that the "
                "controller can reach it, then deploy again, or set a longer slipway_confirm_within_seconds "
                "(option confirm_within)" % (release, current),
                current=current,
            )
        _record_confirmed(History(layout.history), request, release)
        disarm(layout)
        warnings = metrics.publish(layout, request.textfile)
    return {"changed": True, "outcome": "ok", "warnings": warnings}


def _record_confirmed(history, request, release):
    newest = [entry for entry in history.entries() if entry.get("to") == release][-1:]
    if newest and newest[0].get("outcome") != "ok":
        history.append(dict(newest[0], actor=request.actor, outcome="ok", message="confirmed"))


def _parcel(request):
    """What the controller streamed to this host, with another request."""
    import __main__

    return wire.parcel(__main__.packed, request, bootstrap=__main__.bootstrap)


def _unit_names(app):
    """The service and its timer. No app's name has a dot, so that they are never the units of an app."""
    return app + ".unconfirmed.service", app + ".unconfirmed.timer"
