# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The process that serves now, and its release: with blue_green, of the instance that nginx sends to."""

from __future__ import annotations

from ...common.errors import SlipwayError
from ..releases.layout import Layout
from ..releases.running import manifest_of, running_release
from ..systemd import systemctl
from . import strategies


class Live:
    """What serves; raises if nothing of Slipway's does."""

    def __init__(self, layout: Layout):
        releases = layout.releases()
        current = releases.get(layout.current() or "")
        self.layout = layout
        self.strategy = strategies.load(current.strategy if current else "restart")
        self.unit = self.strategy.serving(layout)
        self.pid = systemctl.show(self.unit)["MainPID"]
        if not self.pid:
            raise SlipwayError("%s does not run" % self.unit)
        release = releases.get(running_release(layout, self.pid) or "")
        if release is None:
            raise SlipwayError("%s runs a binary that is of no release of Slipway's" % self.unit)
        self.release = release

    def described(self) -> dict:
        manifest = manifest_of(self.release)
        target = "/".join(filter(None, (manifest.goos, manifest.goarch, manifest.variant)))
        return {
            "release": self.release.id,
            "version": self.release.version,
            "artifact": self.release.artifact,
            "target": target,
            "unit": self.unit,
            "pid": self.pid,
        }
