# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at the host without touching it: releases, links, the running process, the unit on disk, its health."""

from __future__ import annotations

import os
import time

from ..common import canonical, health, names
from ..common.errors import SlipwayError
from ..common.manifest import Manifest
from . import machine, systemd


class Look:
    """What is, as far as the decision needs to know."""

    def __init__(self, wanted, target, releases):
        layout = wanted.layout
        self.releases = releases
        self.current = layout.current()
        self.previous = layout.previous()
        self.target_here = target.id in releases and _intact(releases[target.id])
        self.donor = _donor(releases, target)
        self.unit_name = wanted.strategy.serving(wanted.app)
        self.unit = systemd.show(self.unit_name)
        self.running_release = running_release(layout, self.unit["MainPID"])
        self.binary_intact = self.running_release in releases and binary_intact(releases[self.running_release], self.unit["MainPID"])
        self.units_installed = all(_same_text(os.path.join(layout.unit_dir, name), text) for name, text in target.units.items())
        self.sickness = self._sickness(wanted, target)

    def _sickness(self, wanted, target):
        """What ails the target where it is what runs; None where it is healthy or does not run."""
        if self.running_release != target.id or wanted.state != "active":
            return None
        check = wanted.check_for(target)
        for dummy in range(check.failure_threshold):
            attempt = health.attempt(check, release=target.names)
            if attempt.ok:
                return None
            time.sleep(min(check.period, 0.2))
        return attempt.reason


def _donor(releases, target):
    """A release that was made of the same artifact and has not been damaged since."""
    same = (release for release in releases.values() if release.artifact == target.record["artifact"] and release.id != target.id)
    return next((release for release in same if _intact(release)), None)


def _intact(release):
    """Are the parts that run what the release's records say? An immutable directory can still meet a bad disk, or a root shell."""
    try:
        listed = manifest_of(release).files["bin/" + release.app]
        units = {name: canonical.sha256(text) for name, text in release.units().items()}
        return (
            canonical.sha256_file(release.binary) == listed["sha256"]
            and canonical.sha256_file(release.environment_file) == release.record["environment"]
            and units == release.record["units"]
        )
    except (OSError, SlipwayError):
        return False


def running_release(layout, pid):
    """The id of the release that a process was started from, by the path of its binary; None where it is none of ours."""
    try:
        path = os.readlink("/proc/%d/exe" % pid)
    except OSError:
        return None
    start = layout.releases_dir + "/"
    release_id = path[len(start) :].split("/")[0] if path.startswith(start) else ""
    return release_id if names.RELEASE_ID.fullmatch(release_id) else None


def binary_intact(release, pid):
    """Does the process run the very bytes that the release's manifest lists?"""
    return machine.exe_digest(pid) == manifest_of(release).files["bin/" + release.app]["sha256"]


def manifest_of(release):
    """The manifest that came with a release's artifact."""
    try:
        with open(os.path.join(release.path, "manifest.json"), "rb") as handle:
            return Manifest.parse(handle.read())
    except OSError as error:
        raise SlipwayError("Release %s is damaged: %s. Remove %s and deploy again" % (release.id, error, release.path)) from None


def _same_text(path, text):
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read() == text
    except (OSError, UnicodeDecodeError):
        return False
