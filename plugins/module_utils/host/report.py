# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host has and what it runs, for a person or a playbook to read."""

from __future__ import annotations

from . import observe, systemd
from .journal import Journal
from .layout import Layout


def report(app, root=None, history=10):
    """The facts of slipway.golang.release_info."""
    layout = Layout(app, root)
    releases = layout.releases()
    journal = Journal(layout.journal)
    unit = systemd.show(app + ".service")
    return {
        "current": layout.current(),
        "previous": layout.previous(),
        "running": _running(layout, releases, unit["MainPID"]),
        "unit": unit,
        "releases": _listed(releases, journal.outcomes()),
        "history": journal.entries()[-history:] if history > 0 else [],
    }


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
    order = [release_id for release_id in releases if release_id not in outcomes] + [key for key in outcomes if key in releases]
    found = (releases[release_id] for release_id in order)
    return [{"id": item.id, "version": item.version, "artifact": item.artifact, "outcome": outcomes.get(item.id)} for item in found]
