# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of ansible-playbook that choose tasks or hosts: what they leave out is never deployed by half."""

from __future__ import annotations

import json

import pytest
from support import lab

from .conftest import kept

NEXT = {"slipway_env": {"RELEASE": "options"}}
SITE = [{"import_playbook": "slipway.golang.deploy", "tags": ["deploy"]}]
HOOK = [{"name": "Announce", "ansible.builtin.debug": {"msg": "the hook has run"}}]


@pytest.fixture(scope="module")
def cached(live):
    """The environment of a controller whose cache has the facts of an earlier run."""
    facts = {
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(live.directory / "facts"),
    }
    before = dict(live.environment)
    live.environment.update(facts)
    live.sure("deploy", slipway_env={"RELEASE": "cached"})
    (of_controller,) = (live.directory / "facts").glob("*localhost")
    assert "slipway__rollout" in of_controller.read_text()
    yield live
    live.environment = before


# The first tasks of the plan, of the preparation and of a wave; each would act if it began.
@pytest.mark.parametrize("task", ["Build", "Plan", "Acquire rollout lease", "Deploy"])
def test_a_start_in_the_middle_is_refused_and_changes_nothing(task, cached, hosts):
    before = kept(hosts, ["shop"])
    ran = cached.refused("deploy", "--start-at-task", task, **NEXT)
    assert "Run the playbook without --start-at-task" in ran.said
    assert kept(hosts, ["shop"]) == before


@pytest.mark.parametrize("flag", ["--tags", "--skip-tags"])
def test_tags_choose_all_of_a_deploy_or_nothing(flag, cached, hosts):
    before = kept(hosts, ["shop"])
    words = "nginx" if flag == "--tags" else "untagged"
    ran = cached.sure("deploy", flag, words, **NEXT)
    assert set(ran.changed.values()) <= {0}
    assert kept(hosts, ["shop"]) == before


def test_tags_of_the_users_own_playbook_choose_the_hooks_too(live):
    site, hook = live.directory / "site.yml", live.directory / "hook.yml"
    site.write_text(json.dumps(SITE))
    hook.write_text(json.dumps(HOOK))
    variables = dict(NEXT, slipway_artifacts=live.artifacts, slipway_before_tasks=str(hook))
    argv = lab.playbook_argv(site, "--tags", "deploy", inventory=live.inventory, variables=variables)
    done = lab.run(argv, environment=live.environment)
    assert done.code == 0 and "the hook has run" in done.out, done
