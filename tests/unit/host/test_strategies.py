# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput
from ansible_collections.slipway.golang.plugins.module_utils.host import strategies

FILES = sorted(path.stem for path in pathlib.Path(strategies.__file__).parent.glob("[a-z]*.py"))


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_a_strategy_of_its_own_name_with_all_that_the_story_calls(name):
    strategy = strategies.load(name)
    assert name == strategy.NAME
    assert all(callable(getattr(strategy, part)) for part in ("units", "serving", "go_live", "put_back"))
    assert strategy.serving("orders") in strategy.units("orders", {}, binary="/b", environment_file="/e")


@pytest.mark.parametrize("name", ["rolling", "", "../story", "..story", "os", "Restart", "__init__", "restart.x"])
def test_anything_else_is_refused(name):
    with pytest.raises(InvalidInput, match="strategy: "):
        strategies.load(name)
