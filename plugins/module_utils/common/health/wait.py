# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probe until the service is ready, then check that it stays ready."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from .attempt import Attempt
from .options import Check

FIRST_PAUSE = 0.01
ALIVE_INTERVAL = 0.1
AGAIN_PAUSE = 0.2
MAX_ATTEMPTS_SHOWN = 20


class Verdict:
    """The result of waiting.

    ``ok``, or the last ``reason``; ``ready_ms`` until the service was ready, None for never; the
    ``attempts``.
    """

    def __init__(self) -> None:
        self.ok = False
        self.reason = ""
        self.ready_ms: int | None = None
        self.count = 0
        self.seconds = 0.0
        self.attempts: list[Attempt] = []

    def add(self, attempt: Attempt) -> None:
        """Keep the first and the newest attempts, so that a long wait does not make a long result."""
        self.count += 1
        self.attempts.append(attempt)
        if len(self.attempts) > MAX_ATTEMPTS_SHOWN:
            del self.attempts[MAX_ATTEMPTS_SHOWN // 2]

    def to_dict(self) -> dict[str, object]:
        """Plain values, for a result."""
        return {
            "ok": self.ok,
            "reason": self.reason,
            "ready_ms": self.ready_ms,
            "count": self.count,
            "seconds": round(self.seconds, 3),
            "attempts": [attempt.to_dict() for attempt in self.attempts],
        }


def probe_once(check: Check, release: Collection[str] | None = None) -> Attempt:
    """Probe once.

    ``release``: the names that the answer may give its release, where it names one at all; None for any.
    """
    from . import probe  # its imports cost ten milliseconds on a host, and not every run probes

    start = time.monotonic()
    result = probe.probe(check, release, start + check.timeout)
    result.ms = int((time.monotonic() - start) * 1000)
    return result


def problem_now(
    check: Check,
    release: Collection[str] | None = None,
    sleep: Callable[[float], object] = time.sleep,
    ask: Callable[[Check, Collection[str] | None], Attempt] = probe_once,
) -> str | None:
    """Why a service that runs is unhealthy now; None if it is healthy.

    As for one that is to stay ready, only ``failure_threshold`` failures in a row count: on a busy host a
    single answer may be late.
    """
    for number in range(check.failure_threshold):
        if number:
            sleep(min(check.period, AGAIN_PAUSE))
        attempt = ask(check, release)
        if attempt.ok:
            return None
    return attempt.reason


def wait_until_ready(
    check: Check,
    release: Collection[str] | None = None,
    alive: Callable[[], str | None] | None = None,
    since: float | None = None,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
    ask: Callable[[Check, Collection[str] | None], Attempt] = probe_once,
) -> Verdict:
    """Probe until the service is ready, then check that it stays ready; returns a Verdict.

    Ready: ``success_threshold`` successes in a row; the last probe begins when ``deadline`` is over. Then
    it must hold for ``min_ready_seconds`` without ``failure_threshold`` failures in a row. ``alive()``
    gives the reason to stop waiting, or None; it is called often, so it must be cheap. ``since``: when the
    service was started, on the clock of ``now``; ``ready_ms`` counts from then.
    """
    return _Watch(check, alive, since, now, sleep, lambda: ask(check, release)).run()


class _Watch:
    """One wait. Its steps return None to go on, or the reason why the service is not healthy."""

    def __init__(
        self,
        check: Check,
        alive: Callable[[], str | None] | None,
        since: float | None,
        now: Callable[[], float],
        sleep: Callable[[float], object],
        ask: Callable[[], Attempt],
    ) -> None:
        self._check = check
        self._alive = alive
        self._now = now
        self._sleep = sleep
        self._ask = ask
        self._start = now()
        self._since = self._start if since is None else since
        self._verdict = Verdict()

    def run(self) -> Verdict:
        reason = self._pause(self._check.initial_delay) or self._become_ready() or self._stay_ready()
        self._verdict.ok = reason is None
        self._verdict.reason = reason or ""
        self._verdict.seconds = self._now() - self._start
        return self._verdict

    def _become_ready(self) -> str | None:
        check, successes = self._check, 0
        while True:
            attempt = self._probe()
            successes = successes + 1 if attempt.ok else 0
            if successes >= check.success_threshold:
                self._verdict.ready_ms = int((self._now() - self._since) * 1000)
                return None
            left = self._start + check.deadline - self._now()
            # However long the start takes, its end is noticed at most a twenty-fifth of that time late.
            pause = min(max(FIRST_PAUSE, 0.04 * (self._now() - self._start)), check.period)
            ended = self._pause(min(pause, max(left, 0)))
            if ended:
                return ended if attempt.ok else "%s (%s)" % (ended, attempt.reason)
            if left <= 0:
                return attempt.reason or "%d successes in a row were wanted within %g s" % (
                    check.success_threshold,
                    check.deadline,
                )

    def _stay_ready(self) -> str | None:
        check, failures = self._check, 0
        # Several probes even in a short time, so that failure_threshold can be reached in it.
        pace = min(check.period, max(check.min_ready_seconds / (check.failure_threshold + 1), FIRST_PAUSE))
        end = self._now() + check.min_ready_seconds
        # Probes of a service that hangs take long, so that few fit in: it does not end in the middle of
        # failures.
        while failures or self._now() < end:
            left = end - self._now()
            ended = self._pause(min(pace, left) if left > 0 else pace)
            if ended:
                return ended
            attempt = self._probe()
            failures = 0 if attempt.ok else failures + 1
            if failures >= check.failure_threshold:
                return attempt.reason
        return self._ended()

    def _probe(self) -> Attempt:
        begun = self._now()
        attempt = self._ask()
        attempt.at_ms = int((begun - self._start) * 1000)
        self._verdict.add(attempt)
        return attempt

    def _pause(self, seconds: float) -> str | None:
        """Sleep, but not once the process has ended: the reason then, also where it ended before."""
        end = self._now() + seconds
        while True:
            ended, left = self._ended(), end - self._now()
            if ended or left <= 0:
                return ended
            self._sleep(min(left, ALIVE_INTERVAL) if self._alive else left)

    def _ended(self) -> str | None:
        return self._alive() if self._alive else None
