# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A deploy that is killed at any step: a release still serves, and the next run completes the deploy."""

from __future__ import annotations

import os

import pytest

from .managed_host import HEALTH

SMOKE = ["run orders-smoke.service", "stop orders-smoke.service"]
# `previous` first: a release that neither link names would be pruned.
LINKS = ["symlink previous.new", "rename previous", "symlink current.new", "rename current"]
# Every change that a deploy of another version with another unit makes, in order.
STEPS = {
    "restart": [
        "rename releases/2.0.0",
        *SMOKE,
        *LINKS,
        "rename orders.service",
        "daemon-reload",
        "restart orders.service",
    ],
    "socket": [
        "rename releases/2.0.0",
        *SMOKE,
        *LINKS,
        "rename orders.service",
        "daemon-reload",
        "enable orders.socket",
        "reset-failed orders.service",
        "restart orders.service",
    ],
    "blue_green": [
        "rename releases/2.0.0",
        "stop orders@green.service",
        "symlink green.new",
        "rename green",
        "rename green.port",
        "rename orders@.service",
        "daemon-reload",
        "restart orders@green.service",
        "enable orders@green.service",
        "rename nginx/slipway/orders.green",
        *LINKS,
        "stop orders@blue.service",
        "disable orders@blue.service",
    ],
}


class Subject:
    """A host that serves 1.0.0 by a strategy, and the deploy of 2.0.0 that is going to be killed."""

    def __init__(self, host, strategy):
        self.host = host
        self.strategy = strategy
        host.configure_nginx()
        assert self.deploy("1.0.0", description="old")["outcome"] == "ok"

    def deploy(self, version="2.0.0", description="new"):
        unit = dict(self.host.request()["unit"], description=description)
        return self.host.deploy(version, strategy=self.strategy, unit=unit)

    def plan(self):
        unit = dict(self.host.request()["unit"], description="new")
        return self.host.plan("2.0.0", strategy=self.strategy, unit=unit)

    def pid(self):
        """The process of the live release."""
        return self.host.info()["running"]["pid"]

    def says(self):
        says = self.host.says_behind_nginx() if self.strategy == "blue_green" else self.host.says()
        return says and says.partition(" ")[0]

    def expect(self, version, previous):
        """This version is live, all of it, and nothing is left of any other."""
        self.expect_live(version, previous)
        assert len(self.host.systemd.running()) == 1
        assert set(self.host.systemd.running()) <= self.host.systemd.enabled
        assert os.listdir(self.host.layout.incoming) == []
        assert self.host.history()[-1] == ("deploy", version, "ok")
        assert list(self.host.base.rglob("*.new")) == []

    def expect_live(self, version, previous):
        assert self.says() == version
        assert self.host.links() == (version, previous)


@pytest.fixture
def subject(host, strategy):
    return Subject(host, strategy)


@pytest.mark.parametrize("strategy", STEPS)
def test_a_deploy_takes_these_steps(subject, faults):
    with faults.steps() as steps:
        assert subject.deploy()["outcome"] == "ok"
    assert steps == STEPS[subject.strategy]
    subject.expect("2.0.0", "1.0.0")


BEFORE_EACH = [
    pytest.param(strategy, step, id="%s: %s" % (strategy, step))
    for strategy, steps in STEPS.items()
    for step in dict.fromkeys(steps)
]

AFTER_STAGING = [
    each
    for each in BEFORE_EACH
    if each.values[0] != "socket" and STEPS[each.values[0]].index(each.values[1]) > 3
]


@pytest.mark.parametrize("strategy, step", BEFORE_EACH)
def test_killed_before(subject, faults, step):
    with faults.killed(before=step):
        subject.deploy()
    assert subject.says() in ("1.0.0", "2.0.0")
    assert subject.host.history() == [("deploy", "1.0.0", "ok")]
    assert subject.deploy()["outcome"] == "ok"
    subject.expect("2.0.0", "1.0.0")
    assert not subject.deploy()["changed"]


RETIREMENT = ["stop orders@blue.service", "disable orders@blue.service"]


@pytest.mark.parametrize("strategy", ["blue_green"])
@pytest.mark.parametrize("step", RETIREMENT)
def test_killed_before_the_old_instance_was_retired(subject, faults, step):
    with faults.killed(before=step):
        subject.deploy()
    pid, calls = subject.pid(), len(subject.host.systemd.calls)
    assert subject.plan()["reasons"][0] == "the old instance orders@blue.service still runs, or is enabled"
    assert subject.deploy()["outcome"] == "ok"
    subject.expect("2.0.0", "1.0.0")
    assert (subject.pid(), subject.host.systemd.calls[calls:]) == (pid, RETIREMENT)


