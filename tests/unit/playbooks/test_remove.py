# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A removal is a rollout as others are: one at a time."""

from __future__ import annotations

REFUSED = {"failed": True, "msg": "Another rollout of orders is in progress: orders 2.0.0, by ann@laptop"}


def calls(run):
    return ["%s %s %s" % (call["call"], call["host"], call["args"].get("state", "")) for call in run.calls]


def test_a_removal_while_a_rollout_is_in_progress_is_refused(play):
    run = play("remove", {"lease": REFUSED})
    assert run.status == 2 and "Another rollout of orders is in progress" in run.output
    assert calls(run) == ["lease web1 "]


def test_a_removal_keeps_the_lease_until_its_last_host_is_done(play, tmp_path):
    # A group of balancers without hosts: there is no nginx here to ask.
    with open(tmp_path / "inventory.yml", "a", encoding="utf-8") as inventory:
        inventory.write("  children: {balancers: {hosts: {}}}\n")
    run = play("remove", {"plan": {"changed": True}}, check=True)
    assert run.status == 0, run.output
    assert calls(run)[0] == "lease web1 "
    assert calls(run)[-2:] == ["plan web1 absent", "lease web1 absent"], "the host with the lease is last"
    assert sorted(calls(run)[1:-2]) == ["plan web2 absent", "plan web3 absent"]


def test_an_app_on_one_host_needs_no_lease(play):
    run = play("remove", check=True, slipway_hosts="web1")
    assert [call["call"] for call in run.calls if call["call"] == "lease"] == []
