# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible import context
from ansible.errors import AnsibleFilterError
from ansible.utils.context_objects import CLIArgs
from ansible_collections.slipway.golang.plugins.filter import run
from ansible_collections.slipway.golang.plugins.plugin_utils import this_run


def hostvars(of):
    return {"localhost": {"ansible_facts": {"slipway__fleet": {"run": of, "hosts": ["web1"]}}}}


@pytest.fixture
def started(monkeypatch):
    """A function that says how ansible-playbook was started."""

    def start(task):
        monkeypatch.setattr(context, "CLIARGS", CLIArgs({"start_at_task": task}))

    start(None)
    return start


def test_a_fact_of_this_run_is_used(started):
    mine = this_run.identity(os.getpid())
    assert run.of_this_run(hostvars(mine), "slipway__fleet")["hosts"] == ["web1"]


def test_a_process_of_the_same_number_that_began_earlier_is_another_run():
    assert this_run.identity(os.getpid()).startswith("%d " % os.getpid())
    assert this_run.identity(os.getpid()) != this_run.identity(os.getppid())
    assert this_run.identity(os.getpid()).split()[1]


@pytest.mark.parametrize("of", ["1 0", None])
def test_a_fact_of_another_run_counts_as_absent(of, started):
    assert run.of_this_run(hostvars(of), "slipway__fleet") == {}
    assert run.of_this_run({"localhost": {"ansible_facts": {}}}, "slipway__rollout") == {}


def test_a_start_in_the_middle_is_refused_with_the_remedy(started):
    started("Deploy")
    with pytest.raises(AnsibleFilterError, match="Run the playbook without --start-at-task"):
        run.of_this_run(hostvars("1 0"), "slipway__fleet")
    assert run.of_this_run({"localhost": {"ansible_facts": {}}}, "slipway__rollout") == {}
