# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils import rollout, tables

from .test_rollout import AWAY, BAD, HOSTS, IS, OK, REVERTED, UP, WILL, after, plan, settings


def test_the_plan_says_what_changes_what_travels_what_restarts_and_why():
    change = dict(WILL, bytes=154000, actions=["start orders@green.service", "stop orders@blue.service"])
    lines = tables.plan(plan({"web1": IS, "web2": change}, migrate=UP)).splitlines()
    assert lines[0] == "Plan: 9 to change, 1 unchanged"
    assert lines[2].split() == ["HOST", "FROM", "TO", "SEND", "ACTIONS", "WHY"]
    assert lines[3].split() == ["=", "web1", "2-b", "2-b", "-", "-", "unchanged"]
    what = "kB  start orders@green, stop orders@blue  another release"
    assert lines[4].split(None, 5) == ["~", "web2", "1-a", "2-b", "154", what]
    assert lines[-2:] == ["Migrate: orders up with 2-b, on web2", "3 waves: 1, 2, 6"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"current": None}, "first release"),
        ({"reasons": ["current is 1-a", "it takes over orders.service"]}, "another release; it takes over"),
        ({"current": "2-b", "reasons": ["the service is failed"]}, "the service is failed"),
    ],
)
def test_why_is_what_the_other_columns_do_not_say(change, why):
    made = rollout.planned({"orders": settings(["web1"])}, {"web1": dict(WILL, **change)})
    assert why in tables.plan(made).splitlines()[3]


def test_the_next_wave_is_named_until_there_is_none():
    made = plan({"web1": IS})
    assert tables.wave(made) == "Next: wave 1 of 3: web2"
    made = rollout.after_wave(made, {"web2": OK})
    assert tables.wave(made) == "Next: wave 2 of 3: web3, web4"
    assert tables.wave(dict(made, stopped="2 of 10 hosts failed")) == ""
    assert tables.wave(dict(made, wave=3)) == ""


LIVE = dict(OK, actions=["staged 2-b"], release="2-b", phases={"stage": 1200, "switch": 9})


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (LIVE, "2-b is live, ready after 41 ms (stage 1.2 s)"),
        (dict(LIVE, ready_ms=None, phases={}), "2-b is staged"),
        (dict(LIVE, actions=[]), "nothing to do"),
        # What state=absent returns: it has no phases.
        ({"outcome": "ok", "actions": ["removed /opt/orders"], "release": None, "current": None}, "removed"),
        (REVERTED, "reverted, current is 1-a"),
        ({"failed": True, "msg": "no space"}, "failed, current is not set"),
    ],
)
def test_a_line_about_a_host_as_it_happens(result, line):
    assert tables.progress(result) == line


@pytest.mark.parametrize("trouble", [BAD, AWAY])
def test_each_problem_is_there_once_and_whole(trouble):
    text = tables.plan(plan({"web2": dict(trouble, msg="a reason\nand more")}))
    assert text.count("a reason") == 1 and "! " in text
    assert text.endswith("\nand more"), "what it comes to is the error of the task"


def test_with_nothing_to_do_it_says_so():
    assert tables.plan(plan(dict.fromkeys(HOSTS, IS))).endswith("Nothing to do")


def test_many_hosts_that_are_alike_share_a_line():
    hosts = ["web%04d" % number for number in range(1000)]
    plans = dict(dict.fromkeys(hosts, WILL), web0007=BAD)
    text = tables.plan(rollout.planned({"orders": settings(hosts, max_failures=1)}, plans))
    assert "web0000 to web0999 (999)" in text and "web0007" in text and len(text.splitlines()) < 12


def test_the_columns_are_as_wide_as_their_content():
    long = "1.25.0-rc.1+build.20261127-0123456789ab"
    text = tables.outcome(rollout.ended(after(results=[dict(OK, current=long), REVERTED])))
    lines = text.splitlines()
    for heading in ("FROM", "TO", "OUTCOME", "SENT", "READY MS", "SECONDS"):
        column = lines[0].index(heading)
        assert all(line[column - 2 : column] == "  " for line in lines[:11])
    assert "web2: reverted: not healthy" in lines


@pytest.mark.parametrize(
    ("count", "text"),
    [(1, "1 B"), (999, "999 B"), (1000, "1.0 kB"), (154200, "154 kB"), (8.1e6, "8.1 MB"), (2e9, "2.0 GB")],
)
def test_bytes_as_people_read_them(count, text):
    assert tables.size(count) == text
