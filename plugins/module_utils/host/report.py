# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host has and what it runs, for a person or a playbook to read."""

from __future__ import annotations

from ..common import environment
from ..common import health as checks
from . import observe, strategies, systemd
from .journal import Journal
from .layout import Layout, read_text


def report(name, root, history, port, health):
    """The facts of slipway.golang.release_info; the arguments are its options."""
    layout = Layout(name, root)
    releases = layout.releases()
    journal = Journal(layout.journal)
    strategy = strategies.load(
        releases[layout.current()].strategy if layout.current() in releases else "restart"
    )
    unit = systemd.show(strategy.serving(layout))
    running = _running(layout, releases, unit["MainPID"])
    port = strategy.port(layout) or port or _port_of(releases.get(running and running["release"]))
    asked = bool(health or port)
    sickness = _sickness(running, health, port) if asked else None
    return {
        "current": layout.current(),
        "previous": layout.previous(),
        "running": running,
        "healthy": sickness is None if asked else None,
        "sickness": sickness,
        "unit": unit,
        "releases": _listed(releases, journal.outcomes()),
        "history": journal.entries()[-history:] if history > 0 else [],
    }


def _sickness(running, options, port):
    if running is None:
        return "it does not run"
    names = [name for name in (running["version"], running["release"]) if name]
    attempt = checks.attempt(checks.parse(options, default_port=port), release=names or None)
    return None if attempt.ok else attempt.reason


def _port_of(release):
    """The port that a release's own environment names."""
    text = environment.parse(read_text(release.environment_file)).get("PORT", "") if release else ""
    return int(text) if text.isdigit() else None


def _running(layout, releases, pid):
    if not pid:
        return None
    release = releases.get(observe.running_release(layout, pid))
    if release is None:
        return {"pid": pid, "release": None, "version": None, "commit": None, "intact": False}
    return {
        "pid": pid,
        "release": release.id,
        "version": release.version,
        "commit": observe.manifest_of(release).commit,
        "intact": observe.binary_intact(release, pid),
    }


def _listed(releases, outcomes):
    """Oldest act first; what was never tried comes before all."""
    order = [release_id for release_id in releases if release_id not in outcomes] + [
        key for key in outcomes if key in releases
    ]
    found = (releases[release_id] for release_id in order)
    return [
        {"id": item.id, "version": item.version, "artifact": item.artifact, "outcome": outcomes.get(item.id)}
        for item in found
    ]
