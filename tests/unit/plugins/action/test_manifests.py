# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a task, without variables of a host. In a playbook: unit/playbooks/test_manifests.py."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.action import manifests
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.plugin_utils import service_options
from ansible_collections.slipway.golang.plugins.plugin_utils.variables import VARIABLES


def values(**arguments):
    return service_options.of_manifests(
        arguments, {"slipway_keep": 9, "slipway_app": "x"}, lambda value: value
    )


def test_every_option_is_a_variable():
    own = {"dest", "from_variables", "image"}
    assert set(service_options.OF_MANIFESTS) == set(manifests.ARGUMENTS) - own
    assert set(service_options.OF_MANIFESTS.values()) <= set(VARIABLES)


def test_without_the_variables_of_the_host_only_the_options_count():
    found = values(name="orders", unit={"memory_max": "1G"})
    assert found["slipway_app"] == "orders" and found["slipway_keep"] == 5
    assert found["slipway_unit"] == {"memory_max": "1G"}


def test_an_option_wins_over_the_variable_of_the_host():
    found = values(from_variables=True, name="orders")
    assert found["slipway_app"] == "orders" and found["slipway_keep"] == 9


def test_an_option_is_checked_as_the_variable_is():
    with pytest.raises(SlipwayError, match="slipway_unit.user: 'A B' is not usable"):
        values(name="orders", unit={"user": "A B"})
    with pytest.raises(SlipwayError, match="slipway_app is not set"):
        values()
