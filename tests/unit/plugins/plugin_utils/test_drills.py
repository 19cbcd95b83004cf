# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts a drill hits, what is asked meanwhile, and what comes of the answers."""

from __future__ import annotations

import re
import threading
import time

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import health
from ansible_collections.slipway.golang.plugins.module_utils.common.health import Attempt
from ansible_collections.slipway.golang.plugins.plugin_utils import drills, variables
from ansible_collections.slipway.golang.plugins.plugin_utils.drills import Asked, Asker, Losses


def values(**given):
    found, problems = variables.read({"slipway_app": "orders", **given}, lambda value: value, "/inventory")
    assert problems == []
    return found


def in_play(**given):
    return {host: values(**given) for host in ("web1", "web2")}


SURE = {"slipway_fault": "kill", "slipway_yes": "orders"}


def test_one_host_is_hit_unless_more_are_named():
    assert drills.problems(in_play(**SURE), {}) == []
    assert drills.facts(in_play(**SURE), {})["hosts"] == ["web1"]
    assert drills.facts(in_play(slipway_on="web2", **SURE), {})["hosts"] == ["web2"]
    two = in_play(slipway_on="web2, web1", **SURE)
    assert drills.problems(two, {}) == [
        "slipway_on: it names 2 hosts, and slipway_at_most allows 1 at a time"
    ]
    told = in_play(slipway_on=["web2", "web1"], slipway_at_most="2", **SURE)
    assert drills.problems(told, {}) == [] and drills.facts(told, {})["hosts"] == ["web2", "web1"]


@pytest.mark.parametrize(
    "given, problem",
    [
        ({"slipway_yes": "orders"}, "slipway_fault is not set"),
        ({"slipway_fault": "kill"}, "say that you mean it, with slipway_yes=orders"),
        ({"slipway_fault": "kill", "slipway_yes": "true"}, "slipway_yes=orders"),
        (
            dict(SURE, slipway_on="web9"),
            "'web9' is none of the hosts that kill can hit; use one of web1, web2",
        ),
        (dict(SURE, slipway_on="lb1"), "'lb1' is none of the hosts"),
        (dict(SURE, slipway_fault="lost_balancer", slipway_on="web1"), "use one of lb1"),
    ],
)
def test_what_nobody_means_is_refused(given, problem):
    (found,) = drills.problems(in_play(**given), {"balancers": ["lb1"]})
    assert problem in found


def test_a_balancer_is_lost_where_there_is_one():
    lost = {**SURE, "slipway_fault": "lost_balancer"}
    assert drills.facts(in_play(**lost), {"balancers": ["lb1", "lb2"]})["hosts"] == ["lb1"]
    assert "group balancers" in drills.problems(in_play(**lost), {})[0]


@pytest.mark.parametrize(
    "given, asked",
    [
        ({}, {}),
        ({"slipway_ask": {"host": "x", "port": 81, "path": "/"}}, {"host": "x", "port": 81, "path": "/"}),
        (
            {"slipway_domain": "a.example.com", "slipway_health": {"path": "/healthz"}},
            {"type": "http", "scheme": "https", "host": "a.example.com", "port": 443, "path": "/healthz"},
        ),
        (
            {"slipway_domain": ["*.example.com"], "slipway_tls": False},
            {"type": "http", "scheme": "http", "host": "www.example.com", "port": 80, "path": "/"},
        ),
    ],
)
def test_what_is_asked_is_what_users_ask(given, asked):
    found = drills.facts(in_play(**SURE, **given), {})["ask"]
    assert found == asked
    if found:
        health.parse(found)


def test_limits_are_numbers_or_nothing():
    found = drills.facts(in_play(slipway_lost_at_most="0", **SURE), {})
    assert (found["lost_at_most"], found["seconds_at_most"]) == (0, None)
    assert (found["fault"], found["seconds"], found["patience_seconds"]) == ("kill", 30, 60)


