# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollout as data: what is planned for every host, in which waves, what came of it, and whether it may go
on.

Pure: a rollout is a dictionary of plain values, which the playbooks carry from play to play; each function
takes one and
returns the next. Results of tasks come in as Ansible registered them, from templates perhaps as text.
"""

from __future__ import annotations

from . import fleet

CHANGE, UNCHANGED, PROBLEM, UNREACHABLE = "change", "unchanged", "problem", "unreachable"
NOT_REACHED, FAILED, UNHEALTHY, ROLLED_BACK = "not reached", "failed", "unhealthy", "rolled back"


def planned(settings, plans):
    """The rollout that follows from every host's plan.

    ``settings``: app to what its hosts agree on (hosts, waves, max_failures, on_failure, soak_seconds,
    unhealthy_first).
    ``plans``: host to the result of slipway.golang.plan, or None where the host gave none.
    """
    rows = {
        host: _planned_row(app, host, plans.get(host))
        for app, of_app in settings.items()
        for host in of_app["hosts"]
    }
    rollout = {"settings": settings, "rows": rows, "stopped": "", "reached": [], "going_back": []}
    rollout["refused"] = _refused(rollout)
    order, sizes = _waves(settings, rows, plans) if not rollout["refused"] else ([], [])
    return dict(rollout, order=order, sizes=sizes, keepers=_keepers(settings, rows))


def _planned_row(app, host, plan):
    plan = plan or {"unreachable": True}
    row = {"host": host, "app": app, "from": plan.get("current") or "", "to": plan.get("release") or ""}
    row.update(failed=False, rolled_back=False, ready_ms=None, seconds=0.0, bytes=0, why="")
    if plan.get("unreachable"):
        return dict(row, outcome=UNREACHABLE, failed=True, why=_sentence(plan.get("msg") or "no connection"))
    if plan.get("failed") or plan.get("problem"):
        return dict(
            row, outcome=PROBLEM, failed=True, why=plan.get("problem") or plan.get("msg") or "no answer"
        )
    if not plan.get("changed"):
        return dict(row, outcome=UNCHANGED, to=row["to"] or row["from"])
    return dict(row, outcome=CHANGE, why="; ".join(plan.get("reasons") or []), bytes=plan.get("bytes") or 0)


def _refused(rollout):
    """Why nothing may be changed anywhere; empty where the rollout may begin."""
    for app, settings in rollout["settings"].items():
        bad = [row for row in _rows_of(rollout, app) if row["failed"]]
        if len(bad) > settings["max_failures"]:
            return "%d of %d hosts of %s have a problem, and slipway_max_failures is %d" % (
                len(bad),
                len(settings["hosts"]),
                app,
                settings["max_failures"],
            )
    return ""


def _waves(settings, rows, plans):
    order, sizes = [], []
    for of_app in settings.values():
        hosts = [host for host in of_app["hosts"] if rows[host]["outcome"] == CHANGE]
        if of_app["unhealthy_first"]:
            hosts.sort(key=lambda host: (plans[host] or {}).get("healthy") is not False)
        order += hosts
        sizes += fleet.wave_sizes(of_app["waves"], len(hosts))
    return order, sizes


def _keepers(settings, rows):
    """App to the host that keeps its lease: the first one that can be reached. A single host has its lock."""
    keepers = {}
    for app, of_app in settings.items():
        changing = any(rows[host]["outcome"] == CHANGE for host in of_app["hosts"])
        if of_app["lease"] and changing and len(of_app["all_hosts"]) > 1:
            reachable = (
                host for host in of_app["all_hosts"] if rows.get(host, {}).get("outcome") != UNREACHABLE
            )
            keepers[app] = next(reachable, of_app["hosts"][0])
    return keepers


def after_wave(rollout, batch, results):
    """The rollout once a wave has ended. ``results``: host to what its tasks registered, or None."""
    rows = dict(rollout["rows"])
    for host in batch:
        rows[host] = _acted_row(rows[host], results.get(host))
    rollout = dict(rollout, rows=rows, reached=rollout["reached"] + batch, wave=list(batch))
    return dict(rollout, stopped=rollout["stopped"] or _stopped(rollout))


def _acted_row(row, result):
    result = result or {"unreachable": True, "failed": True}
    outcome = result.get("outcome") or "ok"
    # The tasks of the playbooks do not fail, so that each failure is printed once: the outcome counts.
    failed = bool(result.get("failed") or result.get("unreachable") or outcome != "ok")
    if result.get("unreachable"):
        outcome = UNREACHABLE
    elif failed and outcome == "ok":
        outcome = FAILED
    elif not failed and not result.get("changed"):
        outcome = UNCHANGED
    seconds = round(sum((result.get("phases") or {}).values()) / 1000.0, 1)
    return dict(
        row,
        to=result.get("current") or row["to"],
        outcome=outcome,
        failed=failed,
        why=_sentence(result.get("msg") or "no connection") if failed else "",
        ready_ms=result.get("ready_ms"),
        seconds=seconds,
        bytes=result.get("transferred_bytes") or 0,
        **{"from": result.get("from") or row["from"]},
    )


def _stopped(rollout):
    """Why no further wave may begin; empty where the next one may."""
    for app, settings in rollout["settings"].items():
        failures = failures_of(rollout, app)
        if failures > settings["max_failures"]:
            return "%d of %d hosts of %s failed, and slipway_max_failures is %d" % (
                failures,
                len(settings["hosts"]),
                app,
                settings["max_failures"],
            )
    return ""


def failures_of(rollout, app):
    """How many hosts of an app failed, or had a problem before it began."""
    return sum(row["failed"] for row in _rows_of(rollout, app))


def to_roll_back(rollout):
    """The hosts to roll back: unhealthy after the soak, or as ``slipway_on_failure`` asks."""
    return [
        host
        for host in rollout["reached"]
        if _has_another_release(rollout["rows"][host]) and _is_to_go_back(rollout, rollout["rows"][host])
    ]


def _has_another_release(row):
    return bool(row["from"] and row["to"] and row["from"] != row["to"] and not row["rolled_back"])


def _is_to_go_back(rollout, row):
    settings = rollout["settings"][row["app"]]
    if row["outcome"] == UNHEALTHY:
        return True
    if failures_of(rollout, row["app"]) <= settings["max_failures"]:
        return False
    return settings["on_failure"] == "revert_all" or (
        settings["on_failure"] == "revert_wave" and row["host"] in rollout["wave"]
    )


def after_rollback(rollout, hosts, results):
    """The rollout once hosts went back. What was noted of the new release stays the reason."""
    rows = dict(rollout["rows"])
    for host in hosts:
        before, back = rows[host], _acted_row(rows[host], results.get(host))
        if back["failed"]:
            rows[host] = dict(before, outcome=back["outcome"], failed=True, why=back["why"], to=back["to"])
        else:
            rows[host] = dict(before, outcome=ROLLED_BACK, rolled_back=True, to=back["to"])
    return dict(rollout, rows=rows, going_back=[])


def ended(rollout):
    """The rollout at its end: hosts whose wave never came are named so."""
    rows = {
        host: dict(row, outcome=NOT_REACHED, to=row["from"]) if row["outcome"] == CHANGE else row
        for host, row in rollout["rows"].items()
    }
    return dict(rollout, rows=rows, ok=not (rollout["refused"] or rollout["stopped"]))


def summary(rollout):
    """What ``slipway_summary`` writes: every host, in the order of the inventory."""
    return {
        "ok": rollout["ok"],
        "apps": sorted(rollout["settings"]),
        "failures": sum(row["failed"] for row in rollout["rows"].values()),
        "reason": rollout["refused"] or rollout["stopped"],
        "hosts": list(rollout["rows"].values()),
    }


def _rows_of(rollout, app):
    return [rollout["rows"][host] for host in rollout["settings"][app]["hosts"]]


def _sentence(text):
    return " ".join(str(text).split())
