# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook run: one command, on the first host or on all; its output is shown, its status passed on."""

from __future__ import annotations

FAILED = {
    "failed": True,
    "rc": 3,
    "stdout_lines": ["checking"],
    "stderr_lines": ["no such table"],
    "msg": "orders migrate status ended with exit status 3\nOutput:\n  no such table",
}


def test_a_command_runs_on_the_first_host_with_the_live_release(play):
    run = play("run", slipway_command=["migrate", "status"])
    assert run.status == 0, run.output
    assert run.names() == ["run web1"] and "applied 3" in run.output
    given = run.calls[0]["args"]
    assert dict(given, timeout=int(given["timeout"])) == {  # older controllers render text
        "name": "orders",
        "args": ["migrate", "status"],
        "release": "current",
        "timeout": 600,
    }


def test_a_command_runs_on_all_hosts_and_fails_where_it_fails(play):
    run = play(
        "run",
        {"run web2": FAILED},
        slipway_command="migrate status",
        slipway_run_on="all",
        slipway_release="1.0.0",
        slipway_run_timeout_seconds="9",
    )
    assert run.status != 0 and sorted(run.names()) == ["run web1", "run web2", "run web3"]
    assert run.calls[0]["args"]["release"] == "1.0.0" and run.calls[0]["args"]["timeout"] in (9, "9")
    assert run.calls[0]["args"]["args"] == ["migrate", "status"]
    assert "no such table" in run.output and run.output.count("fatal: ") == 1
    assert "orders migrate status ended with exit status 3" in run.output


def test_a_command_that_was_refused_fails_the_run(play):
    run = play("run", {"run": {"failed": True, "msg": "orders has no live release"}}, slipway_command="x")
    assert run.status != 0 and "orders has no live release" in run.output


def test_a_host_that_cannot_be_reached_fails_the_run(play):
    run = play("run", {"run": {"unreachable": True, "msg": "Connection timed out"}}, slipway_command="x")
    assert run.status != 0


def test_without_a_command_the_message_says_how_to_name_one(play):
    run = play("run")
    assert run.status != 0 and run.calls == []
    assert "slipway_command is not set: name the arguments" in run.output


def test_check_mode_says_what_would_run(play):
    answer = {"changed": True, "release": "2.0.0-123456789012", "msg": "Would run orders x, as user orders"}
    run = play("run", {"run": answer}, check=True, slipway_command="x")
    assert run.status == 0 and "Would run orders x, as user orders" in run.output
    assert run.calls[0]["check"] is True
