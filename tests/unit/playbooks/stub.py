# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands for the action plugins that connect to hosts: logs each call, and answers from a file."""

from __future__ import annotations

import json
import os

from ansible.plugins.action import ActionBase
from ansible_collections.slipway.golang.plugins.plugin_utils import service_options

OLD, NEW = "1.0.0-0a1b2c3d4e5f", "2.0.0-123456789012"
PLAN = {"changed": True, "outcome": "ok", "release": NEW, "from": OLD, "current": OLD, "migrations": []}
PLAN.update(transfer="delta", bytes=154000, reasons=["current is %s" % OLD])
KNOWN = {"release": NEW, "current": OLD, "artifact": "0a1b", "needs_artifact": True, "here": []}
DEPLOYED = {
    "outcome": "ok",
    "release": NEW,
    "from": OLD,
    "current": NEW,
    "phases": {"start": 9},
    "ready_ms": 3,
}
ANSWERS = {
    "plan": PLAN,
    "stage": {"changed": True, "outcome": "ok", "release": NEW},
    "release": dict(DEPLOYED, changed=True),
    "rollback": dict(DEPLOYED, changed=True, current=OLD, release=OLD, **{"from": NEW}),
    "run": {"changed": True, "rc": 0, "stdout_lines": ["applied 3"], "stderr_lines": [], "release": NEW},
    "lease": {"changed": True, "id": "7b0d", "counter": 7},
    "logs": {"changed": False, "failed": True, "msg": "no lines in this test"},
    "release_metrics": {"changed": False, "path": None},
    "share": dict(DEPLOYED, changed=True, current=OLD, server="127.0.0.1:8081", began=1.0, ended=2.0),
    "request_info": {"changed": False, "releases": {}, "servers": [], "baseline": [], "complete": True},
    "release_info": {
        "changed": False,
        "healthy": True,
        "health_problem": "",
        "unit": {"ActiveState": "active", "NRestarts": 0},
    },
}


class ActionModule(ActionBase):
    """Answers for one host: the entry "NAME HOST" of the file, or "NAME", or what normally comes."""

    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        host, name = task_vars["inventory_hostname"], self._name()
        args = service_options.completed(self._task.args, task_vars, self._templar.template)
        call = {"call": name, "host": host, "check": self._task.check_mode, "args": args}
        with open(os.environ["STUB_LOG"], "a", encoding="utf-8") as log:
            log.write(json.dumps(call, default=str) + "\n")
        with open(os.environ["STUB_ANSWERS"], encoding="utf-8") as file:
            given = json.load(file)
        answer = given.get("%s %s" % (name, host), given.get(name, ANSWERS.get(name)))
        if name in ("plan", "share") and answer.get("outcome") == "ok":
            answer["plan"] = dict(KNOWN, changed=answer["changed"])
        return dict(result, **answer)

    def _name(self):
        name = self._task.action.rpartition(".")[2]
        if name != "release":
            return name
        if self._task.check_mode:
            return "plan"
        if self._task.args.get("share"):
            return "share"
        if self._task.args.get("state") == "staged":
            return "stage"
        return "rollback" if self._task.args.get("release") else "release"
