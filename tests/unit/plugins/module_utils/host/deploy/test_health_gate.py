# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the release runs, intact and healthy."""

from __future__ import annotations

import time

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import health
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import health_gate

from .managed_host import GIVE_UP, HEALTH, UNIT


def check_live(host, version="1.0.0", options=None):
    """Why a release is not healthy as the live one, and the evidence; None twice if it is."""
    release = next(item for item in host.layout.releases().values() if version in (item.version, item.id))
    check = health.parse(options or GIVE_UP, default_port=host.port)
    try:
        health_gate.wait_release_healthy(check, release, (release.version, release.id), UNIT, host.layout, 0)
    except health_gate.Unhealthy as error:
        return str(error), error.facts["evidence"]
    return None, None


def test_a_healthy_release(served):
    assert check_live(served) == (None, None)


def test_a_process_that_ended(served):
    served.systemd.kill(UNIT)
    reason, evidence = check_live(served)
    assert reason.startswith("its process ended")
    assert evidence["state"]["ActiveState"] == "failed"
    assert evidence["next"] == "journalctl -u orders.service -e"


def test_a_process_that_ends_after_its_first_answer(served):
    served.behave("1.0.0", "answers-once")
    assert "its process ended" in check_live(served, options=dict(HEALTH, min_ready_seconds=60.0))[0]


def test_a_process_of_another_release(served):
    """Somebody started an older one by hand: it is healthy, and not what was requested."""
    served.deploy("2.0.0")
    check = dict(GIVE_UP, release_header="X-None", release_field="none")
    reason, evidence = check_live(served, "1.0.0", check)
    assert "does not run the binary of 1.0.0-" in reason
    assert evidence["probes"][-1]["ok"]


def test_a_process_with_the_same_bytes_and_other_settings(served):
    old = served.layout.current()
    served.deploy("1.0.0", environment={"GREETING": "hello"})
    assert "does not run the binary of %s" % old in check_live(served, old)[0]


def test_an_answer_of_another_release(served):
    served.behave("1.0.0", "lies")
    assert "answered by release 9.9.9, expected 1.0.0 or 1.0.0-" in check_live(served)[0]


def test_a_binary_that_was_changed_before_the_start(served):
    served.damage()
    reason, dummy = check_live(served)
    assert "does not run the binary of 1.0.0-" in reason


def test_a_deploy_replaces_a_binary_that_was_changed(served):
    served.damage()
    assert served.plan("1.0.0")["needs_artifact"]
    assert served.deploy("1.0.0")["outcome"] == "ok"
    assert check_live(served) == (None, None)


def test_an_unhealthy_answer(served):
    served.behave("1.0.0", "unhealthy")
    reason, evidence = check_live(served)
    assert "answered 500: 1.0.0 says nothing" in reason
    assert evidence["probes"][-1]["status"] == 500
    assert evidence["state"]["ActiveState"] == "active"


def test_older_journal_lines_are_no_evidence(served):
    served.behave("2.0.0", "crashes %d" % served.port)
    served.deploy("2.0.0")
    served.systemd.kill(UNIT)
    check = health.parse(GIVE_UP, default_port=served.port)
    with pytest.raises(health_gate.Unhealthy) as caught:
        health_gate.wait_healthy(check, ("1.0.0",), UNIT, time.time() + 2)
    assert caught.value.facts["evidence"]["journal"] == []
