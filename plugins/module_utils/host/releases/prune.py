# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remove old releases that nobody would roll back to."""

from __future__ import annotations

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from typing import Collection

    from .layout import Layout

GOOD = "ok"


def superfluous(release_ids: Collection, protected: Collection, outcomes: dict, keep: int) -> list:
    """Which releases may go: not the protected ones, the newest ``keep`` good ones and the newest failed one.

    ``outcomes``: release id to the outcome of its newest act, oldest first. A release that was only staged
    counts as good.
    """
    staged = [release_id for release_id in release_ids if release_id not in outcomes]
    by_age = staged + [release_id for release_id in outcomes if release_id in release_ids]
    good = [release_id for release_id in by_age if outcomes.get(release_id, GOOD) == GOOD]
    failed = [release_id for release_id in by_age if release_id not in good]
    kept = set(good[-keep:] if keep else []) | set(failed[-1:]) | set(protected)
    return [release_id for release_id in by_age if release_id not in kept]


def prune(layout: Layout, outcomes: dict, keep: int, used: Collection) -> list:
    """Remove the superfluous releases; returns their ids. ``used``: what else has to stay."""
    protected = {layout.current(), layout.previous(), *used}
    ids = superfluous(list(layout.releases()), protected, outcomes, keep)
    for release_id in ids:
        layout.discard(release_id)
    return ids