@pytest.mark.parametrize(
    "given, problem",
    [
        ({"slipway_fault": "kil"}, "slipway_fault: 'kil' is not usable: .* did you mean kill"),
        ({"slipway_ask": {"command": ["true"]}}, "slipway_ask: .* type http or tcp"),
        ({"slipway_ask": {"host": "x", "path": "/"}}, "slipway_ask: .* name its port"),
        ({"slipway_ask": {"host": "x", "path": "x", "port": 1}}, "slipway_ask.path: 'x' is not usable"),
        ({"slipway_ask": {"host": "x", "pth": "/"}}, "slipway_ask: 'pth' is not usable"),
        ({"slipway_lost_at_most": -1}, "slipway_lost_at_most: -1"),
    ],
)
def test_variables_that_cannot_be_used(given, problem):
    dummy, (found,) = variables.read({"slipway_app": "orders", **given}, lambda value: value, "/inventory")
    assert re.search(problem, found), found


# --- while it lasts


class Service:
    """Answers, or does not until it may."""

    def __init__(self):
        self.problem = ""
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self, check):
        self.may_answer.wait(30)
        return Attempt(not self.problem, self.problem)


CHECK = health.parse({"host": "127.0.0.1", "port": 80, "timeout": 1.0})


def wait_for(ready):
    end = time.monotonic() + 30
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_questions_go_on_while_none_is_answered():
    service = Service()
    with Asker(CHECK, service) as asker:
        assert asker.is_steady(0, time.monotonic() + 30)
        begun = time.monotonic()
        service.may_answer.clear()
        wait_for(lambda: time.monotonic() > begun + 0.5)
        assert len(asker.since(begun)) <= 1, "one may have been on its way"
        service.may_answer.set()
        wait_for(lambda: len(asker.since(begun)) >= 4)
    asked = asker.since(begun)
    assert asked == sorted(asked)
    assert max(one.ended - one.begun for one in asked) >= 0.3


def test_it_is_steady_only_after_ten_good_answers():
    service = Service()
    service.problem = "answered 502"
    with Asker(CHECK, service) as asker:
        wait_for(lambda: len(asker.since(0)) >= 3)
        assert not asker.is_steady(0, time.monotonic())
        service.problem = ""
        assert asker.is_steady(0, time.monotonic() + 30)
    losses = Losses.of(asker.since(0))
    assert losses.lost >= 3 and losses.asked >= losses.lost + drills.STEADY


# --- after it has ended

GOOD = [Asked(number * 0.1, number * 0.1 + 0.01, "") for number in range(20)]
BAD = [Asked(0.5, 1.5, "no answer"), Asked(0.6, 1.6, "answered 502")]


def test_losses_are_from_the_first_to_the_last():
    assert Losses.of(GOOD) == (20, 0, 0.0, "")
    assert Losses.of(sorted(GOOD + BAD)) == (22, 2, 1.1, "no answer")


@pytest.mark.parametrize(
    "asked, healthy, limits, verdict, failed, words",
    [
        (GOOD, "", (None, None), "held", False, "held: none of 20 requests was lost"),
        (GOOD, "", (0, 0), "held", False, "held"),
        (
            GOOD + BAD,
            "",
            (None, None),
            "recovered",
            False,
            "recovered: 2 of 22 requests were lost, within 1.1 s; the first: no answer",
        ),
        (GOOD + BAD, "", (2, 2), "recovered", False, "recovered"),
        (GOOD + BAD, "", (1, None), "recovered", True, "More than slipway_lost_at_most allows: 1"),
        (GOOD + BAD, "", (None, 1), "recovered", True, "Longer than slipway_seconds_at_most allows: 1 s"),
        (GOOD, "it does not run", (None, None), "broke", True, "It is still not healthy: it does not run"),
        (GOOD + BAD, "it does not run", (9, 9), "broke", True, "broke: 2 of 22"),
    ],
)
def test_verdicts(asked, healthy, limits, verdict, failed, words):
    found = drills.judged(Losses.of(sorted(asked)), healthy, *limits)
    assert (found["verdict"], found["failed"]) == (verdict, failed)
    assert words in found["msg"]
