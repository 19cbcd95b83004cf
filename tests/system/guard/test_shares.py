# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shares: a new release gets some of the requests first, and none any more when it is worse."""

from __future__ import annotations

import os
import signal
import subprocess

from .conftest import ONE, wait_for


def test_no_more_than_a_share_of_the_requests_meets_a_bad_release(shop):
    before = shop.live("web1")
    with shop.clients(200, "web1") as reports:
        ran = shop.deploy(
            "3.0.0",
            *ONE,
            fail_every=4,
            slipway_shares=[5, 25],
            slipway_soak_seconds=10,
            slipway_gate={"at_least": 30, "patience": 20},
        )
    assert ran.code != 0 and ran.outcomes == ["rolled back"], ran.said[-6000:]
    assert ran.verdicts == ["worse"] and ran.gate[0]["share"] == 5
    while_shared = ran.gate[0]["new"]["requests"], ran.gate[0]["old"]["requests"]
    assert while_shared[0] <= 0.07 * sum(while_shared), while_shared
    report = reports["web1"]
    met = report["failed"] + report["releases"].get("3.0.0", 0)
    assert 0 < met <= 0.07 * report["requests"], report
    assert {failure["reason"] for failure in report["failures"]} == {"status 500"}
    assert shop.live("web1") == before and shop.shares("web1") == []
    assert len(shop.instances("web1")) == 1
    assert [entry["outcome"] for entry in shop.history("web1")[-3:]] == ["ok", "reverted", "ok"]


def test_a_good_release_gets_its_shares_and_then_all_without_a_lost_request(shop):
    with shop.clients(100, "web1") as reports:
        ran = shop.deploy(
            "3.1.0",
            *ONE,
            slipway_shares=[5, 25],
            slipway_soak_seconds=4,
            slipway_gate={"at_least": 10, "patience": 20, "unsure": "stop"},
        )
    assert ran.code == 0 and ran.outcomes == ["ok"], ran.said[-6000:]
    assert [(each["share"], each["verdict"]) for each in ran.gate] == [
        (5, "better or the same"),
        (25, "better or the same"),
        (0, "better or the same"),
    ]
    few, more, dummy = ran.gate
    assert few["new"]["requests"] * 5 < few["old"]["requests"] < more["old"]["requests"] * 3
    assert more["new"]["requests"] > few["new"]["requests"]
    assert reports["web1"]["failed"] == 0, reports["web1"]
    assert shop.live("web1") == "3.1.0" and shop.shares("web1") == [] and len(shop.instances("web1")) == 1


def test_a_share_ends_by_itself_when_the_controller_is_killed(shop):
    before = shop.live("web1")
    argv = shop.argv(
        "deploy",
        *ONE,
        slipway_version="4.0.0",
        slipway_shares=[25],
        slipway_soak_seconds=8,
        slipway_confirm_within_seconds=5,
    )
    process = subprocess.Popen(
        argv,
        env=shop.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(lambda: shop.shares("web1"))
        assert len(shop.instances("web1")) == 3  # with the timer
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
    with shop.clients(50, "web1") as reports:
        wait_for(lambda: len(shop.instances("web1")) == 1)
    assert reports["web1"]["failed"] == 0, reports["web1"]
    assert shop.live("web1") == before and shop.shares("web1") == []
    bad, kept = shop.history("web1")[-2:]
    assert (bad["outcome"], kept["outcome"]) == ("reverted", "ok")
    assert "was not confirmed within 13 s" in kept["actor"]
