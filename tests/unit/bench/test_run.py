# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import run


def cost(wall):
    return {
        "wall": wall,
        "cpu": 3.0,
        "hosts_cpu": 5.0,
        "sessions": 2.2,
        "executions": 2.0,
        "kilobytes": 157.0,
    }


def test_the_table_has_ratios_to_the_floor_and_to_a_ping_and_the_cpu_of_one_host():
    medians = {run.FLOOR: cost(2.0), "slipway": cost(3.0), run.PING: cost(4.0)}
    rows = list(run.table(medians, hosts=10))
    assert rows[3] == "| slipway | 3.00 | 1.50 | 0.75 | 3.0 | 0.50 | 2.2 | 2.0 | 157 |"
    assert len({row.count("|") for row in rows}) == 1


def test_a_way_is_chosen_by_a_word_of_its_name():
    assert run.named("slipway, new version, `push`", "delta,push")
    assert not run.named("slipway, nothing to do", "delta,push")
    assert run.named("slipway, nothing to do", "")
