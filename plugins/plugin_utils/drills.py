# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drills: which hosts are hit, what is asked meanwhile, and what came of it."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, NamedTuple

from ..module_utils.common import health
from ..module_utils.common.faults import OF_BALANCERS
from ..module_utils.common.health import Attempt, Check

# How often is asked, and how many answers in a row are good before and after a drill.
PERIOD = 0.1
STEADY = 10
# Verdicts. Only the first two are good ends.
HELD, RECOVERED, BROKE, ABORTED, REFUSED = "held", "recovered", "broke", "aborted", "refused"


# --- before it begins -----------------------------------------------------------------------------


def facts(in_play: dict[str, dict[str, Any]], groups: dict[str, list[str]]) -> dict[str, Any]:
    """What the playbook needs to know. ``in_play``: host to its values."""
    first = next(iter(in_play.values()))
    names = ("slipway_fault", "slipway_seconds", "slipway_patience_seconds")
    names += ("slipway_lost_at_most", "slipway_seconds_at_most")
    chosen = first["slipway_on"] or _candidates(in_play, groups)[:1]
    found = {name[len("slipway_") :]: first[name] for name in names}
    return dict(found, hosts=chosen, ask=_ask(first))


def problems(in_play: dict[str, dict[str, Any]], groups: dict[str, list[str]]) -> list[str]:
    """Why a drill must not be made as it is asked for, as sentences."""
    first = next(iter(in_play.values()))
    app, fault, chosen = first["slipway_app"], first["slipway_fault"], first["slipway_on"]
    if not fault:
        return ["slipway_fault is not set: name what is to break, as in -e slipway_fault=kill"]
    if first["slipway_yes"] != app:
        return [
            "slipway_yes: a drill breaks %s on purpose: say that you mean it, with slipway_yes=%s"
            % (app, app)
        ]
    known = _candidates(in_play, groups)
    if not known:
        return ["slipway_fault: %s needs hosts in the group balancers" % fault]
    found = [
        "slipway_on: %r is none of the hosts that %s can hit; use one of %s" % (host, fault, ", ".join(known))
        for host in chosen
        if host not in known
    ]
    if len(chosen) > first["slipway_at_most"]:
        words = "slipway_on: it names %d hosts, and slipway_at_most allows %d at a time"
        found.append(words % (len(chosen), first["slipway_at_most"]))
    return found


def _candidates(in_play, groups):
    """The hosts that the fault can hit."""
    fault = next(iter(in_play.values()))["slipway_fault"]
    return list(groups.get("balancers", ())) if fault in OF_BALANCERS else list(in_play)


def _ask(values):
    """What is asked from outside: what the user says, or the service's domain. Empty for the host itself."""
    if values["slipway_ask"] or not values["slipway_domain"]:
        return values["slipway_ask"]
    scheme = "https" if values["slipway_tls"] else "http"
    return {
        "type": "http",
        "scheme": scheme,
        "host": values["slipway_domain"][0].replace("*", "www", 1),
        "port": {"https": 443, "http": 80}[scheme],
        "path": values["slipway_health"].get("path") or "/",
    }


# --- while it lasts -------------------------------------------------------------------------------


class Asked(NamedTuple):
    """One question: when it began and ended, and why its answer was none or bad; empty for a good one."""

    begun: float
    ended: float
    problem: str


class Asker:
    """Asks ten times a second, whether or not earlier questions have been answered."""

    def __init__(self, check: Check, ask: Callable[[Check], Attempt] = health.probe_once) -> None:
        self._check = check
        self._ask = ask
        self._asked: list[Asked] = []
        self._ends = threading.Event()
        # A question without an answer keeps its thread until its time is over.
        self._pool = ThreadPoolExecutor(int(check.timeout / PERIOD) + 10)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Asker:
        self._thread.start()
        return self

    def __exit__(self, *dummy: object) -> None:
        self._ends.set()
        self._thread.join()
        self._pool.shutdown()

    def _run(self):
        begun = time.monotonic()
        for number in itertools.count(1):
            self._pool.submit(self._one)
            if self._ends.wait(max(0.0, begun + number * PERIOD - time.monotonic())):
                return

    def _one(self):
        begun = time.monotonic()
        attempt = self._ask(self._check)
        self._asked.append(Asked(begun, time.monotonic(), "" if attempt.ok else attempt.reason))

    def since(self, moment: float) -> list[Asked]:
        """The questions that began since then and have ended, in their order."""
        return sorted(asked for asked in list(self._asked) if asked.begun >= moment)

    def is_steady(self, since: float, deadline: float) -> bool:
        """Wait until some answers in a row are good; False if that is not before the deadline."""
        while True:
            newest = self.since(since)[-STEADY:]
            if len(newest) == STEADY and not any(asked.problem for asked in newest):
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(PERIOD)


# --- after it has ended ---------------------------------------------------------------------------


class Losses(NamedTuple):
    """What was lost: how many of how many questions, between which of them, and why the first one was."""

    asked: int
    lost: int
    seconds: float
    problem: str

    @classmethod
    def of(cls, asked: list[Asked]) -> Losses:
        bad = [one for one in asked if one.problem]
        if not bad:
            return cls(len(asked), 0, 0.0, "")
        seconds = round(max(one.ended for one in bad) - bad[0].begun, 2)
        return cls(len(asked), len(bad), seconds, bad[0].problem)


def judged(
    losses: Losses, healthy: str, lost_at_most: int | None, seconds_at_most: int | None
) -> dict[str, Any]:
    """The verdict, as a part of the result. ``healthy``: why it is not after the drill; empty if it is."""
    verdict = BROKE if healthy else RECOVERED if losses.lost else HELD
    found = {"verdict": verdict, "asked": losses.asked, "lost": losses.lost, "seconds": losses.seconds}
    words = "%s: %s" % (verdict, _in_words(losses))
    if losses.problem:
        words += "; the first: %s" % losses.problem
    if healthy:
        return dict(found, failed=True, msg="%s. It is still not healthy: %s" % (words, healthy))
    over = list(_over_budget(losses, lost_at_most, seconds_at_most))
    return dict(found, failed=bool(over), msg=". ".join([words, *over]))


def _in_words(losses):
    if not losses.lost:
        return "none of %d requests was lost" % losses.asked
    return "%d of %d requests were lost, within %.1f s" % (losses.lost, losses.asked, losses.seconds)


def _over_budget(losses, lost_at_most, seconds_at_most):
    if lost_at_most is not None and losses.lost > lost_at_most:
        yield "More than slipway_lost_at_most allows: %d" % lost_at_most
    if seconds_at_most is not None and losses.seconds > seconds_at_most:
        yield "Longer than slipway_seconds_at_most allows: %d s" % seconds_at_most
