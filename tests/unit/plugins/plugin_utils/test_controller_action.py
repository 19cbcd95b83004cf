# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.plugin_utils import this_run
from ansible_collections.slipway.golang.plugins.plugin_utils.controller_action import ControllerAction

RUN = this_run.identity(os.getppid())  # a task runs in a fork of the process that runs the plays


def read(**facts):
    return ControllerAction.facts_of_this_run(
        {"hostvars": {"localhost": {"ansible_facts": facts}}}, "account"
    )


def test_an_account_of_this_run_is_a_copy():
    account = {"run": RUN, "hosts": ["web1"]}
    fleet, found = read(slipway__fleet={"run": RUN, "app": "orders"}, account=account)
    assert fleet["app"] == "orders" and found == account
    found["hosts"].append("web2")
    assert account["hosts"] == ["web1"]


@pytest.mark.parametrize("facts", [{}, {"slipway__fleet": {"run": "1 0"}, "account": {"run": "1 0"}}])
def test_facts_of_no_run_and_of_another_one_are_empty(facts):
    assert read(**facts) == ({}, {})


def test_facts_that_are_left_are_those_of_this_run():
    left = ControllerAction.as_facts(account={"hosts": ["web1"]})
    assert left == {"account": {"hosts": ["web1"], "run": RUN}}
    assert read(**left)[1] == left["account"]


def test_an_error_becomes_the_failure_of_the_task():
    result = {"changed": False}
    with ControllerAction.failing_into(result):
        raise SlipwayError("there is no profile", output="x")
    assert result == {"changed": False, "failed": True, "msg": "there is no profile", "output": "x"}
