# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollout as data: what is planned for every host, in which waves, what came of it, whether it may go on.

Pure: a rollout is a dictionary of plain values, which the playbooks carry from play to play as the fact
``slipway__rollout``; each function takes one and returns the next. Results of tasks come in as Ansible
registered them.
"""

from __future__ import annotations

from . import fleet, gate

CHANGE, UNCHANGED, UNREACHABLE = "change", "unchanged", "unreachable"
NOT_REACHED, FAILED, UNHEALTHY, ROLLED_BACK = "not reached", "failed", "unhealthy", "rolled back"
NOT_MIGRATED, WOULD_CHANGE = "not migrated", "would change"
WORSE = gate.WORSE
NO_ANSWER = {"unreachable": True}
# Ansible removes a host from the run if a task of the user, delegated or not, cannot reach its host.
LOST = "nothing was released here: the tasks before it did not end"
BUDGET = "%d of %d hosts of %s %s, and slipway_max_failures is %d: %s"


# --- the plan ---


def planned(apps, plans):
    """The rollout that follows from every host's plan.

    ``apps``: app to what its hosts agree on (``fleet.settings``). ``plans``: host to the result of
    slipway.golang.release in check mode, or None where the host gave none.
    """
    rows = {
        host: _planned_row(app, host, plans.get(host) or NO_ANSWER)
        for app, settings in apps.items()
        for host in settings["hosts"]
    }
    rollout = {"apps": apps, "rows": rows, "stopped": "", "wave": 0, "reached": []}
    rollout.update(gates=[], gate_stops=False)
    rollout["refused"] = _over_budget(rollout, "have a problem")
    order, sizes = _waves(apps, rows, plans) if not rollout["refused"] else ([], [])
    rollout.update(order=order, sizes=sizes, going_back=[])
    rollout["first"] = {rows[host]["app"]: host for host in reversed(order)}
    rollout["keepers"] = {app: _keeper(apps[app], rows, plans) for app in rollout["first"]}
    rollout["migrate"] = _migrate(rollout, plans)
    return rollout


def _planned_row(app, host, plan):
    row = {"host": host, "app": app, "from": plan.get("current") or "", "to": plan.get("release") or ""}
    row.update(failed=False, rolled_back=False, ready_ms=None, seconds=0.0, bytes=0, transfer="", why="")
    row.update(share=0, server="")
    known = plan.get("plan") or {}
    row.update(artifact=known.get("artifact") or "", actions=plan.get("actions") or [], acts=[])
    if plan.get("unreachable"):
        return dict(row, outcome=UNREACHABLE, failed=True, why=plan.get("msg") or "no connection")
    if _is_failure(plan) or not known:
        outcome = FAILED if (plan.get("outcome") or "ok") == "ok" else plan["outcome"]
        return dict(row, outcome=outcome, failed=True, to="", why=plan.get("msg") or "no answer")
    if not known["changed"]:
        return dict(row, outcome=UNCHANGED, to=row["to"] or row["from"])
    return dict(
        row,
        outcome=CHANGE,
        why="; ".join(plan.get("reasons") or []),
        bytes=int(plan.get("bytes") or 0),
        transfer=plan.get("transfer") or "",
    )


def _over_budget(rollout, what):
    """Why it may not begin, or not go on; empty where it may."""
    reasons = []
    for app, settings in rollout["apps"].items():
        failed = [row["host"] for row in _rows_of(rollout, app) if row["failed"]]
        if len(failed) > settings["max_failures"]:
            hosts = ", ".join(failed[:5]) + (" and %d more" % (len(failed) - 5) if len(failed) > 5 else "")
            counts = len(failed), len(settings["hosts"]), app, what, settings["max_failures"]
            reasons.append(BUDGET % (*counts, hosts))
    return ". ".join(reasons)


def _waves(apps, rows, plans):
    """The hosts that change, app by app, and the sizes of their waves."""
    order, sizes = [], []
    for settings in apps.values():
        hosts = [host for host in settings["hosts"] if rows[host]["outcome"] == CHANGE]
        if settings["unhealthy_first"]:
            hosts.sort(key=lambda host: (plans[host] or {}).get("healthy") is not False)
        order += hosts
        sizes += fleet.wave_sizes(settings["waves"], len(hosts))
    return order, sizes


def _keeper(settings, rows, plans):
    """The host that keeps the app's lease: the first of all its hosts on which Slipway works.

    One that refuses the release may keep it: another rollout, of another release, has to meet this one there.
    Empty where there is none: a single host has its lock.
    """
    if not settings["lease"] or len(settings["all_hosts"]) < 2:
        return ""
    away = [host for host, row in rows.items() if row["failed"] and not (plans.get(host) or {}).get("works")]
    return next((host for host in settings["all_hosts"] if host not in away), "")


def _migrate(rollout, plans):
    """Apps whose migration has to run before the first wave, each with the release that has it."""
    wanted = {}
    for app, host in rollout["first"].items():
        settings = rollout["apps"][app]
        if not settings["migrate"]:
            continue
        done = (plans.get(other) or {} for other in settings["hosts"])
        # It succeeded in an earlier rollout of this release, which did not reach all hosts.
        if not any(settings["migrate"]["args"] in (plan.get("migrations") or []) for plan in done):
            wanted[app] = rollout["rows"][host]["to"]
    return wanted


# --- the plan that is kept ---

_KEPT = ("host", "app", "outcome", "from", "to", "artifact")


def kept(rollout):
    """What ``slipway_plan`` writes: every host, the waves, and what is sent, by its digest."""
    hosts = [{name: row[name] for name in _KEPT} for row in rollout["rows"].values()]
    return {"format": 1, "hosts": hosts, "order": rollout["order"], "waves": rollout["sizes"]}


def moved(rollout, before):
    """What differs from a plan that was kept, as sentences; empty if nothing does."""
    if not isinstance(before, dict) or before.get("format") != 1:
        return ["it is no plan that this version has written"]
    now, rows = kept(rollout), before.get("hosts")
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and isinstance(row.get("host"), str) for row in rows
    ):
        return ["its list of hosts is damaged"]
    old = {row["host"]: row for row in rows}
    if len(old) < len(rows):
        return ["it has a host twice"]
    found = ["%s was not in it" % row["host"] for row in now["hosts"] if row["host"] not in old]
    found += ["%s is not there any more" % host for host in old if host not in rollout["rows"]]
    for row in now["hosts"]:
        was = old.get(row["host"], row)
        found += [
            "%s: %s was %s, and is %s"
            % (row["host"], name, was.get(name) or "nothing", row[name] or "nothing")
            for name in _KEPT[1:]
            if was.get(name) != row[name]
        ]
    if not found and (before.get("order"), before.get("waves")) != (now["order"], now["waves"]):
        found.append("the waves are others")
    return found


# --- before the first wave ---


def prepared(rollout, results):
    """The rollout once leases are acquired, the user's tasks have run and migrations have succeeded.

    ``results``: app to ``problem``, and, where its migration failed, ``migration`` with its result.
    """
    rows = dict(rollout["rows"])
    for app, host in rollout["first"].items():
        result = results.get(app) or {"problem": "the connection to %s was lost" % host}
        if result.get("migration"):
            why = result["migration"].get("msg") or "no connection"
            rows[host] = dict(rows[host], outcome=NOT_MIGRATED, failed=True, why=why, to=rows[host]["from"])
        if result.get("problem"):
            stopped = result["problem"] + ". No host was switched: every host runs what it ran before"
            return dict(rollout, rows=rows, stopped=stopped, order=[])
    return rollout


# --- the waves ---


def current_wave(rollout):
    """The hosts of the wave that runs now; none after the last one."""
    sizes, number = rollout["sizes"], rollout["wave"]
    begin = sum(sizes[:number])
    return rollout["order"][begin : begin + sum(sizes[number : number + 1])]


def next_wave(rollout):
    """The same, if it is to begin."""
    return [] if rollout["stopped"] else current_wave(rollout)


def last_wave(rollout):
    """The hosts of the wave that ended last."""
    return current_wave(dict(rollout, wave=rollout["wave"] - 1))


def after_wave(rollout, results):
    """The rollout once its current wave has ended. ``results``: host to what its tasks registered."""
    batch = current_wave(rollout)
    rollout = dict(rollout, wave=rollout["wave"] + 1, reached=rollout["reached"] + batch)
    return after_soak(rollout, results)


def after_soak(rollout, results):
    """The rollout with the newest results of the wave that ended last."""
    batch, rows = last_wave(rollout), dict(rollout["rows"])
    for host in batch:
        rows[host] = dict(_acted_row(rows[host], results.get(host) or NO_ANSWER), share=0)
    return _counted(dict(rollout, rows=rows), batch)


def after_share(rollout, results, percent):
    """The rollout once the hosts of its current wave give so many percent of requests to the new release."""
    batch, rows = current_wave(rollout), dict(rollout["rows"])
    for host in batch:
        row, result = rows[host], results.get(host) or NO_ANSWER
        if _is_failure(result):
            # One that failed has ended the share itself; of one that is lost nobody knows.
            share = row["share"] if result.get("unreachable") else 0
            rows[host] = dict(_acted_row(row, result), share=share)
        elif result.get("server"):
            acts = _acts(row, result, result.get("phases") or {})
            rows[host] = dict(row, share=percent, server=result["server"], acts=acts)
    return _counted(dict(rollout, rows=rows), batch)


def after_gate(rollout, judged, stops):
    """The rollout once the requests to the hosts of a wave have been judged."""
    rows, why = dict(rollout["rows"]), gate.sentence(judged)
    for host in judged["hosts"]:
        if judged["verdict"] == WORSE:
            rows[host] = dict(rows[host], outcome=WORSE, failed=True, why=why)
        elif stops:
            rows[host] = dict(rows[host], why=why)
    rollout = dict(rollout, rows=rows, gates=[*rollout["gates"], judged], gate_stops=stops)
    if stops:
        rollout["stopped"] = rollout["stopped"] or "%s is %s after wave %d of %s: %s" % (
            judged["new"]["release"] or "the new release",
            "worse" if judged["verdict"] == WORSE else "not judged",
            judged["wave"],
            judged["app"],
            why,
        )
    return _counted(rollout, judged["hosts"])


def _counted(rollout, batch):
    """The rollout with its failures counted: whether it may go on, and who goes back."""
    rollout["stopped"] = rollout["stopped"] or _over_budget(rollout, "failed")
    rollout["going_back"] = _to_roll_back(rollout, batch)
    return dict(rollout, back_sizes=_back_sizes(rollout))


def lost_lease(rollout, app, reason):
    """Another rollout of the app may have begun: no further wave begins."""
    advice = (
        "%s: the lease of %s could not be renewed. No further wave was started. Run slipway.golang.status"
    )
    return dict(
        rollout,
        stopped=rollout["stopped"] or (advice + " to see what runs, then deploy again") % (reason, app),
    )


def _acted_row(row, result):
    outcome = result.get("outcome") or "ok"
    failed = _is_failure(result)
    if result.get("unreachable"):
        outcome = UNREACHABLE
    elif failed and outcome == "ok":
        outcome = FAILED
    elif not failed and not result.get("changed"):
        outcome = UNCHANGED
    phases = result.get("phases") or {}
    why = result.get("msg") or "no connection"
    if not failed and "plan" in result:
        # Only the result of the plan is there: the tasks before the release did not end.
        outcome, failed, why = FAILED, True, LOST
    return dict(
        row,
        to=(result.get("current") or row["from"]) if failed else result.get("current") or row["to"],
        outcome=outcome,
        failed=failed,
        why=why if failed else "",
        ready_ms=result.get("ready_ms"),
        seconds=round(sum(float(each) for each in phases.values()) / 1000, 1),
        bytes=int(result.get("transferred_bytes") or 0),
        transfer=result.get("transfer") or "",
        acts=_acts(row, result, phases),
        **{"from": result.get("from") or row["from"]},
    )


def _acts(row, result, phases):
    """What was done on the host so far, each with its time. A soak brings the same result once more."""
    act = {name: result.get(name) for name in ("began", "ended", "ready_ms", "ready_ms_before")}
    act["phases"] = phases
    known = [other for other in row["acts"] if other["began"] != act["began"]]
    return known + ([act] if act["began"] and act["ended"] else [])


def _is_failure(result):
    """The outcome counts: the tasks of the playbooks do not fail, so that each failure is printed once."""
    flagged = result.get("failed") or result.get("unreachable")
    return bool(flagged or (result.get("outcome") or "ok") != "ok")


# --- the way back ---


def _to_roll_back(rollout, batch):
    """The hosts to roll back: unhealthy after the soak, or as ``slipway_on_failure`` asks."""
    rows, reached = rollout["rows"], rollout["reached"]
    reached = reached + [host for host in batch if host not in reached]
    back = [host for host in reached if _goes_back(rollout, rows[host], in_batch=host in batch)]
    return sorted(back, key=lambda host: not rows[host]["share"])


def _goes_back(rollout, row, in_batch):
    if not (row["from"] and row["to"] and row["from"] != row["to"]) or row["rolled_back"]:
        return False
    if row["outcome"] in (UNHEALTHY, WORSE):
        return True
    if row["share"] or row["outcome"] == CHANGE:
        return bool(row["share"] and rollout["stopped"])  # a share goes back to nothing
    settings = rollout["apps"][row["app"]]
    over = sum(other["failed"] for other in _rows_of(rollout, row["app"])) > settings["max_failures"]
    return (over or rollout["gate_stops"]) and (
        settings["on_failure"] == "revert_all" or (settings["on_failure"] == "revert_wave" and in_batch)
    )


def _back_sizes(rollout):
    """The sizes of the waves of the way back: those of the rollout, as each has its hosts for it.

    Shares end on all hosts at once, and first: the old release still runs there.
    """
    apps, rows = rollout["apps"], [rollout["rows"][host] for host in rollout["going_back"]]
    shared = sum(bool(row["share"]) for row in rows)
    counts = [sum(row["app"] == app and not row["share"] for row in rows) for app in apps]
    sizes = [fleet.wave_sizes(settings["waves"], count) for settings, count in zip(apps.values(), counts)]
    return [shared] * bool(shared) + [size for of_app in sizes for size in of_app]


def after_rollback(rollout, results):
    """The rollout once hosts went back. What was noted of the new release stays the reason."""
    rows = dict(rollout["rows"])
    for host in rollout["going_back"]:
        back = _acted_row(rows[host], results.get(host) or NO_ANSWER)
        kept = dict(rows[host], to=back["to"], acts=back["acts"], share=0)
        if back["failed"]:
            rows[host] = dict(kept, outcome=back["outcome"], failed=True, why=back["why"])
        else:
            rows[host] = dict(kept, outcome=ROLLED_BACK, rolled_back=True)
    return dict(rollout, rows=rows)


# --- the end ---


def last(rollout):
    """App to the host on which its rollout ends: the first that changes, unless Ansible has lost that one."""
    rows = rollout["rows"]
    found = dict(rollout["first"])
    for host in rollout["order"]:
        app = rows[host]["app"]
        if rows[found[app]]["why"] == LOST and rows[host]["why"] != LOST:
            found[app] = host
    return found


def only_planned(rollout):
    """The end of a run that only plans: hosts that a deploy would change are named so."""
    rows = {
        host: dict(row, outcome=WOULD_CHANGE) if row["outcome"] == CHANGE else row
        for host, row in rollout["rows"].items()
    }
    return ended(dict(rollout, rows=rows))


def ended(rollout):
    """The rollout at its end: hosts whose wave never came are named so."""
    rows = {
        host: dict(row, outcome=NOT_REACHED, to=row["from"], why="", bytes=0)
        if row["outcome"] == CHANGE
        else row
        for host, row in rollout["rows"].items()
    }
    return dict(rollout, rows=rows, ok=not (rollout["refused"] or rollout["stopped"]))


# What only the plan and the report have to say.
_OF_THE_PLAN = ("artifact", "actions", "acts", "share", "server")


def summary(rollout):
    """What ``slipway_summary`` writes: every host, in the order of the inventory."""
    rows = list(rollout["rows"].values())
    return {
        "app": ", ".join(rollout["apps"]),
        "ok": rollout["ok"],
        "reason": rollout["refused"] or rollout["stopped"],
        "failures": sum(row["failed"] for row in rows),
        "max_failures": sum(settings["max_failures"] for settings in rollout["apps"].values()),
        "gate": rollout["gates"],
        "hosts": [{name: value for name, value in row.items() if name not in _OF_THE_PLAN} for row in rows],
    }


def _rows_of(rollout, app):
    return [rollout["rows"][host] for host in rollout["apps"][app]["hosts"]]
