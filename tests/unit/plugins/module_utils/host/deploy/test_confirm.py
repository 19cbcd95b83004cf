# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``confirm_within``: a release that is not confirmed in time is rolled back by a timer on the host."""

from __future__ import annotations

import json
import os
import shlex
import sys

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import wire
from ansible_collections.slipway.golang.plugins.module_utils.host import engine
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import deploy
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy.target import Target

from .managed_host import UNIT, answer, refusal, version_of

TIMER, SERVICE = "orders.unconfirmed.timer", "orders.unconfirmed.service"
BOOTSTRAP, PACKED = b"bootstrap = 1\n", b"\x00the engine\n\xff"


@pytest.fixture(autouse=True)
def _streamed(monkeypatch):
    """What the bootstrap keeps for the engine."""
    for name, value in (("bootstrap", BOOTSTRAP), ("packed", PACKED)):
        monkeypatch.setattr(sys.modules["__main__"], name, value, raising=False)


@pytest.fixture
def waiting(served):
    """A host whose new release waits to be confirmed."""
    result = served.deploy("2.0.0", confirm_within=60)
    assert (result["outcome"], result["unconfirmed"]) == ("ok", True)
    return served


def rollback_request(host):
    """The request that the timer's service would give to the saved engine."""
    unit = (host.unit_dir / SERVICE).read_text(encoding="utf-8")
    (line,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    command = shlex.split(line.partition("=")[2].replace("%%", "%"))
    assert command[0] == sys.executable and command[-1] == host.layout.unconfirmed
    with open(command[-1], "rb") as stream:
        assert stream.read(int(stream.readline())) == BOOTSTRAP
        engine, request = map(int, stream.readline().split())
        assert stream.read(engine) == PACKED
        asked = json.loads(stream.read(request))
        assert stream.read() == b""
    assert asked.pop("step") == "apply"
    return asked


def deadline_passes(host):
    """What the timer's service does."""
    return answer(deploy.apply, rollback_request(host))


def test_until_it_is_confirmed_a_timer_runs(waiting):
    assert TIMER in waiting.systemd.active and TIMER in waiting.systemd.enabled
    assert "OnActiveSec=60\n" in (waiting.unit_dir / TIMER).read_text(encoding="utf-8")
    assert os.stat(waiting.layout.unconfirmed).st_mode & 0o777 == 0o600
    assert waiting.layout.is_pending()
    assert waiting.history()[-1] == ("deploy", "2.0.0", "unconfirmed")
    assert waiting.says() == "2.0.0 says nothing"


def test_the_release_is_healthy_before_the_timer_starts(waiting):
    calls = waiting.systemd.calls
    assert max(i for i, call in enumerate(calls) if call.endswith(" " + UNIT)) < calls.index(
        "enable " + TIMER
    )


def no_trace_of_the_timer(host):
    left = [name for name in os.listdir(host.unit_dir) if "unconfirmed" in name]
    units = [name for name in host.systemd.active | host.systemd.enabled if "unconfirmed" in name]
    return not left and not units and not host.layout.is_pending()


def test_a_confirmed_release_stays(waiting):
    assert waiting.confirm(waiting.layout.current())["outcome"] == "ok"
    assert no_trace_of_the_timer(waiting)
    assert waiting.history()[-1] == ("deploy", "2.0.0", "ok")
    assert waiting.info()["history"][-1]["message"] == "confirmed"
    assert not waiting.deploy("2.0.0")["changed"]


@pytest.mark.parametrize("strategy", ["restart", "blue_green"])
def test_the_old_release_comes_back_with_its_own_environment_and_configuration(host, monkeypatch, strategy):
    monkeypatch.setattr(Target, "service_gid", lambda target: os.getegid())
    host.configure_nginx()
    options = {"strategy": strategy, "environment": {"GREETING": "{config}/text"}}
    host.deploy("1.0.0", config={"text": "old {port}"}, **options)
    result = host.deploy("2.0.0", config={"text": "new {port}"}, confirm_within=60, **options)
    assert (result["outcome"], result["unconfirmed"]) == ("ok", True)
    assert deadline_passes(host)["outcome"] == "ok"
    assert host.says() == "1.0.0 says old %d" % host.port


def test_a_release_that_is_not_confirmed_is_rolled_back(waiting):
    result = deadline_passes(waiting)
    assert (result["outcome"], version_of(result["current"])) == ("ok", "1.0.0")
    assert waiting.says() == "1.0.0 says nothing"
    assert waiting.links()[0] == "1.0.0"
    assert waiting.history()[-1] == ("rollback", "1.0.0", "ok")
    assert "was not confirmed within 60 s" in waiting.info()["history"][-1]["actor"]
    assert no_trace_of_the_timer(waiting)


def test_a_rollback_that_fails_is_a_unit_that_failed(waiting, capsys):
    """Nobody reads its answer: systemd has to know."""
    waiting.behave("1.0.0", "crashes %d" % waiting.port)
    assert engine.main(dict(rollback_request(waiting), step="apply"), None) == 1
    assert wire.result_in(capsys.readouterr().out)["failed"]


def test_a_late_confirmation_fails_and_says_what_the_host_did(waiting):
    release = waiting.layout.current()
    deadline_passes(waiting)
    result = waiting.confirm(release)
    assert (result["outcome"], result["failed"]) == ("reverted", True)
    assert version_of(result["current"]) == "1.0.0" and "was not confirmed in time" in result["msg"]
    assert waiting.history()[-1] == ("rollback", "1.0.0", "ok")


def test_a_timer_that_comes_after_the_confirmation_does_nothing(waiting):
    """Both came at once, and the confirmation had the lock first."""
    request = rollback_request(waiting)
    waiting.confirm(waiting.layout.current())
    result = answer(deploy.apply, request)
    assert (result["outcome"], result["changed"]) == ("ok", False)
    assert waiting.says() == "2.0.0 says nothing"
    assert no_trace_of_the_timer(waiting)


def test_a_timer_that_comes_after_another_deploy_does_nothing(waiting):
    request = rollback_request(waiting)
    waiting.deploy("3.0.0", confirm_within=60)
    assert answer(deploy.apply, request)["changed"] is False
    assert waiting.says() == "3.0.0 says nothing"


def test_a_deploy_that_was_killed_while_it_armed_the_timer_can_be_confirmed(served, faults):
    with faults.killed(after="restart " + TIMER):
        served.deploy("2.0.0", confirm_within=60)
    assert served.history() == [("deploy", "1.0.0", "ok")]
    assert served.deploy("2.0.0", confirm_within=60)["unconfirmed"] is True
    assert served.history()[-1] == ("deploy", "2.0.0", "unconfirmed")
    assert TIMER in served.systemd.active
    assert served.confirm(served.layout.current())["outcome"] == "ok"
    assert served.history()[-1] == ("deploy", "2.0.0", "ok")
    assert no_trace_of_the_timer(served)


def test_the_next_deploy_disarms_the_timer(waiting):
    assert waiting.deploy("3.0.0")["outcome"] == "ok"
    assert no_trace_of_the_timer(waiting)
    assert waiting.says() == "3.0.0 says nothing"


def test_deploying_the_same_again_says_that_it_is_unconfirmed(waiting):
    found = waiting.plan("2.0.0")
    assert (found["changed"], found["reasons"]) == (True, ["it was never confirmed"])
    assert waiting.apply("2.0.0")["unconfirmed"] is True
    assert waiting.layout.is_pending()


def test_a_release_that_fails_leaves_no_timer(served):
    served.behave("2.0.0", "crashes %d" % served.port)
    assert served.deploy("2.0.0", confirm_within=60)["outcome"] == "reverted"
    assert no_trace_of_the_timer(served)


def test_a_first_release_has_nothing_to_roll_back_to_and_no_timer(host):
    result = host.deploy("1.0.0", confirm_within=60)
    assert (result["outcome"], result["unconfirmed"]) == ("ok", False)
    assert no_trace_of_the_timer(host)


def test_a_timer_that_does_not_start_rolls_the_release_back(served):
    served.systemd.broken["restart " + TIMER] = "no"
    result = served.deploy("2.0.0", confirm_within=60)
    assert result["outcome"] == "reverted"
    assert served.says() == "1.0.0 says nothing"


def test_a_removal_removes_the_timer(waiting):
    assert waiting.deploy(state="absent")["outcome"] == "ok"
    assert no_trace_of_the_timer(waiting)


def test_a_deadline_that_is_too_short(served):
    assert "use 5 seconds or more" in refusal(served.plan("2.0.0", confirm_within=4))


def test_a_change_of_strategy_cannot_be_confirmed(served):
    message = refusal(served.deploy("2.0.0", strategy="socket", confirm_within=60))
    words = "slipway_confirm_within_seconds (option confirm_within) cannot be used with a change of strategy"
    assert words in message
    assert served.says() == "1.0.0 says nothing"
