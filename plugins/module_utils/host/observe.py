# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at the host without touching it: releases, links, the running process, the unit on disk, its health."""

from __future__ import annotations

import os
import time
from functools import cached_property

from ..common import canonical, health, names
from ..common.errors import SlipwayError
from ..common.manifest import SIGNATURE, Manifest
from . import machine, systemd


class Look:
    """What is. Whatever costs time is looked up when the decision asks for it, and then once."""

    def __init__(self, wanted, target, releases):
        self._wanted = wanted
        self._target = target
        self.releases = releases
        self.current = wanted.layout.current()
        self.previous = wanted.layout.previous()
        self.unit_name = wanted.strategy.serving(wanted.layout)
        self.unit = systemd.show(self.unit_name)
        self.running_release = running_release(wanted.layout, self.unit["MainPID"])

    @property
    def live(self):
        """The release that a deploy starts from: what `current` names or, where that names none, what runs."""
        return self.current if self.current in self.releases else self.running_release

    @cached_property
    def target_here(self):
        return self._target.id in self.releases and self._usable(self.releases[self._target.id])

    @cached_property
    def donor(self):
        """A usable release that was made of the same artifact."""
        same = (
            item
            for item in self.releases.values()
            if item.artifact == self._target.record["artifact"] and item.id != self._target.id
        )
        return next((release for release in same if self._usable(release)), None)

    def _usable(self, release):
        """Not damaged, and signed where a signature is asked for: the same artifact may have come unsigned before."""
        signed = os.path.isfile(os.path.join(release.path, SIGNATURE))
        return (signed or not self._wanted.allowed_signers) and _intact(release)

    @cached_property
    def binary_intact(self):
        release = self.releases.get(self.running_release)
        return bool(release) and binary_intact(release, self.unit["MainPID"])

    @cached_property
    def units_installed(self):
        directory = self._wanted.layout.unit_dir
        return all(
            _same_text(os.path.join(directory, name), text) for name, text in self._target.units.items()
        )

    @cached_property
    def sickness(self):
        """What ails the target where it is what runs; None where it is healthy or does not run."""
        if self.running_release != self._target.id:
            return None
        check = self._wanted.check_for(self._target, port=self._wanted.strategy.port(self._wanted.layout))
        for dummy in range(check.failure_threshold):
            attempt = health.attempt(check, release=self._target.names)
            if attempt.ok:
                return None
            time.sleep(min(check.period, 0.2))
        return attempt.reason


def _intact(release):
    """Are the parts that run what the release's records say? An immutable directory can still meet a bad disk, or a root shell."""
    try:
        units = {name: canonical.sha256(text) for name, text in release.units().items()}
        return (
            canonical.sha256_file(release.binary) == _listed_digest(release)
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
    start = (
        os.path.realpath(layout.releases_dir) + "/"
    )  # as the kernel says it, where a directory above is a link
    release_id = path[len(start) :].split("/")[0] if path.startswith(start) else ""
    return release_id if names.RELEASE_ID.fullmatch(release_id) else None


def binary_intact(release, pid):
    """Does the process run the very bytes that the release's manifest lists?"""
    return machine.exe_digest(pid) == _listed_digest(release)


def _listed_digest(release):
    return manifest_of(release).files["bin/" + release.app]["sha256"]


def manifest_of(release):
    """The manifest that came with a release's artifact."""
    try:
        with open(os.path.join(release.path, "manifest.json"), "rb") as handle:
            return Manifest.parse(handle.read())
    except OSError as error:
        raise SlipwayError(
            "Release %s is damaged: %s. Remove %s and deploy again" % (release.id, error, release.path)
        ) from None


def _same_text(path, text):
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read() == text
    except (OSError, UnicodeDecodeError):
        return False
