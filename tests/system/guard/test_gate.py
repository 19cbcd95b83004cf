# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate: what real requests got decides whether a rollout goes on."""

from __future__ import annotations

from .conftest import BALANCER, ONE

RATE = 20
LOG = "/var/log/nginx/shop.access.log"


def test_a_release_that_fails_one_request_in_twenty_goes_back_in_the_first_wave(shop):
    """It is healthy on its health path. No soak is set: the gate waits until it has enough requests."""
    before = [shop.live(host) for host in shop.hosts]
    with shop.clients(RATE) as reports:
        ran = shop.deploy("2.0.0", fail_every=20, slipway_gate={"patience": 60})
    assert ran.code != 0 and ran.outcomes == ["rolled back", "not reached"], ran.said[-6000:]
    (judged,) = ran.gate
    assert judged["verdict"] == "worse" and judged["wave"] == 1
    assert judged["new"]["requests"] >= 200 and judged["new"]["bad"] >= 9 and judged["old"]["bad"] == 0
    assert "of %d requests were bad with 2.0.0-" % judged["new"]["requests"] in ran.said
    assert [shop.live(host) for host in shop.hosts] == before
    # Only the answers of the bad release failed.
    assert reports["web2"]["failed"] == 0
    assert {failure["reason"] for failure in reports["web1"]["failures"]} == {"status 500"}
    bad, back = shop.history("web1")[-2:]
    assert (bad["outcome"], back["act"], back["outcome"]) == ("reverted", "rollback", "ok")
    assert "rolled back with its rollout: 2.0.0-" in bad["message"] and " requests were bad" in bad["message"]


def test_behind_a_balancer_its_log_tells_which_release_is_worse(cart):
    with cart.clients(2 * RATE, BALANCER) as reports:
        ran = cart.deploy("2.0.0", fail_every=20, slipway_gate={"patience": 60})
    assert ran.code != 0 and ran.outcomes == ["rolled back", "not reached"], ran.said[-6000:]
    (judged,) = ran.gate
    assert judged["verdict"] == "worse" and judged["new"]["bad"] >= 9 and judged["old"]["bad"] == 0
    assert {failure["reason"] for failure in reports[BALANCER]["failures"]} == {"status 500"}
    assert reports[BALANCER]["failed"] < 0.05 * reports[BALANCER]["requests"]


def test_a_good_release_goes_on_wave_by_wave(shop):
    with shop.clients(RATE) as reports:
        ran = shop.deploy("1.1.0", slipway_soak_seconds=5, slipway_gate={"at_least": 60, "unsure": "stop"})
    assert ran.code == 0 and ran.outcomes == ["ok", "ok"], ran.said[-6000:]
    # In the second wave no host has the old release any more: its last requests stand for it.
    assert ran.verdicts == ["better or the same"] * 2
    assert ran.gate[1]["old"]["requests"] > 60
    assert [report["failed"] for report in reports.values()] == [0, 0]


def test_without_requests_the_rollout_goes_on_unless_it_is_told_to_stop(shop):
    ran = shop.deploy("1.2.0", *ONE, slipway_soak_seconds=1)
    assert ran.code == 0 and ran.verdicts == ["unsure"], ran.said[-6000:]
    assert shop.live("web1") == "1.2.0" and "at_least is 200" in ran.said


def test_a_log_that_cannot_be_read_is_named_and_stops_the_rollout_if_it_is_told_to(shop):
    before = shop.live("web1")
    shop.hosts["web1"].sure("mv %s %s.away" % (LOG, LOG))  # nginx goes on writing to it
    try:
        ran = shop.deploy(
            "1.3.0",
            *ONE,
            slipway_soak_seconds=1,
            slipway_gate={"unsure": "stop"},
            slipway_on_failure="revert_wave",
        )
    finally:
        shop.hosts["web1"].sure("mv %s.away %s" % (LOG, LOG))
    assert ran.code != 0 and ran.outcomes == ["rolled back"], ran.said[-6000:]
    reason = "requests were not counted: web1: There is no access log " + LOG
    assert "unsure: " + reason in ran.said and "is not judged after wave 1 of shop: " + reason in ran.said
    assert shop.live("web1") == before
