# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of the host: releases, links, the running process, the unit on disk, its health. Read-only."""

from __future__ import annotations

import os
from functools import cached_property

from ...common import canonical, health
from ...common.errors import SlipwayError
from ...common.manifest import SIGNATURE
from ..releases import config, verified
from ..releases.history import History
from ..releases.running import binary_intact, listed_digest, running_release
from ..system.files import has_text
from ..systemd import systemctl
from . import adopt, strategies
from .target import existing

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from ..releases.layout import Release
    from ..systemd.foreign import Foreign
    from .request import Request
    from .strategies import Share
    from .target import Target


class HostState:
    """What is on the host now. What costs time is read when the plan asks for it, and then once."""

    def __init__(self, request: Request, target: Target, releases: dict):
        self._request = request
        self._target = target
        self.releases = releases
        self.current = request.layout.current()
        self.previous = request.layout.previous()
        self.unit_name = request.strategy.serving(request.layout)
        self.unit = systemctl.show(self.unit_name)
        self.running_release = running_release(request.layout, self.unit["MainPID"])

    @property
    def live(self) -> str | None:
        """Where a deploy starts: the release that `current` names or, without one, the running release."""
        return self.current if self.current in self.releases else self.running_release

    @cached_property
    def serving_release(self) -> str | None:
        """The release that serves now, also if a strategy started it that is not the one of the request."""
        if self.unit["ActiveState"] == "active" and self.running_release:
            return self.running_release
        live = self.releases.get(self.live or "")
        if live is None or live.strategy == self._request.strategy.NAME:
            return None
        for unit_name in strategies.load(live.strategy).services(self._request.app):
            unit = systemctl.show(unit_name)
            release_id = running_release(self._request.layout, unit["MainPID"])
            if unit["ActiveState"] == "active" and release_id == live.id:
                return live.id
        return None

    @cached_property
    def foreign(self) -> Foreign | None:
        """What is here under the app's name, and is not Slipway's."""
        return adopt.find(self._request.layout, self._target.units, self.releases, self.running_release)

    @cached_property
    def adoption(self) -> adopt.Adoption | None:
        """An adoption that has not come to its end: no release has been healthy since it began."""
        adoption = adopt.kept(self._request.layout)
        return adoption if adoption and adoption.is_pending else None

    @cached_property
    def target_here(self) -> bool:
        return self._target.id in self.releases and self._usable(self.releases[self._target.id])

    @cached_property
    def donor(self) -> Release | None:
        """A usable release that was made from the same artifact."""
        same = (
            release
            for release in self.releases.values()
            if release.artifact == self._target.record["artifact"] and release.id != self._target.id
        )
        return next((release for release in same if self._usable(release)), None)

    def _usable(self, release):
        """Not damaged, and signed if a signature is required: the artifact may have come unsigned before."""
        signed = os.path.isfile(os.path.join(release.path, SIGNATURE))
        return (signed or not self._request.allowed_signers) and is_intact(
            release, verified.is_noted(self._request.layout, release)
        )

    @cached_property
    def binary_intact(self) -> bool:
        release = self.releases.get(self.running_release)
        if release is None:
            return False
        is_verified = release.id == self._target.id and self.target_here
        return binary_intact(release, self.unit["MainPID"], is_verified)

    @cached_property
    def units_installed(self) -> bool:
        directory = self._request.layout.unit_dir
        return all(has_text(os.path.join(directory, name), text) for name, text in self._target.units.items())

    @cached_property
    def leftovers(self) -> list[str]:
        """Units that an interrupted deploy should have stopped and disabled."""
        return self._request.strategy.leftovers(self._request.layout)

    @cached_property
    def share(self) -> Share | None:
        """What a release that is not live has of the requests."""
        return self._request.strategy.shared(self._request.layout)

    @cached_property
    def is_recorded(self) -> bool:
        """Whether the history says that the target is good, or that it waits to be confirmed and does so."""
        outcome = History(self._request.layout.history).outcomes().get(self._target.id)
        return outcome == "ok" or (outcome == "unconfirmed" and self._request.layout.is_pending())

    def health_problem(self) -> str | None:
        """Why the target is unhealthy, probed now; None if it is healthy, or is not what runs."""
        return self._problem_of(self._target) if self.running_release == self._target.id else None

    def live_problem(self) -> str | None:
        """Why the release that runs is unhealthy, probed now, by the check that it last passed."""
        release = self.releases.get(self.running_release)
        if release is None:
            return "no release of Slipway's runs"
        health_of = History(self._request.layout.history).health_of(release.id)
        return self._problem_of(existing(release, health_of))

    def _problem_of(self, target):
        check = self._request.check_for(target, port=self._request.strategy.port(self._request.layout))
        return health.problem_now(check, release=target.names)


def is_intact(release: Release, is_verified: bool = False) -> bool:
    """Whether what runs is what the release's record says: a disk or a root shell may have changed it.

    ``is_verified``: the binary was hashed before, and its file is the same.
    """
    try:
        units = {name: canonical.sha256(text) for name, text in release.units().items()}
        return (
            (is_verified or canonical.sha256_file(release.binary) == listed_digest(release))
            and canonical.sha256_file(release.environment_file) == release.record["environment"]
            and units == release.record["units"]
            and _placeholders_intact(release)
        )
    except (OSError, ValueError, SlipwayError):
        return False


def _placeholders_intact(release):
    """The same for what is there only if the release needs it."""
    template, files = release.template, release.config
    return (not template or canonical.sha256(template) == release.record["template"]) and (
        not files
        or canonical.sha256(canonical.to_json(files)) == release.record["config"]
        and config.intact(release.config_dir, files, release.port)
    )
