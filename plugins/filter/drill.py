# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbook drill computes from the results of all hosts."""

from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean

from ..plugin_utils.drills import REFUSED

_KEPT = ("fault", "verdict", "asked", "lost", "seconds", "recovery_seconds", "release", "does", "msg")
# What is text where ansible-core before 2.19 rendered it.
_NO = ("False", "false")


def drill_problem(hosts, hostvars):
    """Why nothing must be broken now: a host that is unhealthy or cannot be asked. Empty if all are well."""
    found = []
    for host in hosts:
        status = hostvars[host].get("slipway__status") or {"unreachable": True}
        problem = _problem(status)
        if problem:
            found.append("%s: %s" % (host, problem))
    return "refused: nothing was broken, as not all hosts are healthy: %s" % "; ".join(found) if found else ""


def _problem(status):
    if boolean(status.get("unreachable", False), strict=False):
        return "unreachable"
    if "unit" not in status:
        return str(status.get("msg") or "no answer").splitlines()[0]
    if str(status.get("healthy")) in _NO:
        return str(status.get("health_problem") or "unhealthy")
    return "" if status.get("running") else "it does not run"


def drill_rows(hosts, hostvars, problem=""):
    """One dictionary for each host that was hit, or was to be hit."""
    rows = []
    for host in hosts:
        result = hostvars[host].get("slipway__drill") or {}
        row = {key: result[key] for key in _KEPT if key in result}
        row.setdefault("verdict", REFUSED)
        row.setdefault("msg", problem or str(result.get("msg") or "it was not begun"))
        rows.append(dict(row, host=host, passed=boolean(result.get("passed", False), strict=False)))
    return rows


class FilterModule:
    def filters(self):
        return {"drill_problem": drill_problem, "drill_rows": drill_rows}
