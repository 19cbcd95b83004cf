# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probe until the service is ready, then check that it stays ready."""

from __future__ import annotations

import time

FIRST_PAUSE = 0.01
GLANCE = 0.1
MAX_ATTEMPTS_TOLD = 20


class Verdict:
    """What came of waiting: ``ok``, or the last ``reason``; ``ready_ms`` until ready, None for never; the ``attempts``."""

    def __init__(self):
        self.ok = False
        self.reason = ""
        self.ready_ms = None
        self.count = 0
        self.seconds = 0.0
        self.attempts = []

    def add(self, attempt):
        """Keep the first and the newest attempts: a long wait must not make a long result."""
        self.count += 1
        self.attempts.append(attempt)
        if len(self.attempts) > MAX_ATTEMPTS_TOLD:
            del self.attempts[MAX_ATTEMPTS_TOLD // 2]

    def to_dict(self):
        return {
            "ok": self.ok,
            "reason": self.reason,
            "ready_ms": self.ready_ms,
            "count": self.count,
            "seconds": round(self.seconds, 3),
            "attempts": [attempt.to_dict() for attempt in self.attempts],
        }


def probe_once(check, release=None):
    """Ask once. ``release``: the names that the answer may give its release, where it names one at all; None for any."""
    from . import probe  # what it imports costs ten milliseconds on a host, and not every execution asks

    start = time.monotonic()
    result = probe.probe(check, release, start + check.timeout)
    result.ms = int((time.monotonic() - start) * 1000)
    return result


def wait_until_ready(
    check, release=None, alive=None, since=None, now=time.monotonic, sleep=time.sleep, ask=probe_once
):
    """Ask until the service is ready, then see that it stays so; returns a Verdict.

    Ready: ``success_threshold`` successes in a row; the last probe begins when ``deadline`` is over. Then it must hold for
    ``min_ready_seconds`` without ``failure_threshold`` failures in a row. ``alive()`` gives the reason why there is no use in
    waiting any longer, or None; it is asked often, so it must be cheap. ``since``: when the service was started, as ``now`` tells it;
    ``ready_ms`` counts from then.
    """
    return _Watch(check, alive, since, now, sleep, lambda: ask(check, release)).run()


class _Watch:
    """One wait. Its steps return None to go on, or the reason why the service is not healthy."""

    def __init__(self, check, alive, since, now, sleep, ask):
        self._check = check
        self._alive = alive
        self._now = now
        self._sleep = sleep
        self._ask = ask
        self._start = now()
        self._since = self._start if since is None else since
        self._verdict = Verdict()

    def run(self):
        reason = self._rest(self._check.initial_delay) or self._become_ready() or self._stay_ready()
        self._verdict.ok = reason is None
        self._verdict.reason = reason or ""
        self._verdict.seconds = self._now() - self._start
        return self._verdict

    def _become_ready(self):
        check, successes = self._check, 0
        while True:
            one = self._probe()
            successes = successes + 1 if one.ok else 0
            if successes >= check.success_threshold:
                self._verdict.ready_ms = int((self._now() - self._since) * 1000)
                return None
            left = self._start + check.deadline - self._now()
            # Late by a twenty-fifth of the start at most, however long that takes.
            pause = min(max(FIRST_PAUSE, 0.04 * (self._now() - self._start)), check.period)
            dead = self._rest(min(pause, max(left, 0)))
            if dead:
                return dead if one.ok else "%s (%s)" % (dead, one.reason)
            if left <= 0:
                return one.reason or "%d successes in a row were wanted within %g s" % (
                    check.success_threshold,
                    check.deadline,
                )

    def _stay_ready(self):
        check, failures = self._check, 0
        # Several looks even into a short time, so that failure_threshold can be reached in it.
        pace = min(check.period, max(check.min_ready_seconds / (check.failure_threshold + 1), FIRST_PAUSE))
        end = self._now() + check.min_ready_seconds
        # Probes of a service that hangs take so long that few fit in: the time is not over in the middle of failures.
        while failures or self._now() < end:
            left = end - self._now()
            dead = self._rest(min(pace, left) if left > 0 else pace)
            if dead:
                return dead
            one = self._probe()
            failures = 0 if one.ok else failures + 1
            if failures >= check.failure_threshold:
                return one.reason
        return self._dead()

    def _probe(self):
        begun = self._now()
        one = self._ask()
        one.at_ms = int((begun - self._start) * 1000)
        self._verdict.add(one)
        return one

    def _rest(self, seconds):
        """Sleep, but not in front of a process that has ended: the reason then, as at once where it has already."""
        end = self._now() + seconds
        while True:
            dead, left = self._dead(), end - self._now()
            if dead or left <= 0:
                return dead
            self._sleep(min(left, GLANCE) if self._alive else left)

    def _dead(self):
        return self._alive() if self._alive else None
