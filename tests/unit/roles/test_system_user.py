# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts that exist are left as they are; the sudo rules name what runs."""

from __future__ import annotations

import pytest
import yaml
from ansible.module_utils.parsing.convert_bool import boolean

from .conftest import REPO

# Every Linux system has them, with a home and a shell that are not those of a service of ours.
EXISTING = ["daemon", "bin"]
CREATE, JOIN = "Create system user %s", "Add groups to existing user %s"


@pytest.mark.parametrize("name", EXISTING)
def test_an_account_that_exists_is_left_as_it_is(run, name):
    done = run("system_user", system_user_name=name)
    assert (done.message, done.changed) == ("", [])
    states = {task["task"]: task["state"] for task in done.tasks}
    assert states[CREATE % name] == states[JOIN % name] == "skipped"


def test_an_account_that_exists_only_joins_groups(run):
    done = run("system_user", system_user_name="daemon", system_user_groups=["bin"])
    assert (done.message, done.changed) == ("", [JOIN % "daemon"])
    (task,) = [task for task in done.tasks if task["task"] == JOIN % "daemon"]
    assert sorted(task["args"]) == ["append", "groups", "name"]


def test_an_account_that_is_not_there_is_created(run):
    done = run("system_user", system_user_name="no-such-service")
    assert CREATE % "no-such-service" in done.changed


def test_an_account_of_a_person_is_refused(run):
    assert "is a person's account" in run("system_user", system_user_name="nobody").message


def test_an_account_that_the_role_did_not_create_is_not_removed(run):
    done = run("system_user", system_user_name="daemon", system_user_state="absent")
    assert (done.message, done.changed) == ("", [])
    assert done.said("Report that an account stays, daemon").endswith("this role did not create it")


@pytest.mark.parametrize("units", [["orders.service"], ["orders@blue.service", "orders@green.service"]])
def test_removing_what_is_not_there_changes_nothing(run, units):
    """The file with the rules has no dot in its name: sudo would pass over it."""
    done = run(
        "system_user",
        system_user_name="no-such-service",
        system_user_state="absent",
        system_user_units=units,
    )
    assert (done.message, done.changed) == ("", [])
    paths = [task["path"] for task in done.tasks if task["task"] == "Remove sudo rules"]
    assert paths == ["/etc/sudoers.d/slipway-orders"]


def searches(run, **variables):
    """The commands that look for what else uses an account."""
    done = run(
        "system_user",
        system_user_name="daemon",
        system_user_state="absent",
        __system_user_is_ours=True,
        __system_user_file_roots=["/nonexistent"],
        **variables,
    )
    (task,) = [task for task in done.tasks if task["task"].startswith("Look for what else uses")]
    return done, [result["item"] for result in task["results"]]


def test_what_else_uses_an_account_is_looked_for(run):
    units = ["orders@blue.service", "orders@green.service"]
    done, (processes, unit_files, files) = searches(
        run, system_user_units=units, system_user_removed_paths=["/var/lib/orders", "/var/log/orders"]
    )
    assert processes[-3] == r"/(orders@blue\.service|orders@green\.service)$"
    assert unit_files[2:4] == ["(User|Group)=daemon", "--exclude=orders@.service"]
    prune = ["-path", "/var/lib/orders", "-prune", "-o", "-path", "/var/log/orders", "-prune", "-o"]
    assert files == ["find", "/nonexistent", "-xdev", *prune, "-user", "daemon", "-print", "-quit"]
    assert "Remove system user daemon" in done.changed


def test_a_unit_of_others_keeps_the_account(run, tmp_path):
    (tmp_path / "other.service").write_text("[Service]\nUser=daemon\n", encoding="utf-8")
    (tmp_path / "daemon.service").write_text("[Service]\nUser=daemon\n", encoding="utf-8")
    done, dummy = searches(run, __system_user_unit_directories=[str(tmp_path)])
    assert done.changed == []
    assert done.said("Report that an account stays, daemon") == "daemon stays: it is used by %s" % (
        tmp_path / "other.service"
    )


@pytest.mark.parametrize(
    "strategy, units",
    [
        ("blue_green", ["orders@blue.service", "orders@green.service"]),
        ("restart", ["orders.service"]),
        ("socket", ["orders.service"]),
    ],
)
def test_operators_may_manage_what_runs(strategy, units):
    from jinja2 import Environment

    (play, *dummy) = [
        play
        for play in yaml.safe_load((REPO / "playbooks" / "setup.yml").read_text(encoding="utf-8"))
        if "roles" in play
    ]
    variables = play["roles"][0]["vars"]
    given = {"slipway_app": "orders", "slipway_strategy": strategy}
    rendered = Environment().from_string(variables["system_user_units"]).render(given)
    assert yaml.safe_load(rendered) == units


def test_the_sudo_rules_have_each_command_for_each_unit():
    from jinja2 import Environment

    home = REPO / "roles" / "system_user"
    private = yaml.safe_load((home / "vars" / "main.yml").read_text(encoding="utf-8"))
    environment = Environment(trim_blocks=True)
    environment.filters["bool"] = boolean
    template = environment.from_string((home / "templates" / "sudoers.j2").read_text(encoding="utf-8"))
    text = template.render(
        private,
        system_user_units=["orders@blue.service", "orders@green.service"],
        system_user_operators_group="ops",
        system_user_auditors_group="",
        system_user_nopasswd=True,
    )
    lines = text.splitlines()[2:]
    commands = private["__system_user_operator_commands"] + private["__system_user_auditor_commands"]
    assert len(lines) == 2 * len(commands)
    assert "%ops ALL=(root) NOPASSWD: /usr/bin/systemctl restart orders@green.service" in lines
    assert "%ops ALL=(root) NOPASSWD: /usr/bin/journalctl --no-pager -u orders@blue.service" in lines
    assert "orders.service" not in text
