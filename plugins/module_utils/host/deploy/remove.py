# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remove an app from a host: its units, its releases, its history. Its data in /var/lib/<app> stays."""

from __future__ import annotations

import os

from ..system import lock
from ..system.files import remove
from ..systemd import systemctl, unit_file
from . import confirm, strategies
from .request import Request


def plan(options: dict, stream) -> dict:
    """What would be removed."""
    request = Request(options)
    present = _present(request)
    return {
        "changed": bool(present),
        "needs_artifact": False,
        "outcome": "ok",
        "from": request.layout.current(),
        "release": None,
        "reasons": ["%s exists" % path for path in present],
        "diff": {"before": "".join(path + "\n" for path in present), "after": ""},
    }


def apply(options: dict, stream) -> dict:
    """Stop the service, then remove what was installed for it."""
    request = Request(options)
    present = _present(request)
    if present:
        request.layout.create()
        note = {"actor": request.actor, "deploy_id": request.deploy_id, "to": "absent"}
        with lock.held(request.layout.lock, note, request.lock_wait):
            _remove(request, present)
    return {
        "changed": bool(present),
        "outcome": "ok",
        "actions": ["removed %s" % path for path in present],
        "release": None,
        "current": None,
        "previous": None,
    }


def _remove(request, paths):
    confirm.disarm(request.layout)
    for unit_name in _services(request):
        systemctl.stop(unit_name)
        systemctl.disable(unit_name)
    for path in paths:
        remove(path)
    unit_file.daemon_reload()


def _services(request):
    """Every unit that a release on this host may have started, with whatever strategy."""
    used = {release.strategy for release in request.layout.releases().values()} | {request.strategy.NAME}
    return [unit_name for name in sorted(used) for unit_name in strategies.load(name).services(request.app)]


def _present(request):
    """The paths of the app that are on this host."""
    from ..nginx import flags  # carried with this request only

    units = {request.app + ".service"}
    for release in request.layout.releases().values():
        units.update(release.units())
    paths = [os.path.join(request.layout.unit_dir, name) for name in sorted(units)]
    paths += [flags.green(request.app), request.layout.root]
    return [path for path in paths if os.path.lexists(path)]
