# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parent
REPO = HERE.parents[2]


class Run:
    """What came of one run of a role: its tasks, in order, with what each did."""

    def __init__(self, lines, output):
        self.tasks = [dict(line, task=line["task"].rpartition(" : ")[2]) for line in lines]
        self.output = output

    @property
    def changed(self):
        """The names of the tasks that would change something."""
        return [task["task"] for task in self.tasks if task["state"] == "ok" and task["changed"]]

    @property
    def message(self):
        """Why it failed; empty if it did not."""
        return next((task["msg"] for task in self.tasks if task["state"] == "failed"), "")

    def said(self, name):
        """The message of a task that ran."""
        return next(task["msg"] for task in self.tasks if task["task"] == name and task["state"] == "ok")


@pytest.fixture
def run(tmp_path):
    """Run a role on this machine, in check mode: it changes nothing and needs no root."""

    def call(role, tasks_from="main", **variables):
        include = {"name": "slipway.golang." + role, "tasks_from": tasks_from}
        tasks = [{"ansible.builtin.include_role": include}]
        book, record = tmp_path / "play.yml", tmp_path / "record"
        book.write_text(
            yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8"
        )
        record.write_text("", encoding="utf-8")
        argv = [os.path.join(os.path.dirname(sys.executable), "ansible-playbook"), "--check", "--diff"]
        argv += ["-i", "localhost,", "-c", "local", "-e", json.dumps(variables), str(book)]
        environment = dict(
            os.environ,
            ANSIBLE_COLLECTIONS_PATH=str(REPO / ".work" / "collections"),
            ANSIBLE_CALLBACK_PLUGINS=str(HERE / "callback"),
            ANSIBLE_CALLBACKS_ENABLED="recorder",
            ANSIBLE_PYTHON_INTERPRETER=sys.executable,
            ANSIBLE_HOME=str(tmp_path / "ansible"),
            RECORDER_FILE=str(record),
        )
        done = subprocess.run(
            argv, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        lines = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
        assert lines, done.stderr + done.stdout
        return Run(lines, done.stdout)

    return call
