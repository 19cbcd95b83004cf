# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python writes the environment that install.sh writes: the cases of tests/contract/environment.json."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import environment
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput

CONTRACT = Path(__file__).resolve().parents[4] / "contract" / "environment.json"
CASES = json.loads(CONTRACT.read_text(encoding="utf-8"))


def each(kind):
    return pytest.mark.parametrize("case", CASES[kind], ids=lambda case: case["name"])


@each("render")
def test_an_environment_is_rendered_and_read(case):
    assert environment.check(case["variables"]) == case["variables"]
    assert environment.render(case["variables"]) == case["text"]
    assert environment.parse(case["text"]) == case["variables"]


@each("port")
def test_the_port_becomes_a_variable(case):
    assert environment.render(case["variables"]) == case["source"]
    assert environment.render({**case["variables"], case["variable"]: case["port"]}) == case["text"]


@each("refused")
def test_a_variable_that_neither_side_accepts(case):
    with pytest.raises(InvalidInput) as refused:
        environment.check(case["variables"])
    assert "hunter2" not in str(refused.value)
