# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.action.release import ARGUMENTS
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.plugin_utils.service_options import OPTIONS, completed
from ansible_collections.slipway.golang.plugins.plugin_utils.variables import VARIABLES

GIVEN = {
    "inventory_dir": "/etc/fleet",
    "slipway_artifacts": "dist/orders-1.4.2-linux-amd64.tar.gz",
    "slipway_env": "{{ settings }}",
    "slipway_config": [{"src": "app.yml", "dest": "app.yml"}],
    "slipway_keep": "7",
}


def template(value):
    return {"LEVEL": "info"} if value == "{{ settings }}" else value


def test_every_option_and_every_variable_is_known():
    assert set(OPTIONS) <= set(ARGUMENTS) and set(OPTIONS.values()) <= set(VARIABLES)


def test_a_task_that_does_not_ask_for_it_is_left_alone():
    assert completed({"name": "orders"}, GIVEN, template) == {"name": "orders"}


@pytest.mark.parametrize("asks", [True, "true", "yes"])
def test_the_variables_are_rendered_and_taken_for_what_they_mean(asks):
    found = completed({"from_variables": asks}, GIVEN, template)
    assert found["environment"] == {"LEVEL": "info"} and found["keep"] == 7 and found["port"] == 8080
    assert found["artifact"] == ["/etc/fleet/dist/orders-1.4.2-linux-amd64.tar.gz"]
    assert found["config"] == [{"src": "/etc/fleet/app.yml", "dest": "app.yml"}]
    assert "alternate_port" not in found


def test_what_the_task_gives_wins():
    assert completed({"from_variables": True, "keep": 2}, GIVEN, template)["keep"] == 2


def test_a_release_that_is_on_the_host_has_its_own_artifact_and_configuration():
    found = completed({"from_variables": True, "release": "previous"}, GIVEN, template)
    assert not {"artifact", "config"} & set(found) and found["environment"]


def test_a_value_that_cannot_be_used_is_named():
    with pytest.raises(SlipwayError, match="slipway_keep"):
        completed({"from_variables": True}, {"slipway_keep": -1}, template)
