# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""slipway_before_tasks and slipway_after_tasks: once a rollout, on the controller."""

from __future__ import annotations

import re

import pytest

from .conftest import REPO
from .stub import OLD

NOTE = """
- name: Note it
  ansible.builtin.lineinfile:
    path: "{{{{ playbook_note }}}}"
    create: true
    mode: "0600"
    line: {line}
"""
FAIL = """
- name: Refuse
  ansible.builtin.fail:
    msg: it is Friday
"""


@pytest.fixture
def hooks(tmp_path):
    """A function that writes the two task files, and returns the variables that name them."""

    def write(before=None, after=None):
        found = {"playbook_note": str(tmp_path / "note")}
        for name, text in (("before", before), ("after", after)):
            if text:
                (tmp_path / (name + ".yml")).write_text("---" + text, encoding="utf-8")
                found["slipway_%s_tasks" % name] = name + ".yml"
        return found

    return write


def noted(tmp_path):
    return (tmp_path / "note").read_text(encoding="utf-8").splitlines()


def test_both_run_once_around_the_rollout(play, hooks, tmp_path):
    variables = hooks(
        NOTE.format(line='"before {{ slipway_app }}"'),
        NOTE.format(line='"after {{ slipway_rollout_ok }} {{ slipway_rollout_hosts | length }}"'),
    )
    run = play("deploy", **variables)
    assert run.status == 0, run.output
    assert noted(tmp_path) == ["before orders", "after True 3"]
    places = [run.output.index(words) for words in ("Note it", "[Deploy]", "[Show outcome]")]
    assert places == sorted(places) and run.output.count("TASK [Note it]") == 2


def test_a_failure_before_ends_the_rollout_before_anything_is_changed(play, hooks):
    run = play("deploy", slipway_migrate=["migrate", "up"], **hooks(before=FAIL))
    assert run.status != 0 and run.names() == []
    assert set(run.table().values()) == {"not reached"}
    assert "A task of slipway_before_tasks failed: Refuse: it is Friday. No host was switched" in run.output
    assert run.calls[-1]["call"] == "lease" and run.calls[-1]["args"]["state"] == "absent"


def test_a_failure_before_ends_a_rollback_too(play, hooks):
    run = play("rollback", **hooks(before=FAIL))
    assert run.status != 0 and run.names() == []


def test_a_failure_after_is_reported_and_the_releases_stay(play, hooks):
    run = play("deploy", **hooks(after=FAIL))
    assert run.status != 0 and set(run.table().values()) == {"ok"}
    assert "A task of slipway_after_tasks failed: Refuse: it is Friday. The releases stay" in run.output
    assert not any(name.startswith("rollback") for name in run.names())
    assert run.calls[-1]["call"] == "lease" and run.calls[-1]["args"]["state"] == "absent"


def test_after_a_rollout_that_failed_the_tasks_run_and_know_it(play, hooks, tmp_path):
    answer = {"failed": True, "outcome": "reverted", "from": OLD, "current": OLD, "msg": "it was unhealthy"}
    line = '"{{ slipway_rollout_ok }} {{ slipway_rollout_hosts[0].outcome }}"'
    run = play("deploy", {"release web1": answer}, **hooks(after=NOTE.format(line=line)))
    assert run.status != 0 and noted(tmp_path) == ["False reverted"]
    assert "it was unhealthy" in run.output


@pytest.mark.parametrize("change", ["", "CHG-7"])
def test_the_example_of_the_page(play, hooks, tmp_path, monkeypatch, change):
    text = (REPO / "docs" / "how-to" / "cookbook" / "hooks.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    before, after = (example for example in examples if example.startswith("- "))
    monkeypatch.setenv("CHANGE_ID", change)
    run = play("deploy", **hooks("\n" + before, "\n" + after))
    outcome = tmp_path / "outcome"
    if change:
        assert run.status == 0 and outcome.read_text(encoding="utf-8") == "orders ok on 3 hosts\n", run.output
    else:
        assert run.status != 0 and run.names() == []
        assert "Set CHANGE_ID to the number of the approved change" in run.output
        assert outcome.read_text(encoding="utf-8") == "orders failed on 3 hosts\n"
