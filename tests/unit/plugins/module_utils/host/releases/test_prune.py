# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

from ansible_collections.slipway.golang.plugins.module_utils.host.releases.layout import Layout
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.prune import prune, superfluous

GOOD = {str(number): "ok" for number in range(1, 7)}


def test_the_newest_good_releases_are_kept():
    assert superfluous(list(GOOD), {"6", "5"}, GOOD, keep=3) == ["1", "2", "3"]


def test_current_and_previous_are_kept_however_old():
    assert superfluous(list(GOOD), {"1", "2"}, GOOD, keep=2) == ["3", "4"]


def test_ten_failures_in_a_row_push_out_no_good_release_and_only_the_newest_is_kept():
    outcomes = dict(GOOD, **{"bad%d" % number: "reverted" for number in range(10)})
    assert superfluous(list(outcomes), {"6", "5"}, outcomes, keep=5) == ["1"] + [
        "bad%d" % number for number in range(9)
    ]


def test_a_staged_release_counts_as_good_and_is_the_oldest():
    assert superfluous(["new", "1", "2"], {"2", "1"}, {"1": "ok", "2": "ok"}, keep=3) == []
    assert superfluous(["new", "1", "2"], {"2", "1"}, {"1": "ok", "2": "ok"}, keep=2) == ["new"]


def test_keeping_none_still_keeps_what_is_live():
    assert superfluous(list(GOOD), {"6", "5"}, GOOD, keep=0) == ["1", "2", "3", "4"]


def test_what_was_just_staged_is_kept(tmp_path):
    layout = Layout("orders", str(tmp_path / "orders"))
    for release_id in ("1.0.0-0123456789ab", "2.0.0-0123456789ab"):
        os.makedirs(layout.path_of(release_id))
        with open(os.path.join(layout.path_of(release_id), "release.json"), "w", encoding="utf-8") as handle:
            handle.write(
                json.dumps(
                    {
                        "id": release_id,
                        "version": "1",
                        "artifact": "",
                        "digest": "",
                        "strategy": "restart",
                        "app": "orders",
                    }
                )
            )
    assert prune(layout, {"1.0.0-0123456789ab": "ok"}, 1, ["2.0.0-0123456789ab"]) == []
