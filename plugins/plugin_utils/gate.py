# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate: is the new release worse than the old one, by what their users' requests got?

Pure: what was counted in, a verdict out. Where requests are counted: ``gate_sources.py`` and the step
``requests`` of the engine.
"""

from __future__ import annotations

from .exact_test import p_value
from .gate_options import NGINX, STOP

SAME, WORSE, UNSURE = "better or the same", "worse", "unsure"
# How rarely a release that is as good as the old one may be called worse.
SIGNIFICANT = 0.001
# The new release, the old one in the same minutes, and what the hosts of the wave and the others got before.
COUNTED = ("new", "old", "before", "others_before")
# For each host with the new release so many that still have the old one are asked.
OLD_HOSTS = 3
# Between two looks, in seconds.
SHORTEST_WAIT, LONGEST_WAIT = 2, 30


def asked(settings, batch, waiting, balancers):
    """Host of the wave to the hosts whose logs it is to have counted."""
    if settings["from"] != NGINX or not batch:
        return {}
    if balancers:
        return {batch[0]: list(balancers)}
    return {
        host: [host, *waiting[number * OLD_HOSTS : (number + 1) * OLD_HOSTS]]
        for number, host in enumerate(batch)
    }


def begun(account, hosts, sites, balancers, now):
    """What is to be compared once hosts have the new release: an account of its own, for the playbooks.

    ``sites``: the hosts that have nginx, or None for balancers in front of all.
    """
    rows = account["rows"]
    app = rows[hosts[0]]["app"]
    settings = account["apps"][app]["gate"]
    if not settings:
        return {"batch": []}
    nginx_only = sites if settings["from"] == NGINX else None
    usable = [host for host in hosts if nginx_only is None or host in nginx_only]
    batch = [host for host in usable if _has_both(rows[host])]
    others = [host for host in account["order"] if rows[host]["app"] == app and host not in hosts]
    share = rows[batch[0]]["share"] if batch else 0
    waiting = [
        host
        for host in others
        # With a share, the old release serves on the same hosts: none is more like them.
        if not share and host not in account["reached"] and (nginx_only is None or host in nginx_only)
    ]
    return {
        "app": app,
        "batch": batch,
        "waiting": waiting,
        "balancers": bool(balancers),
        "asks": asked(settings, batch, waiting, balancers),
        "slow_after": settings["slow_after"],
        "releases": {"new": rows[batch[0]]["to"], "old": rows[batch[0]]["from"]} if batch else {},
        "share": share,
        "wave": account["wave"] + bool(share),
        "began": now,
        "waited": 0,
        "wait": 0,
    }


def _has_both(row):
    """Whether it has the new release now, and had another one before: without it nothing can be compared."""
    is_new = row["outcome"] == "ok" or (row["share"] and not row["failed"])
    return bool(is_new and row["from"] and row["from"] != row["to"])


class Sides:
    """Which of the two releases answered a request, by the name in the answer, or by who answered.

    ``rows``: those of the app in the account of the rollout. ``batch``: the hosts with the new release, and
    ``waiting`` those that still have the old one. ``addresses``: server to host, for the logs of balancers.
    """

    def __init__(self, rows, batch, waiting, addresses):
        new = _names(rows[host]["to"] for host in batch)
        old = _names(row["from"] for row in rows.values() if row["from"] != row["to"])
        self._new, self._old = new - old, old - new
        self._batch, self._waiting = batch, waiting
        self._failed = [host for host, row in rows.items() if row["failed"]]
        self._addresses = addresses
        self._shared = {host: rows[host]["server"] for host in batch if rows[host]["share"]}

    def now(self, host, entry):
        """The side of a request to this host since the new release serves: ``new``, ``old``, or None."""
        if self._asked(host, entry) in self._failed:
            return None  # it is unhealthy, which the failure budget is for
        if entry["release"] in self._new or entry["release"] in self._old:
            return "new" if entry["release"] in self._new else "old"
        if not entry["server"]:
            return None  # nginx answered itself
        if host in self._shared:
            return "new" if entry["server"] == self._shared[host] else "old"
        return self._by_host(host, entry, "new", "old")

    def before(self, host, entry):
        """The same for a request from before the rollout: ``before``, ``others_before``, or None."""
        if entry["release"] in self._new or not entry["server"]:
            return None
        return self._by_host(host, entry, "before", "others_before")

    def _by_host(self, host, entry, of_batch, of_waiting):
        host = self._asked(host, entry)
        return of_batch if host in self._batch else of_waiting if host in self._waiting else None

    def _asked(self, host, entry):
        """The host whose service was asked."""
        return self._addresses.get(entry["server"]) if self._addresses else host


def _names(ids):
    """What answers may call these releases: by the id, or by the version."""
    return {name for each in ids if each for name in (each, each.rpartition("-")[0])}


def totals(sides, answers):
    """Sum what hosts have counted of each side, as requests and bad ones.

    ``answers``: pairs of a host and the result of slipway.golang.request_info.
    """
    found = {name: {"requests": 0, "bad": 0} for name in COUNTED}
    for host, result in answers:
        for entry in result["servers"]:
            _add(found.get(sides.now(host, entry)), entry)
        for entry in result["baseline"]:
            _add(found.get(sides.before(host, entry)), entry)
    return found


def _add(side, entry):
    if side:
        side["requests"] += entry["requests"]
        side["bad"] += entry["errors"] + entry["slow"]


def judge(settings, counted):
    """The verdict. ``worse`` needs both: a difference that chance does not explain, and one that matters."""
    new, old = counted["new"], _standard(settings, counted)
    chance = p_value(new["bad"], new["requests"], old["bad"], old["requests"])
    verdict = SAME
    if _is_worse(settings, new, old) and new["requests"] >= settings["at_least"]:
        verdict = WORSE
    elif min(new["requests"], old["requests"]) < settings["at_least"]:
        verdict = UNSURE
    return {"verdict": verdict, "new": new, "old": old, "p": chance}


def _standard(settings, counted):
    """The requests to the old release that those to the new one are compared with."""
    before, others = counted["before"], counted["others_before"]
    if _is_worse(settings, before, others):
        return before  # these hosts had worse answers than the others already, with the same release
    if counted["old"]["requests"] >= settings["at_least"]:
        return counted["old"]  # the same minutes: what hurts both releases says nothing about one
    sides = counted["old"], before, others
    return {name: sum(side[name] for side in sides) for name in before}


def _is_worse(settings, these, those):
    """Whether chance does not explain the difference, and it matters."""
    chance = p_value(these["bad"], these["requests"], those["bad"], those["requests"])
    return chance < SIGNIFICANT and percent(these) - percent(those) > settings["worse_by"]


def percent(side):
    return 100.0 * side["bad"] / side["requests"] if side["requests"] else 0.0


def unknown(problem):
    """The verdict where nothing could be counted."""
    none = {"requests": 0, "bad": 0}
    return {"verdict": UNSURE, "new": none, "old": none, "p": 1.0, "not_counted": [problem]}


def wait(settings, judged, elapsed, waited):
    """For how many seconds to wait for more requests; 0 if there are enough, or patience is over."""
    left, missing = settings["patience"] - waited, settings["at_least"] - judged["new"]["requests"]
    if judged["verdict"] != UNSURE or missing <= 0 or left <= 0:
        return 0
    if judged["not_counted"] and not judged["new"]["requests"]:
        return 0  # it is not for lack of requests
    rate = judged["new"]["requests"] / max(elapsed, 1.0)
    needed = missing / rate if rate else LONGEST_WAIT
    return int(min(max(needed, SHORTEST_WAIT), LONGEST_WAIT, left) + 0.999)


def named(judged, settings, begun_with):
    """The verdict with what it is about, as the summary has it."""
    releases = begun_with["releases"]
    new, old = (dict(judged[side], release=releases[side]) for side in ("new", "old"))
    about = {key: begun_with[key] for key in ("app", "wave", "share")}
    hosts = begun_with["batch"]
    return dict(judged, new=new, old=old, hosts=hosts, at_least=settings["at_least"], **about)


def waiting(settings, judged, seconds):
    """A line about a wait."""
    counts = judged["new"]["requests"], settings["at_least"], seconds
    return "Gate: %d of %d requests: waiting up to %d s for more" % counts


def described(judged):
    """The verdict of a wave as a line."""
    share = " at %d%% of requests" % judged["share"] if judged["share"] else ""
    return "Gate, wave %d%s: %s: %s" % (judged["wave"], share, judged["verdict"], sentence(judged))


def sentence(judged):
    """What was found, in numbers."""
    new, old = judged["new"], judged["old"]
    missing = "requests were not counted: " + "; ".join(judged["not_counted"])
    if judged["not_counted"] and not new["requests"]:
        return missing
    text = "%s of %s requests were bad with %s, %s of %s with %s" % (
        _share(new),
        "{:,}".format(new["requests"]),
        new["release"],
        _share(old),
        "{:,}".format(old["requests"]),
        old["release"],
    )
    if judged["verdict"] == UNSURE:
        text += "; at_least is %d" % judged["at_least"]
    return "; ".join([text] + [missing] * bool(judged["not_counted"]))


def _share(side):
    return "%.1f%%" % percent(side)


def stops(settings, judged):
    """Whether the rollout ends with this verdict."""
    return judged["verdict"] == WORSE or (judged["verdict"] == UNSURE and settings["unsure"] == STOP)
