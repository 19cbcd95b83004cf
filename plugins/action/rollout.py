# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""slipway.golang.rollout: keep the account of a rollout, on the controller, between its plays.

It connects to no host: it reads what the tasks of the playbooks registered, and prints the plan and the
outcome as text.
"""

from __future__ import annotations

import datetime
import json
import os
import time
import uuid

from ansible.errors import AnsibleError

from ..plugin_utils import console, report, rollout, silence, tables
from ..plugin_utils.controller_action import ControllerAction

STEPS = ("planned", "prepared", "wave", "soaked", "rolled_back", "ended")
ARGUMENTS = {
    "step": {"type": "str", "choices": list(STEPS), "required": True},
    "migrates": {"type": "bool", "default": True},
    "write_plan": {"type": "bool", "default": False},
}
KEPT = "slipway_plan: %s: %s. Nothing was changed. %s"
SKIPPED = (
    "The play Check variables or Plan was not part of this run. Nothing was changed. Run the playbook from "
    "its beginning"
)
# How far before the rollout its report counts requests.
BEFORE_SECONDS = 900
ANEW = "Make it anew with slipway.golang.plan, and read it"


class ActionModule(ControllerAction):
    """One method for each step; each returns the rollout, and what ends the run, if anything does."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, arguments = self.validate_argument_spec(ARGUMENTS)
        self.hostvars = task_vars["hostvars"]
        self.fleet, account = self.facts_of_this_run(task_vars, "slipway__rollout")
        if not self.fleet or not (account or arguments["step"] == "planned"):
            return dict(result, failed=True, msg=SKIPPED)
        self.warnings = []
        self.migrates, self.write_plan = arguments["migrates"], arguments["write_plan"]
        account, problem = getattr(self, "_" + arguments["step"])(account)
        account["failed"] = [host for host, row in account["rows"].items() if row["failed"]]
        account["last"] = rollout.last(account)
        result.update(changed=False, warnings=self.warnings)
        if problem:
            # The run ends here. Without the account, which Ansible would print whole.
            return dict(result, failed=True, msg=problem)
        return dict(result, ansible_facts=self.as_facts(slipway__rollout=account))

    # --- steps

    def _planned(self, dummy):
        hosts = self.fleet["hosts"]
        apps = {
            app: dict(known, migrate=known["migrate"] if self.migrates else None)
            for app, known in self.fleet["apps"].items()
        }
        plans = {host: self._result(host) for host in hosts}
        account = dict(rollout.planned(apps, plans), id=str(uuid.uuid4()), began=time.time(), counted=[])
        self._print(tables.plan(account))
        problem = account["refused"] and account["refused"] + ". Nothing was changed"
        problem = problem or self._of_kept_plan(account)
        if problem or self.write_plan or self._task.check_mode:  # no wave follows
            account.update(order=[], sizes=[], first={})
        if not account["order"]:
            # Where no more than the plan was asked for, no wave was to come.
            ends = rollout.ended if problem else rollout.only_planned
            self._write_results(ends(account))
        return account, problem

    def _prepared(self, account):
        results = {app: self._preparation(account, app, host) for app, host in account["first"].items()}
        account = dict(rollout.prepared(account, results), leased_at=time.time())
        self._silence(account, rollout.next_wave(account))
        self._print(tables.wave(account))
        return account, ""

    def _wave(self, account):
        hosts = rollout.current_wave(account)
        account = rollout.after_wave(account, {host: self._result(host) for host in hosts})
        for renewed in (self.hostvars[hosts[0]].get("slipway__renewed") or {}).get("results") or []:
            if renewed.get("failed") or renewed.get("unreachable"):
                account = rollout.lost_lease(
                    account, renewed["item"]["key"], renewed.get("msg") or "no connection"
                )
            elif not renewed.get("skipped"):
                account["leased_at"] = time.time()
        self._silence(account, account["going_back"] + rollout.next_wave(account))
        self._print(tables.wave(account))
        account["counted"] = self.fleet["sites"] if self.fleet["report"] else []
        account["count_seconds"] = int(time.time() - account["began"]) + BEFORE_SECONDS
        return account, ""

    def _soaked(self, account):
        hosts = rollout.last_wave(account)
        account = rollout.after_soak(account, {host: self._result(host) for host in hosts})
        self._silence(account, account["going_back"])
        return account, ""

    def _rolled_back(self, account):
        results = {host: self._result(host) for host in account["going_back"]}
        return rollout.after_rollback(account, results), ""

    def _ended(self, account):
        account = rollout.ended(account)
        self._print(tables.outcome(account))
        self._write_results(account)
        return account, ""

    # --- parts

    def _result(self, host):
        """What the release of a host registered; not what may be its secrets, which no result has."""
        return self.hostvars[host].get("rollout_result")

    def _preparation(self, account, app, host):
        """What came of the lease, of the user's tasks and of the migration of one app."""
        known = self.hostvars[host]
        leased = known.get("slipway__leased") or {}
        if problem := (known.get("slipway__problem") or {}).get(account["id"]):
            migrating = known.get("slipway__migrating") == account["id"]
            return {"problem": problem, "migration": {"msg": problem} if migrating else None}
        if leased.get("unreachable") or leased.get("failed"):
            return {"problem": leased.get("msg") or "the host that keeps the lease cannot be reached"}
        if app in account["migrate"] and known.get("slipway__migrated") != account["id"]:
            problem = "slipway_migrate did not end on %s: the connection to the host was lost" % host
            return {"problem": problem, "migration": {"msg": problem}}
        return {"problem": ""}

    def _silence(self, account, hosts):
        """Ask Alertmanager for silence before a wave; where there is one, once for each of its apps."""
        for app, settings in account["apps"].items():
            url, own = settings.get("alertmanager"), [h for h in hosts if account["rows"][h]["app"] == app]
            if url and own:
                now = datetime.datetime.now(datetime.timezone.utc)
                problem = silence.post(url, silence.wave(account, app, own, self.actor(), now))
                self.warnings += [silence.FAILED % (url, ", ".join(own), problem)] if problem else []

    def _of_kept_plan(self, account):
        """Write the plan, or compare it with the one that was kept. Returns what is wrong."""
        path = self.fleet["plan"]
        if not path:
            return ""
        if self.write_plan:
            self._write(path, rollout.kept(account))
            return ""
        try:
            with open(path, encoding="utf-8") as handle:
                before = json.load(handle)
        except OSError as error:
            return KEPT % (path, error.strerror, "Make it first with slipway.golang.plan")
        except ValueError as error:
            return KEPT % (path, "it is not JSON: %s" % error, ANEW)
        moved = rollout.moved(account, before)
        return KEPT % (path, "; ".join(moved), ANEW) if moved else ""

    def _write_results(self, account):
        """The summary for programs, and the report for people."""
        if self.fleet["summary"]:
            self._write(self.fleet["summary"], rollout.summary(account))
        if self.fleet["report"]:
            self._write_text(self.fleet["report"], self._report(account))

    def _report(self, account):
        counted = {host: self.hostvars[host].get("slipway__requests") or {} for host in account["counted"]}
        return report.page(
            account,
            self.actor(),
            account["began"],
            time.time(),
            counted or None,
            account.get("count_seconds", 0),
        )

    def _write(self, path, content):
        self._write_text(path, json.dumps(content, indent=4, sort_keys=True) + "\n")

    @staticmethod
    def _write_text(path, text):
        try:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            with open(path, "w", encoding="utf-8") as handle:
                handle.write(text)
        except OSError as error:
            raise AnsibleError("%s cannot be written: %s" % (path, error.strerror)) from error

    @staticmethod
    def _print(text):
        if text:
            console.show("\n%s\n" % text)
