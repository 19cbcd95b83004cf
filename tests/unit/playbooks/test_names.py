# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of variables in playbooks and roles: a host's fact wins over `vars` of a task, block or play."""

from __future__ import annotations

from collections import defaultdict

import yaml

from .conftest import REPO

FILES = [*(REPO / "playbooks").rglob("*.yml"), *(REPO / "roles").glob("*/tasks/*.yml")]
SET_FACT = "ansible.builtin.set_fact"


def names(node, facts, given, path):
    """Note the names below a node: what tasks register or set as facts, and what `vars` give."""
    if isinstance(node, list):
        for each in node:
            names(each, facts, given, path)
    elif isinstance(node, dict):
        for name in [node.get("register"), *(node.get(SET_FACT) or {})]:
            facts[name].add(path)
        for name in node.get("vars") or {}:
            given[name].add(path)
        for key in ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"):
            names(node.get(key), facts, given, path)


def test_no_variable_has_the_name_of_a_fact():
    facts, given = defaultdict(set), defaultdict(set)
    for path in FILES:
        names(yaml.safe_load(path.read_text(encoding="utf-8")), facts, given, str(path.relative_to(REPO)))
    assert {"rollout_result", "slipway__leased"} <= set(facts) and "slipway__unhealthy" in given
    assert {name: sorted(facts[name] | given[name]) for name in set(facts) & set(given)} == {}
