# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""slipway_migrate: once a rollout, before any host is switched, and the end of the rollout where it fails."""

from __future__ import annotations

import pytest

from .stub import NEW, OLD, PLAN

UP = ["migrate", "up"]
FAILED = {
    "failed": True,
    "changed": True,
    "rc": 3,
    "msg": "orders migrate up ended with exit status 3 (release %s)\nOutput:\n  no such table" % NEW,
}
RELEASES = ["release web1", "release web2", "release web3"]


def test_it_runs_with_the_new_release_on_the_first_host_that_would_change(play):
    run = play(
        "deploy", {"plan web1": dict(PLAN, changed=False)}, slipway_migrate={"args": UP, "timeout": 90}
    )
    assert run.status == 0, run.output
    assert run.names() == ["stage web2", "run web2", *RELEASES[1:]]
    (call,) = [call for call in run.calls if call["call"] == "run"]
    given = dict(call["args"], timeout=int(call["args"]["timeout"]))  # older controllers render text
    assert given == {"name": "orders", "args": UP, "release": NEW, "timeout": 90, "once": True}
    assert "applied 3" in run.output


def test_a_migration_that_fails_ends_the_rollout(play):
    run = play("deploy", {"run": FAILED, "plan": dict(PLAN)}, slipway_migrate=UP, slipway_max_failures=3)
    assert run.status != 0
    assert run.names() == ["stage web1", "run web1"]
    assert run.table() == {"web1": "not migrated", "web2": "not reached", "web3": "not reached"}
    assert "no such table" in run.output and "No host was switched" in run.output
    assert run.calls[-1]["call"] == "lease" and run.calls[-1]["args"]["state"] == "absent"


@pytest.mark.parametrize("lost", ["stage", "run"])
def test_no_host_is_switched_where_the_connection_is_lost_meanwhile(play, lost):
    run = play("deploy", {lost: {"unreachable": True, "msg": "Connection timed out"}}, slipway_migrate=UP)
    assert run.status != 0 and run.names("stage", "run") == []
    assert run.table()["web1"] == "not migrated" and "Connection timed out" in run.output


def test_a_staging_that_is_refused_ends_the_rollout(play):
    answer = {
        "failed": True,
        "outcome": "rejected",
        "msg": "%s was refused: no space. %s serves" % (NEW, OLD),
    }
    run = play("deploy", {"stage": answer}, slipway_migrate=UP)
    assert run.status != 0 and run.names() == ["stage web1"]
    assert "was refused: no space" in run.output


def test_nothing_is_migrated_where_a_host_would_be_refused(play):
    run = play("deploy", {"plan web3": {"failed": True, "msg": "Wrong architecture"}}, slipway_migrate=UP)
    assert run.status != 0 and run.names() == []
    assert (
        "1 of 3 hosts of orders have a problem, and slipway_max_failures is 0: web3. Nothing was changed"
        in run.output
    )
    assert "web3: failed: Wrong architecture" in run.output


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param((dict(PLAN, changed=False), []), id="nothing changes"),
        pytest.param((dict(PLAN, migrations=[UP]), RELEASES), id="it has succeeded with this release"),
    ],
)
def test_it_does_not_run_where_there_is_no_reason(play, plan):
    answer, names = plan
    run = play("deploy", {"plan": answer}, slipway_migrate=UP)
    assert run.status == 0 and run.names() == names, run.output


def test_a_rollback_does_not_migrate(play):
    run = play("rollback", slipway_migrate=UP)
    assert run.status == 0, run.output
    assert run.names() == ["rollback web1", "rollback web2", "rollback web3"]


def test_check_mode_says_what_would_run(play):
    run = play("deploy", check=True, slipway_migrate=UP)
    assert run.status == 0 and "Migrate: orders migrate up with %s, on web1" % NEW in run.output, run.output
    assert run.names() == []
