# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take an app off a host: its unit, its releases, its journal. Its data in /var/lib/<app> stays."""

from __future__ import annotations

import os

from ..common.names import green_flag
from . import confirm, lock, strategies, systemd, unit_file
from .layout import remove
from .wanted import Wanted


def probe(request, stream):
    """What would be removed."""
    wanted = Wanted(request)
    present = _leftovers(wanted)
    return {
        "changed": bool(present),
        "needs_artifact": False,
        "outcome": "ok",
        "from": wanted.layout.current(),
        "release": None,
        "reasons": ["%s exists" % path for path in present],
        "diff": {"before": "".join(path + "\n" for path in present), "after": ""},
    }


def activate(request, stream):
    """Stop the service, then remove what was installed for it."""
    wanted = Wanted(request)
    present = _leftovers(wanted)
    actions = []
    if present:
        wanted.layout.create()
        with lock.held(
            wanted.layout.lock,
            {"actor": wanted.actor, "deploy_id": wanted.deploy_id, "to": "absent"},
            wanted.lock_wait,
        ):
            confirm.disarm(wanted.layout)
            for unit_name in _services(wanted):
                systemd.stop(unit_name)
                systemd.disable(unit_name)
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


def _services(wanted):
    """Every unit that a release on this host may have started, whatever its strategy was."""
    used = {release.strategy for release in wanted.layout.releases().values()} | {wanted.strategy.NAME}
    return [unit_name for name in sorted(used) for unit_name in strategies.load(name).services(wanted.app)]


def _leftovers(wanted):
    files = {name for release in wanted.layout.releases().values() for name in release.units()} | {
        wanted.app + ".service"
    }
    paths = [os.path.join(wanted.layout.unit_dir, name) for name in sorted(files)] + [
        green_flag(wanted.app),
        wanted.layout.root,
    ]
    return [path for path in paths if os.path.lexists(path)]
