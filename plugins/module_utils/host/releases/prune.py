# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remove releases that nobody would go back to."""

from __future__ import annotations

GOOD = "ok"


def superfluous(release_ids, protected, outcomes, keep):
    """Which releases may go: never a protected one, nor the newest ``keep`` good ones, nor the newest failed one.

    ``outcomes``: release id to the outcome of its newest act, oldest first. A release that was only staged counts as good.
    """
    by_age = [release_id for release_id in release_ids if release_id not in outcomes] + [
        i for i in outcomes if i in release_ids
    ]
    good = [release_id for release_id in by_age if outcomes.get(release_id, GOOD) == GOOD]
    failed = [release_id for release_id in by_age if release_id not in good]
    kept = set(good[-keep:] if keep else []) | set(failed[-1:]) | set(protected)
    return [release_id for release_id in by_age if release_id not in kept]


def prune(layout, outcomes, keep, newest):
    """Remove the superfluous releases; returns their ids. ``newest``: the one that was just brought, if only to be staged."""
    ids = superfluous(list(layout.releases()), {layout.current(), layout.previous(), newest}, outcomes, keep)
    for release_id in ids:
        layout.discard(release_id)
    return ids
