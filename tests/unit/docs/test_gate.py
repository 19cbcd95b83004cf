# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page about the gate: its figures are computed again, and its examples are what the playbooks take."""

from __future__ import annotations

import itertools
import math
import pathlib
import re

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.plugin_utils import gate, gate_options, variables

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "how-to" / "let-real-requests-decide.md"
TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLES = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]
ROWS = re.findall(r"^\| ([0-9]+) \| (.*%) \|$", TEXT, re.MULTILINE)
SHARES = [(0.001, 0.001), (0.01, 0.01), (0.001, 0.02), (0.001, 0.05), (0.01, 0.03), (0.01, 0.05), (0.01, 0.1)]
NO_LIMIT = dict({key: spec.get("default") for key, spec in gate_options.OPTIONS.items()}, at_least=1)


def chance(count, hits, share):
    chosen = math.lgamma(count + 1) - math.lgamma(hits + 1) - math.lgamma(count - hits + 1)
    return math.exp(chosen + hits * math.log(share) + (count - hits) * math.log(1 - share))


def is_worse(bad, requests, bad_old, requests_old):
    none = {"requests": 0, "bad": 0}
    sides = {"new": {"requests": requests, "bad": bad}, "old": {"requests": requests_old, "bad": bad_old}}
    return gate.judge(NO_LIMIT, dict(sides, before=none, others_before=none))["verdict"] == gate.WORSE


def how_often(requests, of_old, of_new):
    """In how many percent of all cases the verdict is worse: the sum over all results, not a sample."""
    found, least = 0.0, 0
    for bad_old in itertools.count():
        likely = chance(3 * requests, bad_old, of_old)
        if bad_old > 3 * requests * of_old and likely < 1e-9:
            return 100 * found
        while not is_worse(least, requests, bad_old, 3 * requests):
            least += 1
        found += likely * sum(chance(requests, bad, of_new) for bad in range(least, requests + 1))
    raise AssertionError("an endless count has ended")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_table_of_the_page(row):
    requests = int(row[0])
    found = [how_often(requests, *shares) for shares in SHARES]
    assert ["%.0f%%" % each for each in found] == row[1].split(" | ")
    assert max(found[:2]) < 100 * gate.SIGNIFICANT


def test_the_page_has_the_table():
    assert [row[0] for row in ROWS] == ["100", "200", "300", "1000"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: next(iter(example)))
def test_every_example_is_what_the_playbooks_take(example):
    base = {"slipway_app": "orders", "slipway_domain": "orders.example.com", "slipway_soak_seconds": 60}
    found, problems = variables.read(
        {**base, "slipway_tls": False, **example}, lambda value: value, "/inventory"
    )
    assert problems == [] and gate_options.settled(found)


def test_the_page_has_every_setting_with_its_default():
    rows = dict(re.findall(r"^\| `(\w+)` \| (`[^`]*`)", TEXT, re.MULTILINE))
    for key, spec in gate_options.OPTIONS.items():
        if "default" in spec:
            assert rows[key] == "`%s`" % spec["default"]
        else:
            assert "%s:" % key in TEXT
