# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import health
from ansible_collections.slipway.golang.plugins.module_utils.common.health import wait


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.time = 100.0

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.time += seconds


def watch(healthy, alive=None, failing_takes=0, since=None, **options):
    """Wait with a service that is healthy when ``healthy(seconds since the start)`` says so."""
    clock = Clock()

    def ask(check, release):
        if healthy(clock.time - 100):
            return health.Attempt(True)
        clock.sleep(failing_takes)
        return health.Attempt(False, "unhealthy at %.1f" % (clock.time - 100))

    check = health.parse(dict({"port": 80}, **options))
    ends = (lambda: alive(clock.time - 100)) if alive else None
    return health.wait_until_ready(
        check,
        alive=ends,
        since=None if since is None else 100 + since,
        now=clock.now,
        sleep=clock.sleep,
        ask=ask,
    ), clock.time - 100


def test_a_service_that_is_ready_at_once_is_asked_once():
    verdict, took = watch(lambda at: True, min_ready_seconds=0)
    assert verdict.ok and verdict.count == 1 and took == 0 and verdict.ready_ms == 0


def test_waiting_begins_with_milliseconds_and_never_exceeds_the_period():
    verdict, took = watch(lambda at: at >= 20, period=2, min_ready_seconds=0)
    starts = [attempt.at_ms for attempt in verdict.attempts]
    assert starts[1] == 10
    assert verdict.ok and 20 <= took <= 22


def test_a_service_that_is_not_ready_by_the_deadline_is_given_up_with_its_last_reason():
    verdict, took = watch(lambda at: False, deadline=7)
    assert not verdict.ok and verdict.reason == "unhealthy at 7.0" and took == 7 and verdict.ready_ms is None


def test_as_many_successes_in_a_row_are_wanted_as_the_threshold_says():
    verdict, dummy = watch(lambda at: at < 0.005 or at > 1, success_threshold=3, min_ready_seconds=0)
    assert verdict.ok and verdict.attempts[0].ok and not verdict.attempts[1].ok
    assert [attempt.ok for attempt in verdict.attempts[-3:]] == [True] * 3
    assert not watch(lambda at: int(at * 100) % 2, success_threshold=1000, deadline=2)[0].ok


def test_it_must_hold_for_min_ready_seconds():
    verdict, took = watch(lambda at: True, min_ready_seconds=5)
    assert verdict.ok and took == 5 and verdict.ready_ms == 0


def test_a_service_that_fails_while_it_must_hold_is_unhealthy():
    verdict, took = watch(lambda at: at < 1, min_ready_seconds=10, failure_threshold=2)
    assert not verdict.ok and "unhealthy at" in verdict.reason and took < 4 and verdict.ready_ms == 0


def test_a_single_failure_below_the_threshold_is_forgiven():
    verdict, dummy = watch(lambda at: not 2.5 < at < 3.5, min_ready_seconds=10, failure_threshold=3)
    assert verdict.ok


@pytest.mark.parametrize("min_ready_seconds", [0.1, 0.5, 2])
def test_even_a_short_hold_has_room_for_failure_threshold_failures(min_ready_seconds):
    assert not watch(lambda at: at == 0, min_ready_seconds=min_ready_seconds, failure_threshold=3)[0].ok


@pytest.mark.parametrize("failure_threshold", [1, 2, 3, 5])
@pytest.mark.parametrize("hangs_from", [0.001, 1.2, 1.9])
def test_a_service_that_hangs_before_the_hold_is_over_is_unhealthy_though_few_probes_fit_in(
    hangs_from, failure_threshold
):
    """Each probe then takes all of its timeout, half of the default min_ready_seconds."""
    verdict, took = watch(lambda at: at < hangs_from, failing_takes=1, failure_threshold=failure_threshold)
    assert not verdict.ok and verdict.reason.startswith("unhealthy at") and verdict.ready_ms == 0
    assert took <= 2 + failure_threshold * 2


def test_one_good_answer_ends_the_doubt_at_the_end_of_the_hold():
    verdict, took = watch(lambda at: not 1.9 < at < 2.1, min_ready_seconds=2)
    assert verdict.ok and [attempt.ok for attempt in verdict.attempts[-2:]] == [False, True] and took == 2.5


def test_waiting_ends_at_once_when_the_process_is_gone():
    verdict, took = watch(
        lambda at: False, alive=lambda at: "its process ended" if at > 0.5 else None, deadline=600
    )
    assert not verdict.ok and verdict.reason.startswith("its process ended (unhealthy at") and took < 2


def test_a_process_that_ends_while_it_must_hold_is_unhealthy_though_another_one_answers():
    verdict, took = watch(
        lambda at: True, alive=lambda at: "its process ended" if at > 1 else None, min_ready_seconds=60
    )
    assert not verdict.ok and verdict.reason == "its process ended" and took < 3


def test_the_first_probe_waits_for_the_initial_delay():
    verdict, took = watch(lambda at: True, initial_delay=3, min_ready_seconds=0)
    assert verdict.ok and verdict.attempts[0].at_ms == 3000 and took == 3


def test_the_initial_delay_ends_when_the_process_does():
    verdict, took = watch(
        lambda at: True, alive=lambda at: "its process ended" if at > 1 else None, initial_delay=20
    )
    assert not verdict.ok and verdict.reason == "its process ended" and verdict.count == 0 and took < 1.2


def test_a_long_period_does_not_hide_the_end_of_the_process():
    verdict, took = watch(
        lambda at: at < 1,
        alive=lambda at: "its process ended" if at > 20 else None,
        period=30,
        min_ready_seconds=300,
    )
    assert not verdict.ok and verdict.reason == "its process ended" and took < 20.2


def test_a_long_wait_makes_no_long_result():
    verdict, dummy = watch(lambda at: False, deadline=1000, period=0.1)
    assert verdict.count > 1000 and len(verdict.to_dict()["attempts"]) == wait.MAX_ATTEMPTS_SHOWN
    assert verdict.attempts[0].at_ms == 0 and verdict.attempts[-1].at_ms > 990_000


def test_readiness_is_noticed_soon_however_long_the_start_takes():
    for start in (0.03, 1.0, 12.0):
        verdict, dummy = watch(
            lambda at, start=start: at >= start, deadline=60, period=10, min_ready_seconds=0
        )
        assert verdict.ready_ms - 1000 * start <= max(15, 42 * start)
    assert verdict.count < 200


def test_readiness_is_counted_from_the_start_of_the_process():
    verdict, dummy = watch(lambda at: at >= 1, since=-0.5, min_ready_seconds=0)
    assert 1500 <= verdict.ready_ms < 1550


@pytest.mark.parametrize(
    "answers, problem, slept",
    [
        ("+", None, 0.0),
        ("-+", None, 0.2),
        ("--+", None, 0.4),
        ("---", "late 3", 0.4),
    ],
)
def test_only_failures_in_a_row_make_a_service_unhealthy_now(answers, problem, slept):
    clock, asked = Clock(), []

    def ask(check, release):
        asked.append(release)
        return health.Attempt(answers[len(asked) - 1] == "+", "late %d" % len(asked))

    check = health.parse({"port": 80, "failure_threshold": 3})
    assert health.problem_now(check, ["1.0.0"], sleep=clock.sleep, ask=ask) == problem
    assert asked == [["1.0.0"]] * len(answers)
    assert clock.time - 100 == pytest.approx(slept)
