# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at the host without touching it: releases, links, the running process, the unit on disk, its health."""

from __future__ import annotations

import os
import time
from functools import cached_property

from ...common import canonical, health
from ...common.errors import SlipwayError
from ...common.manifest import SIGNATURE
from ..releases.running import binary_intact, listed_digest, running_release
from ..systemd import systemctl


class HostState:
    """What is. Whatever costs time is looked up when the decision asks for it, and then once."""

    def __init__(self, request, target, releases):
        self._request = request
        self._target = target
        self.releases = releases
        self.current = request.layout.current()
        self.previous = request.layout.previous()
        self.unit_name = request.strategy.serving(request.layout)
        self.unit = systemctl.show(self.unit_name)
        self.running_release = running_release(request.layout, self.unit["MainPID"])

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
        return (signed or not self._request.allowed_signers) and _intact(release)

    @cached_property
    def binary_intact(self):
        release = self.releases.get(self.running_release)
        return bool(release) and binary_intact(release, self.unit["MainPID"])

    @cached_property
    def units_installed(self):
        directory = self._request.layout.unit_dir
        return all(
            _same_text(os.path.join(directory, name), text) for name, text in self._target.units.items()
        )

    def health_problem(self):
        """Why the target is unhealthy, asked now; None where it is healthy or is not what runs."""
        if self.running_release != self._target.id:
            return None
        check = self._request.check_for(self._target, port=self._request.strategy.port(self._request.layout))
        for dummy in range(check.failure_threshold):
            attempt = health.probe_once(check, release=self._target.names)
            if attempt.ok:
                return None
            time.sleep(min(check.period, 0.2))
        return attempt.reason


def _intact(release):
    """Are the parts that run what the release's records say? An immutable directory can still meet a bad disk, or a root shell."""
    try:
        units = {name: canonical.sha256(text) for name, text in release.units().items()}
        return (
            canonical.sha256_file(release.binary) == listed_digest(release)
            and canonical.sha256_file(release.environment_file) == release.record["environment"]
            and units == release.record["units"]
        )
    except (OSError, SlipwayError):
        return False


def _same_text(path, text):
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read() == text
    except (OSError, UnicodeDecodeError):
        return False
