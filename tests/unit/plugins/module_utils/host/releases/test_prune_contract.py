# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python removes the releases that install.sh removes: the cases of tests/contract/prune.json."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.history import History
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.prune import superfluous

CONTRACT = Path(__file__).resolve().parents[5] / "contract" / "prune.json"
CASES = json.loads(CONTRACT.read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_releases_to_remove(tmp_path, case):
    history = tmp_path / "history.jsonl"
    history.write_text("".join(line + "\n" for line in case["history"]))
    outcomes = History(str(history)).outcomes()
    assert [list(pair) for pair in outcomes.items()] == case["outcomes"]
    protected = {case["current"], case["previous"]}
    assert sorted(superfluous(case["releases"], protected, outcomes, case["keep"])) == case["removed"]
