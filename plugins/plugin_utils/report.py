# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollout as one HTML page, which needs nothing else: the plan, the waves on a time line, the outcome.

Pure: the account of a rollout (``rollout.py``) and what was counted in, a text out. All values are escaped
by the template.
"""

from __future__ import annotations

import datetime
import functools
import pathlib

import jinja2

from . import rollout as rollouts
from . import tables

TEMPLATE = pathlib.Path(__file__).resolve().parents[2] / "playbooks" / "templates" / "report.html.j2"
# The phases of an act on a host, in its result, and "send": all else that the controller waited for.
WORDS = {
    "send": "connect and send",
    "stage": "unpack",
    "preflight": "check",
    "smoke": "smoke test",
    "switch": "switch",
    "start": "start",
    "health": "wait until healthy",
    "other": "other",
}
_CLASSES = {
    "ok": "good",
    rollouts.UNCHANGED: "soft",
    rollouts.NOT_REACHED: "wait",
    rollouts.WOULD_CHANGE: "wait",
}


def page(rollout, actor, began, ended, requests=None, request_seconds=0):
    """The text of the page.

    ``began`` and ``ended``: seconds since 1970. ``requests``: host to the result of
    slipway.golang.request_info, or None if nobody asked.
    """
    rows = list(rollout["rows"].values())
    waves = _wave_of(rollout)
    first, width = _span(rows)
    lanes = _lanes(rollout, waves, first, width)
    return _template().render(
        title="%s: %s" % (", ".join(rollout["apps"]), _change(rows)),
        verdict=_verdict(rollout, rows),
        ok=rollout["ok"] and not any(row["failed"] for row in rows),
        reason=rollout["refused"] or rollout["stopped"],
        actor=actor,
        when=_utc(began),
        took="%.1f s" % (ended - began),
        hosts=[_host(row, waves) for row in rows],
        lanes=lanes,
        width=width,
        colors=list(WORDS),
        words=WORDS,
        used={piece["class"] for group in lanes for lane in group["lanes"] for piece in lane["pieces"]},
        starts=[_start(row) for row in rows if row["acts"] and row["acts"][0]["ready_ms"] is not None],
        asked_requests=requests is not None,
        request_minutes=-(-request_seconds // 60),
        requests=list(_requests(requests or {})),
        request_problems=list(_request_problems(requests or {})),
    )


@functools.lru_cache(maxsize=None)
def _template():
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def _change(rows):
    """From which releases to which, as a short text: as versions, unless these are the same."""
    moved = [row for row in rows if row["to"] != row["from"]] or rows
    before = {row["from"] for row in moved if row["from"]}
    after = {row["to"] for row in moved if row["to"]}
    if before == after:
        before = set()
    if not _versions(before) & _versions(after):
        before, after = _versions(before), _versions(after)
    return " to ".join(", ".join(sorted(names)) for names in (before, after or {"nothing"}) if names)


def _versions(ids):
    return {name.rpartition("-")[0] for name in ids}


def _verdict(rollout, rows):
    counts = {}
    for row in rows:
        counts[row["outcome"]] = counts.get(row["outcome"], 0) + 1
    counted = ", ".join("%d %s" % (count, outcome) for outcome, count in counts.items())
    if rollout["refused"]:
        return "Refused, nothing was changed: " + counted
    return ("Stopped: " if rollout["stopped"] else "Done: ") + counted


def _wave_of(rollout):
    """Host to the number of its wave."""
    found, begin = {}, 0
    for number, size in enumerate(rollout["sizes"], 1):
        found.update(dict.fromkeys(rollout["order"][begin : begin + size], number))
        begin += size
    return found


def _host(row, waves):
    return {
        "name": row["host"],
        "wave": waves.get(row["host"]),
        "from": row["from"],
        "to": row["to"],
        "outcome": row["outcome"],
        "class": "bad" if row["failed"] else _CLASSES.get(row["outcome"], ""),
        "sent": tables.sent(row),
        "ready_ms": row["ready_ms"],
        "actions": ", ".join(row["actions"]),
        "failed": row["failed"],
        "why": row["why"],
    }


def _span(rows):
    """The beginning of the first act, and the seconds from there to the end of the last."""
    acts = [act for row in rows for act in row["acts"]]
    if not acts:
        return 0.0, 0.0
    first = min(act["began"] for act in acts)
    return first, max(max(act["ended"] for act in acts) - first, 0.001)


def _lanes(rollout, waves, first, width):
    """A line for each act: the waves, and below them the way back."""
    groups, back = {}, []
    for host in rollout["order"]:  # wave by wave
        for number, act in enumerate(rollout["rows"][host]["acts"]):
            lanes = back if number else groups.setdefault("Wave %d" % waves[host], [])
            lanes.append({"host": host, "pieces": _pieces(act, first, width)})
    groups.update({"Roll back": back} if back else {})
    return [{"name": name, "lanes": lanes} for name, lanes in groups.items()]


def _pieces(act, first, width):
    """The phases one after another, in percent of the width; the first is what came before them."""
    phases = [(name, ms / 1000.0) for name, ms in act["phases"].items()]
    whole = act["ended"] - act["began"]
    before = max(whole - sum(seconds for dummy, seconds in phases), 0.0)
    position, pieces = act["began"] - first, []
    for name, seconds in [("send", before), *phases]:
        known = name if name in WORDS else "other"
        title = "%s: %.2f s, from %.2f s on" % (WORDS[known] if known == name else name, seconds, position)
        place = {"left": 100 * position / width, "width": 100 * seconds / width}
        pieces.append(dict(place, title=title, **{"class": known}))
        position += seconds
    return pieces


def _start(row):
    act = row["acts"][0]
    return {"host": row["host"], "before": act["ready_ms_before"], "after": act["ready_ms"]}


def _requests(requests):
    for host, result in requests.items():
        for release, counts in sorted((result.get("releases") or {}).items()):
            share = 100.0 * counts["errors"] / counts["requests"] if counts["requests"] else 0.0
            yield dict(counts, host=host, release=release, share=share)


def _request_problems(requests):
    """What was not counted: it must not look as if there had been no errors."""
    for host, result in requests.items():
        if result.get("failed") or result.get("unreachable") or "releases" not in result:
            yield "%s: requests were not counted: %s" % (host, result.get("msg") or "no answer")
        elif not result["complete"]:
            yield "%s: only the newest 100 MB of the access log were counted" % host


def _utc(seconds):
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