@pytest.mark.parametrize("strategy", STEPS)
def test_killed_between_going_live_and_the_history(subject, faults):
    """The next run finds the release live and healthy, and records it: a later deploy can roll back to it."""
    with faults.killed(after=STEPS[subject.strategy][-1]):
        subject.deploy()
    assert subject.host.history() == [("deploy", "1.0.0", "ok")]
    pid, calls = subject.pid(), len(subject.host.systemd.calls)
    (reason,) = subject.plan()["reasons"]
    assert reason == "the history does not say that %s is healthy" % subject.host.layout.current()
    result = subject.deploy()
    assert (result["outcome"], result["changed"]) == ("ok", True)
    subject.expect("2.0.0", "1.0.0")
    assert (subject.pid(), len(subject.host.systemd.calls)) == (pid, calls)
    assert not subject.deploy()["changed"]
    assert subject.deploy("3.0.0")["outcome"] == "ok"
    subject.expect("3.0.0", "2.0.0")


def test_a_release_that_does_not_stay_up_is_not_recorded_as_healthy(served, faults):
    """It still answers when the next run looks, but not for min_ready_seconds."""
    with faults.killed(after="restart orders.service"):
        served.deploy("2.0.0")
    served.behave("2.0.0", "answers-once")
    result = served.apply("2.0.0", smoke=False, health=dict(HEALTH, min_ready_seconds=60.0))
    assert result["outcome"] == "reverted"
    assert served.says() == "1.0.0 says nothing"
    assert served.history()[-1] == ("deploy", "2.0.0", "reverted")


@pytest.mark.parametrize("strategy, step", AFTER_STAGING)
def test_killed_before_and_the_old_version_deployed(subject, faults, step):
    """The next deploy is one of the old release: it becomes live from wherever the host was left."""
    with faults.killed(before=step):
        subject.deploy()
    assert subject.deploy("1.0.0", "old")["outcome"] == "ok"
    assert subject.says() == "1.0.0"
    assert subject.host.links()[0] == "1.0.0"
    assert len(subject.host.systemd.running()) == 1


@pytest.mark.parametrize("strategy", ["restart", "socket"])
def test_killed_during_the_health_check_of_a_bad_release(subject, faults):
    """It is current, but was never healthy: the next deploy that fails rolls back to the release before."""
    with faults.killed(after="restart orders.service"):
        subject.deploy()
    assert subject.host.links() == ("2.0.0", "1.0.0")
    for version in ("2.0.0", "3.0.0"):
        subject.host.behave(version, "crashes %d" % subject.host.port)
    assert subject.deploy("3.0.0")["outcome"] == "reverted"
    assert subject.says() == "1.0.0"
    assert subject.host.links()[0] == "1.0.0"


@pytest.mark.parametrize("strategy", ["restart", "socket"])
def test_killed_during_the_health_check_and_deployed_again(subject, faults):
    with faults.killed(after="restart orders.service"):
        subject.deploy()
    subject.host.behave("2.0.0", "crashes %d" % subject.host.port)
    subject.host.systemd.kill("orders.service")
    assert subject.deploy()["outcome"] == "reverted"
    assert subject.says() == "1.0.0"


ROLLBACK_STEPS = ["rename current", "rename orders.service", "daemon-reload", "restart orders.service"]


@pytest.mark.parametrize("strategy", ["restart"])
@pytest.mark.parametrize("step", ROLLBACK_STEPS)
def test_killed_during_the_rollback(subject, faults, step):
    """The second time that the step comes is in the rollback."""
    subject.host.behave("2.0.0", "crashes %d" % subject.host.port)
    with faults.killed(before=step, occurrence=2):
        subject.deploy()
    assert "1.0.0" in subject.host.links()
    assert subject.deploy("1.0.0", "old")["outcome"] == "ok"
    subject.expect("1.0.0", subject.host.links()[1])


def test_killed_during_a_first_deploy(host, faults):
    with faults.killed(before="restart orders.service"):
        host.deploy("1.0.0")
    assert host.deploy("1.0.0")["outcome"] == "ok"
    assert host.says() == "1.0.0 says nothing"
    assert host.links() == ("1.0.0", None)


def test_what_a_killed_deploy_was_staging_is_removed(served, faults):
    with faults.killed(before="rename releases/2.0.0"):
        served.deploy("2.0.0")
    assert os.listdir(served.layout.incoming) != []
    assert served.versions() == ["1.0.0"]
    served.apply("1.0.0")
    assert os.listdir(served.layout.incoming) == []


@pytest.mark.parametrize(
    "step", ["stop orders.service", "disable orders.service", "unlink orders.service", "daemon-reload"]
)
def test_a_removal_that_was_killed_is_finished_by_the_next_one(served, faults, step):
    with faults.killed(before=step):
        served.deploy(state="absent")
    assert served.deploy(state="absent")["outcome"] == "ok"
    assert served.systemd.running() == []
    assert not served.deploy(state="absent")["changed"]
