# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The binary that the last act on this host has hashed: while its file is the same, no plan hashes it again.

A file counts as the same by what git's index compares: inode, size, and the times of the last change of its
content and of its attributes. The kernel sets the latter at every change, and nobody else can. What differs
is hashed, so a copied or restored disk costs time, and no certainty.
"""

from __future__ import annotations

import contextlib
import json
import os

from ...common.errors import SlipwayError
from ..system.files import read_bytes
from .running import listed_digest

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from .layout import Layout, Release

MODE = 0o600


def note(layout: Layout, release: Release) -> None:
    """Remember that the release's binary has the digest that its manifest lists, as this act has found."""
    # Without a note, or with half of one, the next plan hashes the binary.
    with contextlib.suppress(OSError, SlipwayError):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with open(os.open(layout.verified, flags, MODE), "w", encoding="ascii") as handle:
            json.dump(_seen(release), handle)


def is_noted(layout: Layout, release: Release) -> bool:
    """Whether the release's binary is the file that was noted, unchanged since; not in a damaged release."""
    try:
        return json.loads(read_bytes(layout.verified)) == _seen(release)
    except (OSError, ValueError, RecursionError, SlipwayError):
        return False


def _seen(release):
    status = os.stat(release.binary, follow_symlinks=False)
    return {
        "sha256": listed_digest(release),
        "file": [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns],
    }
