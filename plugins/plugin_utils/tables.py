# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollout as text: the plan before it, and the outcome after it; and the tables of the other playbooks."""

from __future__ import annotations

from . import gate
from . import rollout as rollouts
from .gate_options import NGINX

# Hosts for which the same is planned share a line beyond so many lines.
LINES = 40
PLAN_COLUMNS = ("", "HOST", "FROM", "TO", "SEND", "ACTIONS", "WHY")
OUTCOME_COLUMNS = ("HOST", "FROM", "TO", "OUTCOME", "SENT", "READY MS", "SECONDS")
MARKS = {rollouts.CHANGE: "~", rollouts.UNCHANGED: "="}


def plan(rollout):
    """The plan: a line that counts, a line for each host, and each problem whole."""
    rows = list(rollout["rows"].values())
    lines = [_planned_cells(row) for row in rows]
    parts = [_counted(rows), ""] + table([PLAN_COLUMNS] + _together(lines)) + _problems(rows)
    # Why it is refused is the error that ends the run: here it would be there twice.
    return "\n".join(parts if rollout["refused"] else [*parts, "", _next(rollout)])


def _planned_cells(row):
    actions = ", ".join(action.replace(".service", "") for action in row["actions"])
    return (
        MARKS.get(row["outcome"], "!"),
        row["host"],
        row["from"] or "-",
        row["to"] or "-",
        sent(row),
        actions or "-",
        _why(row),
    )


def _why(row):
    """What the columns FROM and TO do not say already."""
    if row["outcome"] != rollouts.CHANGE:
        return row["outcome"]
    if row["from"] == row["to"]:
        return row["why"].replace("\n", " ")
    further = row["why"].replace("\n", " ").partition("; ")[2]  # the first is that the two differ
    return ("another release" if row["from"] else "first release") + ("; " + further if further else "")


def _together(lines):
    """Lines that differ in their host only as one line, if there are many."""
    if len(lines) <= LINES:
        return lines
    groups = {}
    for mark, host, *rest in lines:
        groups.setdefault((mark, *rest), []).append(host)
    return [(mark, _hosts(hosts), *rest) for (mark, *rest), hosts in groups.items()]


def _hosts(hosts):
    return hosts[0] if len(hosts) == 1 else "%s to %s (%d)" % (hosts[0], hosts[-1], len(hosts))


def sent(row):
    """What went out to a host, or is to go."""
    if row["outcome"] == rollouts.UNCHANGED:
        return "-"
    if row["transfer"] == "pull":
        return "pull"
    return size(row["bytes"]) if row["bytes"] else "-"


def size(count):
    """Bytes as people read them."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return "%d %s" % (count, unit) if unit == "B" or count >= 10 else "%.1f %s" % (count, unit)
        count /= 1000.0
    return "%.1f GB" % count


def _counted(rows):
    counts = [(rollouts.CHANGE, "to change"), (rollouts.UNCHANGED, "unchanged")]
    parts = ["%d %s" % (sum(row["outcome"] == outcome for row in rows), words) for outcome, words in counts]
    bad = sum(row["failed"] for row in rows)
    return "Plan: %s" % ", ".join(parts + (["%d with a problem" % bad] if bad else []))


def _problems(rows):
    bad = [row for row in rows if row["failed"]]
    return [""] + failures(bad) if bad else []


def _next(rollout):
    if not rollout["order"]:
        return "Nothing to do"
    lines = [
        "Migrate: %s with %s, on %s" % (" ".join([app] + _args(rollout, app)), release, rollout["first"][app])
        for app, release in rollout["migrate"].items()
    ]
    count = len(rollout["sizes"])
    sizes = ", ".join(str(number) for number in rollout["sizes"])
    lines += ["%d wave%s: %s" % (count, "s"[: count > 1], sizes)]
    return "\n".join(lines + [_trial(app, rollout["apps"][app]) for app in rollout["first"]]).rstrip()


def _trial(app, settings):
    """What a new release has to go through; empty if that is nothing."""
    judged, soak = settings["gate"], settings["soak_seconds"]
    shares = ["%d%% of requests" % share for share in settings["shares"]]
    steps = ["%s for %d s" % (step, soak) for step in [*shares, "all"]] if shares or soak else []
    by = ["at least %(at_least)d requests, counted by %(from)s" % judged] if judged else []
    if judged and judged["from"] == NGINX:
        by.insert(0, "bad is " + judged["bad"])
    parts = [", ".join(words) for words in (steps, by) if words]
    return "On trial: %s: %s" % (app, "; ".join(parts)) if parts else ""


def _args(rollout, app):
    return [str(argument) for argument in rollout["apps"][app]["migrate"]["args"]]


def wave(rollout):
    """Which wave comes next; empty if none does."""
    hosts = rollouts.current_wave(rollout)
    if rollout["stopped"] or not hosts:
        return ""
    names = ", ".join(hosts) if len(hosts) <= 10 else _hosts(hosts)
    return "Next: wave %d of %d: %s" % (rollout["wave"] + 1, len(rollout["sizes"]), names)


def progress(result):
    """One line about a host that has just been changed, or has refused to be."""
    if result.get("failed"):
        return "%s, current is %s" % (result.get("outcome") or "failed", result.get("current") or "not set")
    if not result.get("actions"):
        return "nothing to do"
    if "phases" not in result:
        return "removed"
    done = "%s is staged" % result["release"]
    if result.get("ready_ms") is not None:
        where = "has a share of requests" if result.get("server") else "is live"
        done = "%s %s, ready after %d ms" % (result["release"], where, result["ready_ms"])
    phases = ["%s %.1f s" % (name, ms / 1000.0) for name, ms in result["phases"].items() if ms >= 100]
    return done + (" (%s)" % ", ".join(phases) if phases else "")


def outcome(rollout):
    """The closing table, and each failure once and whole."""
    rows = list(rollout["rows"].values())
    lines = table([OUTCOME_COLUMNS] + [_ended_cells(row) for row in rows])
    judged = [gate.described(each) for each in rollout["gates"]]
    return "\n".join(lines + ([""] + judged if judged else []) + _problems(rows))


def _ended_cells(row):
    ready = "-" if row["ready_ms"] in (None, "") else row["ready_ms"]
    return row["host"], row["from"] or "-", row["to"] or "-", row["outcome"], sent(row), ready, row["seconds"]


def failures(rows):
    """Each failure as lines, whole: the outcome and the reason, then what belongs to it."""
    lines = []
    for row in rows:
        head = "%s: %s: %s" % (row["host"], row["outcome"], row["why"] or "it gave no reason")
        lines += head.splitlines()
    return lines


def table(rows):
    """Lines with aligned columns. A row's last cell may be long: it widens no column."""
    rows = [[str(cell) for cell in row] for row in rows]
    columns = range(len(rows[0]) - 1)
    widths = [max(len(row[column]) for row in rows if column < len(row) - 1) for column in columns]
    lines = [[cell.ljust(width) for cell, width in zip(row[:-1], widths)] + row[-1:] for row in rows]
    return "\n".join("  ".join(line).rstrip() for line in lines).splitlines()
