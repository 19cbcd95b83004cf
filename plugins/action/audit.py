# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""slipway.golang.audit: compare the modules of what runs with a database of known vulnerabilities.

It runs on the controller, connects to no host, and reads what the tasks of the playbook registered.
"""

from __future__ import annotations

import json
import os

from ansible.plugins.action import ActionBase

from ..module_utils.common.errors import SlipwayError
from ..module_utils.common.vulnerabilities import Policy
from ..plugin_utils import console, this_run, vulndb
from ..plugin_utils.audit import Report

ARGUMENTS: dict = {}
SKIPPED = "The play Check variables was not part of this run. Run the playbook from its beginning"


class ActionModule(ActionBase):
    """Runs once, for all hosts of the play."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        self.validate_argument_spec(ARGUMENTS)
        facts = task_vars["hostvars"]["localhost"]["ansible_facts"]
        # Ansible runs a task in a fork of the process that runs the plays.
        fleet = this_run.fact(facts, "slipway__fleet", os.getppid())
        if not fleet:
            return dict(result, failed=True, msg=SKIPPED)
        report = Report()
        try:
            policies = {host: Policy(fleet["vulnerabilities"][host]) for host in fleet["hosts"]}
            for host, policy in policies.items():
                report.add(
                    host, task_vars["hostvars"][host].get("slipway__sbom") or {}, policy, vulndb.Database
                )
            report.warn(policies)
            if fleet["summary"]:
                _write(fleet["summary"], report)
        except SlipwayError as error:
            return dict(result, failed=True, msg=str(error))
        console.show("\n%s\n" % "\n".join(report.lines()))
        result.update(report.as_dict(), warnings=report.warnings, changed=False, failed=report.failed)
        return dict(result, msg=report.headline())


def _write(path, report):
    text = json.dumps(dict(report.as_dict(), failed=report.failed), indent=2, sort_keys=True) + "\n"
    try:
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(text)
    except OSError as error:
        raise SlipwayError("slipway_summary: %s cannot be written: %s" % (path, error.strerror)) from None
