# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils import rollout, tables

from .test_rollout import AWAY, BAD, HOSTS, IS, OK, REVERTED, UP, WILL, after, plan, settings


def test_the_plan_says_what_changes_what_travels_and_why():
    lines = tables.plan(plan({"web1": IS, "web2": dict(WILL, bytes=154000)}, migrate=UP)).splitlines()
    assert lines[0] == "Plan: 9 to change, 1 unchanged"
    assert lines[2].split() == ["HOST", "FROM", "TO", "SEND", "WHY"]
    assert lines[3].split() == ["=", "web1", "2-b", "2-b", "-", "unchanged"]
    assert lines[4].split(None, 5) == ["~", "web2", "1-a", "2-b", "154", "kB  current is 1-a"]
    assert lines[-2:] == ["Migrate: orders up with 2-b, on web2", "4 waves: 1, 2, 6"] or lines[-1].endswith(
        ": 1, 2, 6"
    )


@pytest.mark.parametrize("trouble", [BAD, AWAY])
def test_each_problem_is_there_once_and_whole(trouble):
    text = tables.plan(plan({"web2": dict(trouble, msg="a reason\nand more")}))
    assert text.count("a reason") == 1 and "\nand more\n" in text
    assert text.endswith("Nothing was changed") and "! " in text


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
