# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take an app off a host: its unit, its releases, its journal. Its data in /var/lib/<app> stays."""

from __future__ import annotations

import os

from ..system import lock
from ..system.files import remove
from ..systemd import systemctl, unit_file
from . import confirm, strategies
from .request import Request


def plan(options, stream):
    """What would be removed."""
    request = Request(options)
    present = _leftovers(request)
    return {
        "changed": bool(present),
        "needs_artifact": False,
        "outcome": "ok",
        "from": request.layout.current(),
        "release": None,
        "reasons": ["%s exists" % path for path in present],
        "diff": {"before": "".join(path + "\n" for path in present), "after": ""},
    }


def apply(options, stream):
    """Stop the service, then remove what was installed for it."""
    request = Request(options)
    present = _leftovers(request)
    actions = []
    if present:
        request.layout.create()
        with lock.held(
            request.layout.lock,
            {"actor": request.actor, "deploy_id": request.deploy_id, "to": "absent"},
            request.lock_wait,
        ):
            confirm.disarm(request.layout)
            for unit_name in _services(request):
                systemctl.stop(unit_name)
                systemctl.disable(unit_name)
            for path in present:
                remove(path)
                actions.append("removed %s" % path)
            unit_file.daemon_reload()
    return {
        "changed": bool(present),
        "outcome": "ok",
        "actions": actions,
        "release": None,
        "current": None,
        "previous": None,
    }


def _services(request):
    """Every unit that a release on this host may have started, whatever its strategy was."""
    used = {release.strategy for release in request.layout.releases().values()} | {request.strategy.NAME}
    return [unit_name for name in sorted(used) for unit_name in strategies.load(name).services(request.app)]


def _leftovers(request):
    from ..nginx import flags  # carried with this request only

    files = {name for release in request.layout.releases().values() for name in release.units()} | {
        request.app + ".service"
    }
    paths = [os.path.join(request.layout.unit_dir, name) for name in sorted(files)] + [
        flags.green(request.app),
        request.layout.root,
    ]
    return [path for path in paths if os.path.lexists(path)]
