# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the end of a rollout prints: each failure once and whole, after the table."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml

REPO = pathlib.Path(__file__).resolve().parents[3]
INTERNAL = REPO / "playbooks" / "internal"
MISSING = "there is no file /nowhere/orders.tar.gz on the controller"
HOSTS = ["web1", "web2"]

FACTS = {
    "slipway__lease": {"id": "", "counter": 0, "host": "web1", "description": "", "at": 0},
    "slipway__reverting": None,
}


def playbook(tmp_path, max_failures, own_tasks):
    """The rollout of one wave to two hosts, and the summary, without what comes before."""
    rollout = {
        "app": "orders",
        "hosts": HOSTS,
        "reached": HOSTS,
        "wave": HOSTS,
        "max_failures": max_failures,
        "on_failure": "halt",
        "stopped": "",
        "stop": False,
        "summary": str(tmp_path / "summary.json"),
    }
    fleet = {"app": "orders", "hosts": HOSTS, "all_hosts": HOSTS, "build_of": {}, "after_tasks": None}
    plays = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": [
                {"ansible.builtin.set_fact": dict(FACTS, slipway__rollout=rollout)},
                {"ansible.builtin.set_fact": {"slipway__fleet": fleet, "cacheable": True}},
            ],
        },
        {"hosts": "web1,web2", "gather_facts": False, "vars": {"slipway__soak": 0}, "tasks": own_tasks},
        {"import_playbook": str(INTERNAL / "summary.yml")},
    ]
    path = tmp_path / "play.yml"
    path.write_text(yaml.safe_dump(plays), encoding="utf-8")
    return path


def run(tmp_path, own_tasks, max_failures=0, directory=None):
    inventory = tmp_path / "hosts.yml"
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "slipway_app": "orders",
        "slipway_artifacts": "/nowhere/orders.tar.gz",
    }
    hosts = {"localhost": variables, **dict.fromkeys(HOSTS, variables)}
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
    answer = subprocess.run(
        ["ansible-playbook", "-i", inventory, playbook(tmp_path, max_failures, own_tasks)],
        env=dict(os.environ, ANSIBLE_NOCOLOR="1", ANSIBLE_LOCALHOST_WARNING="0"),
        cwd=directory or tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    written = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    return answer.returncode, answer.stdout, written


ROLL_OUT = [
    {
        "ansible.builtin.import_tasks": str(INTERNAL / "tasks" / "roll_out.yml"),
        "vars": {"slipway__release": ""},
    }
]


def test_a_failed_release_is_printed_once_and_whole_after_the_table(tmp_path):
    code, output, summary = run(tmp_path, ROLL_OUT)
    assert code == 2, output
    assert not summary["ok"] and summary["failures"] == 2
    assert [row["outcome"] for row in summary["hosts"]] == ["rejected", "rejected"]
    assert all(MISSING in row["why"] for row in summary["hosts"])
    for host in HOSTS:
        assert output.count("%s: rejected: " % host) == 1
        assert 'fatal: [%s]: FAILED! => {"changed": false, "msg": "rejected"}' % host in output
    assert output.count(MISSING) == 2, output  # once for each host
    assert output.index("OUTCOME") < output.index(MISSING)
    assert output.count("FAILED!") == 2


def test_the_file_of_the_summary_begins_at_the_directory_of_the_inventory(tmp_path):
    """After a wave too, which begins the record of the rollout anew."""
    wave = {"ansible.builtin.import_tasks": str(INTERNAL / "tasks" / "wave.yml")}
    begin = [{"ansible.builtin.set_fact": {"slipway_summary": "summary.json"}}, wave]
    (tmp_path / "elsewhere").mkdir()
    code, output, summary = run(tmp_path, begin + ROLL_OUT, directory=tmp_path / "elsewhere")
    assert code == 2, output
    assert summary["failures"] == 2
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_failure_within_the_budget_is_printed_too_and_is_no_error(tmp_path):
    code, output, summary = run(tmp_path, ROLL_OUT, max_failures=2)
    assert code == 0, output
    assert summary["ok"] and summary["failures"] == 2
    assert output.count(MISSING) == 2 and output.index("OUTCOME") < output.index(MISSING)


@pytest.mark.parametrize("host", HOSTS)
def test_a_message_of_several_lines_is_printed_line_by_line(tmp_path, host):
    result = {
        "failed": True,
        "outcome": "reverted",
        "from": "1.0.0-0a1b2c3d4e5f",
        "phases": {},
        "changed": True,
    }
    result.update(changed=True, current="1.0.0-0a1b2c3d4e5f")
    result["msg"] = "2.0.0 is not healthy\nFrom its journal:\n  panic: boom\n  in main.main, main.go:7"
    good = dict(result, failed=False, outcome="ok")
    tasks = [
        {
            "ansible.builtin.set_fact": {
                "rollout_result": "{{ bad if inventory_hostname == '%s' else good }}" % host
            },
            "vars": {"bad": result, "good": good},
        }
    ]
    code, output, dummy = run(tmp_path, tasks)
    assert code == 2, output
    lines = [line.strip() for line in output.splitlines()]
    at = lines.index('"%s: reverted: 2.0.0 is not healthy",' % host)
    assert lines[at + 1 : at + 3] == ['"From its journal:",', '"  panic: boom",']
    assert output.count("FAILED!") == 1 and "reverted, current is 1.0.0-0a1b2c3d4e5f" in output
