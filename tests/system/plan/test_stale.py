# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several rollouts plan at the same time, and one is carried out: the plans of the others are stale."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support import lab

from .conftest import WEB, kept

HOLDS = Path(__file__).with_name("before_tasks.yml")
FIRST, SECOND = {"slipway_env": {"RELEASE": "first"}}, {"slipway_env": {"RELEASE": "second"}}


@pytest.fixture(scope="module")
def ended(live):
    """How four rollouts ended that planned before the first of them acted."""
    said = {name: live.directory / (name + ".out") for name in ("refused", "stale", "same")}
    for path in said.values():
        path.write_text("")
    waits = {"slipway_lease_wait_seconds": 200}
    holder = begin(
        live,
        live.directory / "first.out",
        slipway_before_tasks=str(HOLDS),
        others=list(map(str, said.values())),
        **FIRST,
    )
    until_held(live, holder)
    runs = {
        "refused": begin(live, said["refused"], **SECOND),
        "stale": begin(live, said["stale"], **SECOND, **waits),
        "same": begin(live, said["same"], **FIRST, **waits),
        "first": holder,
    }
    codes = {name: run.wait(FLEET_SECONDS) for name, run in runs.items()}
    return {
        name: lab.Done(code, (live.directory / (name + ".out")).read_text(), "")
        for name, code in codes.items()
    }


FLEET_SECONDS = 300


def begin(controller, said, **variables):
    with said.open("w") as into:
        return subprocess.Popen(
            controller.argv("deploy", **variables),
            cwd=lab.CHECKOUT,
            env=controller.environment,
            stdin=subprocess.DEVNULL,
            stdout=into,
            stderr=subprocess.STDOUT,
        )


def until_held(controller, holder):
    """Until the first rollout has its lease."""
    said = controller.directory / "first.out"
    lab.call(
        [
            "sh",
            "-c",
            "until grep -q 'Wait until the others' %s; do kill -0 %d; sleep 0.1; done" % (said, holder.pid),
        ],
        timeout=FLEET_SECONDS,
    )


def test_the_rollout_that_has_the_lease_is_carried_out(ended, hosts, live):
    assert ended["first"].code == 0, ended["first"]
    assert live.sure("plan", **FIRST).done.out.count("unchanged") >= len(WEB)


def test_another_rollout_is_refused_meanwhile(ended):
    done = ended["refused"]
    assert done.code != 0
    assert "Another rollout of shop is in progress" in done.out and "No host was switched" in done.out


def test_a_plan_that_became_stale_while_it_waited_for_the_lease_is_refused_by_each_host(ended):
    done = ended["stale"]
    assert done.code != 0
    assert "The plan is out of date: current was " in done.out
    assert "Run the deploy again, and read the new plan" in done.out


def test_the_same_release_finds_nothing_to_do_once_the_other_rollout_has_ended(ended):
    assert ended["same"].code == 0, ended["same"]
    assert "unchanged" in ended["same"].out


def test_the_stale_rollouts_have_changed_nothing(ended, hosts):
    for name in WEB:
        history = hosts[name].sure("cat /opt/shop/history.jsonl")
        assert '"RELEASE"' not in history
        assert len([line for line in history.splitlines() if '"outcome": "ok"' in line]) == len(
            history.splitlines()
        )


def test_another_deploy_replans_and_goes_on(ended, hosts, live):
    before = kept(hosts, ["shop"])
    ran = live.sure("deploy", "--limit", "web2", **SECOND)
    after = kept(hosts, ["shop"])
    assert ran.outcomes == {"web2": "ok"}
    assert [name for name in before if before[name] != after[name]] == ["web2"]
