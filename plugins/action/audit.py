# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""slipway.golang.audit: compare the modules of what runs with a database of known vulnerabilities.

It runs on the controller, connects to no host, and reads what the tasks of the playbook registered.
"""

from __future__ import annotations

import json

from ..module_utils.common.errors import SlipwayError
from ..module_utils.common.vulnerabilities import Policy
from ..plugin_utils import console, vulndb
from ..plugin_utils.audit import Report
from ..plugin_utils.controller_action import ControllerAction

ARGUMENTS: dict = {}
SKIPPED = "The play Check variables was not part of this run. Run the playbook from its beginning"


class ActionModule(ControllerAction):
    """One report of all hosts of the service."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        self.validate_argument_spec(ARGUMENTS)
        fleet = self.facts_of_this_run(task_vars, "slipway__fleet")[0]
        if not fleet:
            return dict(result, failed=True, msg=SKIPPED)
        with self.failing_into(result):
            report = _report(fleet, task_vars["hostvars"])
            if fleet["summary"]:
                _write(fleet["summary"], report)
            console.show("\n%s\n" % "\n".join(report.lines()))
            result.update(report.as_dict(), warnings=report.warnings, changed=False)
            result.update(failed=report.failed, msg=report.headline())
        return result


def _report(fleet, hostvars):
    report = Report()
    policies = {host: Policy(fleet["vulnerabilities"][host]) for host in fleet["hosts"]}
    for host, policy in policies.items():
        report.add(host, hostvars[host].get("slipway__sbom") or {}, policy, vulndb.Database)
    report.warn(policies)
    return report


def _write(path, report):
    text = json.dumps(dict(report.as_dict(), failed=report.failed), indent=2, sort_keys=True) + "\n"
    try:
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(text)
    except OSError as error:
        raise SlipwayError("slipway_summary: %s cannot be written: %s" % (path, error.strerror)) from None
