# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every setting that the page recommends is one that a unit takes, and changes the unit."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.module_utils.common import unit
from ansible_collections.slipway.golang.plugins.plugin_utils import variables

REPO = pathlib.Path(__file__).resolve().parents[3]
PAGE = (REPO / "docs" / "how-to" / "cookbook" / "sandbox-trouble.md").read_text(encoding="utf-8")
SETTINGS = re.findall(r"`(slipway_unit: \{[^`]+\})`", PAGE) + re.findall(
    r"```yaml\n(.*?)```", PAGE, re.DOTALL
)
NAMED = set(re.findall(r"`slipway_unit\.([a-z_]+)`", PAGE))


@pytest.mark.parametrize("text", SETTINGS)
def test_a_recommended_setting_changes_the_unit(text):
    given = yaml.safe_load(text)
    values, problems = variables.read(dict(given, slipway_app="orders"), lambda value: value, "/")
    assert problems == []
    assert unit.sections("orders", values["slipway_unit"], binary="/bin/orders") != unit.sections(
        "orders", {}, binary="/bin/orders"
    )


def test_there_are_settings_and_options_to_check():
    assert len(SETTINGS) >= 7
    assert NAMED and set(unit.OPTIONS) >= NAMED
