# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbooks compute from the results of all hosts: outcomes, who goes back, and tables to print.

ansible-core before 2.19 renders some values as text, so numbers, truths and lists are converted at every use.
"""

from __future__ import annotations

import ast

from ansible.module_utils.parsing.convert_bool import boolean

from ..plugin_utils.combinations import port_for
from ..plugin_utils.variables import setting

UNREACHABLE = {"unreachable": True}
WOULD_CHANGE = "would change"


def rollout_rows(hosts, hostvars, reached, reverting=None, check_mode=False):
    """One row for each host: its releases, its outcome, and why."""
    reached, reverting = set(_list(reached)), set(_list(reverting))
    rows = []
    for host in _list(hosts):
        if host in reached:
            known = hostvars[host]
            forward = known.get("slipway__forward_result") if host in reverting else None
            rows.append(_row(host, known.get("rollout_result") or {}, forward or {}, _true(check_mode)))
        else:
            rows.append(_describe(host, "not reached"))
    return rows


def _row(host, result, forward, check_mode):
    """`forward` is the result of the new release where `result` is that of going back to the old one."""
    unfinished = _unfinished(result, check_mode)
    failed = _is_failure(result) or unfinished
    if unfinished:
        why = "it was not taken out of the balance: nothing was released here"
    else:
        why = (result if failed else forward).get("msg")
    outcome = _failure(result) if failed else _success(result, forward)
    if check_mode and outcome == "ok":
        outcome, result = WOULD_CHANGE, dict(result, current=result.get("release") or result.get("current"))
    row = _describe(host, outcome, result, why)
    row["from"] = (forward or result).get("from") or ""
    row["failed"] = failed or bool(forward) and _is_failure(forward)
    row["rolled_back"] = bool(forward)
    return row


def _is_failure(result):
    """The outcome counts: the tasks of the playbooks do not fail, so that each failure is printed once."""
    flagged = not result or _flag(result, "failed") or _flag(result, "unreachable")
    return flagged or (result.get("outcome") or "ok") != "ok"


def _unfinished(result, check_mode):
    """Whether there is only the answer of check mode, as the tasks that drain the host did not end."""
    return not check_mode and _flag(result, "changed") and "phases" not in result and not _is_failure(result)


def _failure(result):
    if not result or _flag(result, "unreachable"):
        return "unreachable"
    outcome = result.get("outcome") or "ok"
    return "failed" if outcome == "ok" else outcome


def _success(result, forward):
    if forward:
        return "rolled back"
    return "ok" if _flag(result, "changed") else "unchanged"


def _describe(host, outcome, result=None, why=None):
    result = result or {}
    return {
        "host": host,
        "from": "",
        "to": result.get("current") or "",
        "outcome": outcome,
        "failed": False,
        "rolled_back": False,
        "ready_ms": result.get("ready_ms"),
        "seconds": round(sum(float(each) for each in (result.get("phases") or {}).values()) / 1000, 1),
        "why": why or "",
    }


def rollout_reverts(rows, max_failures, on_failure, wave):
    """The hosts that go back: unhealthy after the soak, or of a rollout that is over its failure budget."""
    wave = _list(wave)
    over = sum(_true(row["failed"]) for row in rows) > int(max_failures)

    def reverts(row):
        changed = row["from"] and row["to"] and row["from"] != row["to"] and not _true(row["rolled_back"])
        in_scope = on_failure == "revert_all" or on_failure == "revert_wave" and row["host"] in wave
        return changed and (row["outcome"] == "unhealthy" or over and in_scope)

    return [row["host"] for row in rows if reverts(row)]


def rollout_migration(hosts, hostvars, args, max_failures):
    """Where a migration has to run before the first wave: on the first host that would change, or nowhere.

    Reads every host's plan. ``problem``: why the rollout may not begin, with the hosts that ``failed``.
    """
    hosts = _list(hosts)
    plans = {host: hostvars[host].get("rollout_result") or UNREACHABLE for host in hosts}
    failed = [host for host in hosts if _flag(plans[host], "failed") or _flag(plans[host], "unreachable")]
    found = {"host": "", "release": "", "problem": "", "failed": []}
    if len(failed) > int(max_failures):
        problem = (
            "%d of %d hosts cannot be deployed to, and slipway_max_failures is %d: %s. "
            "The migration was not run, and no host was changed"
        ) % (len(failed), len(hosts), int(max_failures), ", ".join(failed))
        return dict(found, problem=problem, failed=failed)
    args = [str(arg) for arg in _list(args)]
    if any(args in _list(plan.get("migrations")) for plan in plans.values()):
        return found  # it succeeded in an earlier rollout of this release, which did not reach all hosts
    for host in hosts:
        if host not in failed and _flag(plans[host], "changed"):
            return dict(found, host=host, release=plans[host]["release"])
    return found


def rollout_failures(rows):
    """Each failure as lines, whole: the outcome and the reason, then what belongs to it."""
    lines = []
    for row in rows:
        head = "%s: %s: %s" % (row["host"], row["outcome"], row["why"] or "it gave no reason")
        lines += head.splitlines()
    return lines


def rollout_table(rows):
    heading = ("HOST", "FROM", "TO", "OUTCOME", "READY MS", "SECONDS")
    return _table([heading] + [_rollout_cells(row) for row in rows])


def _rollout_cells(row):
    ready = "-" if row["ready_ms"] in (None, "") else row["ready_ms"]
    return row["host"], row["from"] or "-", row["to"] or "-", row["outcome"], ready, row["seconds"]


def status_table(hosts, hostvars):
    heading = ("HOST", "RUNNING", "PREVIOUS", "STATE", "RESTARTS", "HEALTH")
    results = [(host, hostvars[host].get("slipway__status") or UNREACHABLE) for host in _list(hosts)]
    return _table([heading] + [_status_cells(host, result) for host, result in results])


def _status_cells(host, result):
    if "unit" not in result:
        return host, _problem(result)
    health = "healthy" if _flag(result, "healthy") else result["health_problem"]
    unit = result["unit"]
    running = _running(result.get("running"))
    return host, running, result.get("previous") or "-", unit["ActiveState"], unit["NRestarts"], health


def _running(running):
    if not running:
        return "-"
    return (running.get("release") or "unknown") + ("" if _flag(running, "intact") else " (ALTERED)")


def certificate_table(hosts, hostvars):
    heading = ("HOST", "DAYS LEFT", "EXPIRES", "DOMAINS")
    results = [(host, hostvars[host].get("slipway__certificate") or UNREACHABLE) for host in _list(hosts)]
    return _table(
        [heading] + [_certificate_cells(*each) for each in results if not _flag(each[1], "skipped")]
    )


def _certificate_cells(host, result):
    if not result.get("certificates"):
        return host, _problem(result)
    found = result["certificates"][0]
    if found.get("not_after") is None:
        return host, "%s: %s" % (found["path"], found.get("problem") or "not found")
    days = int(found["days_left"])
    return host, "EXPIRED" if days < 0 else days, found["not_after"], " ".join(_list(found["domains"]))


def _problem(result):
    return "unreachable" if _flag(result, "unreachable") else result.get("msg") or "no answer"


def _table(rows):
    """Lines with aligned columns. A row's last cell may be long: it widens no column."""
    rows = [[str(cell) for cell in row] for row in rows]
    columns = range(len(rows[0]) - 1)
    widths = [max(len(row[column]) for row in rows if column < len(row) - 1) for column in columns]
    lines = [[cell.ljust(width) for cell, width in zip(row[:-1], widths)] + row[-1:] for row in rows]
    return "\n".join("  ".join(line) for line in lines).splitlines()


def upstream_servers(hosts, hostvars, port=None):
    """The servers of an nginx upstream: each host at the address and port that its variables give."""
    return [{"address": _address(host, hostvars[host], port)} for host in _list(hosts)]


def _address(host, variables, port):
    address = variables.get("slipway_address") or variables.get("ansible_host") or host
    port = port or port_for(setting("slipway_port", variables.get("slipway_port")), {})
    return ("[%s]:%s" if ":" in address else "%s:%s") % (address, port)


def _flag(result, name):
    return _true(result.get(name))


def _true(value):
    return boolean(value, strict=False)


def _list(value):
    if isinstance(value, str):
        value = ast.literal_eval(value) if value.strip() else []
    return list(value or [])


class FilterModule:
    def filters(self):
        return {
            "certificate_table": certificate_table,
            "rollout_migration": rollout_migration,
            "rollout_failures": rollout_failures,
            "rollout_reverts": rollout_reverts,
            "rollout_rows": rollout_rows,
            "rollout_table": rollout_table,
            "status_table": status_table,
            "upstream_servers": upstream_servers,
        }
