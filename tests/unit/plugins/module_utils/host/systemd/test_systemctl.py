# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starting units: tried again only after the start limit, and given up once a process is late to be ready."""

from __future__ import annotations

import subprocess
import time
from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.systemd import systemctl

START = ["systemctl", "restart", "orders.service"]
RESET = ["systemctl", "reset-failed", "orders.service"]


class Manager:
    """A systemd that answers each start with the next of ``answers``, and each question with ``states``."""

    DEVNULL = subprocess.DEVNULL
    TimeoutExpired = subprocess.TimeoutExpired

    def __init__(self):
        self.calls = []
        self.timeouts = []
        self.answers = []
        self.states = []

    def run(self, argv, timeout=None, **dummy):
        if argv[1] == "show":
            state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            text = "".join("%s=%s\n" % pair for pair in state.items())
            return SimpleNamespace(returncode=0, stdout=text, stderr="")
        self.calls.append(argv)
        if argv == RESET:
            return SimpleNamespace(returncode=0, stdout="", stderr="")
        self.timeouts.append(timeout)
        answer = self.answers.pop(0)
        if answer == "busy":
            raise subprocess.TimeoutExpired(argv, timeout)
        return SimpleNamespace(returncode=int(bool(answer)), stdout="", stderr=answer)


@pytest.fixture
def manager(monkeypatch):
    made = Manager()
    monkeypatch.setattr(systemctl, "subprocess", made)
    monkeypatch.setattr(systemctl, "POLL_SECONDS", 0)
    return made


def state(active, sub="", result="success", started=0.0):
    return {
        "ActiveState": active,
        "SubState": sub,
        "Result": result,
        "ExecMainStartTimestampMonotonic": int(started * 1e6),
    }


def test_a_failed_start_is_not_tried_again(manager):
    manager.answers, manager.states = ["the control process exited"], [state("failed", result="exit-code")]
    with pytest.raises(SlipwayError, match="restart orders.service failed: the control process exited"):
        systemctl.start("orders.service")
    assert manager.calls == [START]


@pytest.mark.parametrize("result", ["start-limit-hit", "service-start-limit-hit", "trigger-limit-hit"])
def test_a_start_that_a_limit_refused_is_tried_again(manager, result):
    manager.answers, manager.states = ["repeated too quickly", ""], [state("failed", result=result)]
    systemctl.start("orders.service")
    assert manager.calls == [START, RESET, START]


def test_a_second_failure_after_the_limit_is_an_error(manager):
    manager.answers = ["too quickly", "exited"]
    manager.states = [state("failed", result="start-limit-hit")]
    with pytest.raises(SlipwayError, match="failed: exited"):
        systemctl.start("orders.service")


def test_without_a_limit_a_start_has_systemds_own(manager):
    manager.answers = [""]
    systemctl.start("orders.service")
    assert manager.timeouts == [systemctl.START_TIMEOUT]


def test_a_process_that_does_not_report_ready_is_given_up(manager):
    manager.answers = ["busy"]
    manager.states = [state("activating", "start", started=time.monotonic() - 7)]
    with pytest.raises(SlipwayError, match="did not report READY=1 within 6 s.*type: exec"):
        systemctl.start("orders.service", ready_within=6)
    assert manager.calls == [START] and manager.timeouts == [6]


@pytest.mark.parametrize("sub", ["start-pre", "stop-sigterm", "start"])
def test_what_takes_long_before_the_process_waits_is_waited_for(manager, sub):
    manager.answers = ["busy"]
    active = "deactivating" if sub == "stop-sigterm" else "activating"
    # A start that began just now has all of its time left.
    begun = time.monotonic() - (7 if sub != "start" else 0)
    manager.states = [state(active, sub, started=begun)] * 3 + [state("active", "running")]
    systemctl.start("orders.service", ready_within=6)
    assert len(manager.states) == 1


@pytest.mark.parametrize(
    "ended",
    [
        state("failed", "failed", "exit-code"),
        state("activating", "auto-restart", "exit-code"),
        state("inactive", "dead", "exit-code"),
    ],
)
def test_a_start_that_fails_after_a_while_is_an_error(manager, ended):
    manager.answers, manager.states = ["busy"], [state("activating", "start-pre"), ended]
    with pytest.raises(SlipwayError, match="its start failed with result exit-code"):
        systemctl.start("orders.service", ready_within=6)
