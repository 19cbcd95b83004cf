# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host has and what it runs: the step ``info``."""

from __future__ import annotations

import time

from ...common import environment
from ...common import health as checks
from ...common.errors import SlipwayError
from ...common.strategies import units
from ..releases.history import History
from ..releases.layout import Layout
from ..releases.running import binary_intact, manifest_of, running_release
from ..system.files import read_text
from ..systemd import journal, systemctl
from . import strategies

LOST_WITHIN = 24 * 3600


def info(options: dict, stream) -> dict:
    """The result of slipway.golang.release_info; ``options`` are its options."""
    layout = Layout(options["name"], options["root"])
    releases, history = layout.releases(), History(layout.history)
    current = releases.get(layout.current() or "")
    strategy = strategies.load(current.strategy if current else "restart")
    unit = systemctl.show(strategy.serving(layout))
    share = strategy.shared(layout)
    running = _running(layout, releases, unit["MainPID"])
    port = (
        strategy.port(layout)
        or options["port"]
        or _port_of(releases.get(running["release"]) if running else None)
    )
    check = options["health"] or {}
    can_check = bool(check or port)
    problem = _health_problem(running, check, port) if can_check else None
    return {
        "current": layout.current(),
        "previous": layout.previous(),
        "share": share._asdict() if share else None,
        "running": running,
        "healthy": problem is None if can_check else None,
        "health_problem": problem,
        "unit": unit,
        "releases": _listed(releases, history.outcomes()),
        "history": history.entries()[-options["history"] :] if options["history"] > 0 else [],
        "log_lost": _log_lost(layout) if options.get("log_lost") else None,
    }


def _log_lost(layout):
    """How many messages of the service journald has dropped lately; None where it cannot be asked."""
    try:
        return journal.dropped(units(layout.app), time.time() - LOST_WITHIN)
    except SlipwayError:
        return None


def _health_problem(running, options, port):
    if running is None:
        return "it does not run"
    names = [name for name in (running["version"], running["release"]) if name]
    return checks.problem_now(checks.parse(options, default_port=port), release=names or None)


def _port_of(release):
    """The port that a release has, or that its own environment names."""
    if release and release.port:
        return release.port
    text = environment.parse(read_text(release.environment_file)).get("PORT", "") if release else ""
    return int(text) if text.isdigit() else None


def _running(layout, releases, pid):
    if not pid:
        return None
    release = releases.get(running_release(layout, pid))
    if release is None:
        return {"pid": pid, "release": None, "version": None, "commit": None, "intact": False}
    return {
        "pid": pid,
        "release": release.id,
        "version": release.version,
        "commit": manifest_of(release).commit,
        "intact": binary_intact(release, pid),
    }


def _listed(releases, outcomes):
    """The releases, the one that was deployed last at the end; those that were only staged come first."""
    staged = [release_id for release_id in releases if release_id not in outcomes]
    deployed = [release_id for release_id in outcomes if release_id in releases]
    return [
        {
            "id": release_id,
            "version": releases[release_id].version,
            "artifact": releases[release_id].artifact,
            "outcome": outcomes.get(release_id),
        }
        for release_id in staged + deployed
    ]
