# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which release a process runs, and whether it runs the very bytes of that release."""

from __future__ import annotations

import os

from ...common import names
from ...common.errors import SlipwayError
from ...common.manifest import Manifest
from ..system import procfs

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from .layout import Layout, Release


def running_release(layout: Layout, pid: int) -> str | None:
    """The id of the release that a process was started from, by its binary's path; None if it is none."""
    try:
        path = os.readlink("/proc/%d/exe" % pid)
    except OSError:
        return None
    # The kernel gives the real path, even if a directory above is a link.
    start = os.path.realpath(layout.releases_dir) + "/"
    release_id = path[len(start) :].split("/")[0] if path.startswith(start) else ""
    return release_id if names.RELEASE_ID.fullmatch(release_id) else None


def binary_intact(release: Release, pid: int, is_verified: bool = False) -> bool:
    """Whether the process runs the very bytes that the release's manifest lists.

    ``is_verified``: the release's binary was hashed in this run. Then the process only has to run that file.
    """
    if is_verified and procfs.runs(pid, release.binary):
        return True
    return procfs.exe_digest(pid) == listed_digest(release)


def listed_digest(release: Release) -> str:
    return manifest_of(release).files["bin/" + release.app]["sha256"]


def manifest_of(release: Release) -> Manifest:
    """The manifest that came with a release's artifact."""
    try:
        with open(os.path.join(release.path, "manifest.json"), "rb") as handle:
            return Manifest.parse(handle.read())
    except OSError as error:
        raise SlipwayError(
            "Release %s is damaged: %s. Remove %s and deploy again" % (release.id, error, release.path)
        ) from None
