# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which transfers are tried, and what the result says about those that did not work."""

from __future__ import annotations

import types

import pytest
from ansible_collections.slipway.golang.plugins.action import release
from ansible_collections.slipway.golang.plugins.plugin_utils import console, delta

REQUEST = {
    "step": "apply",
    "artifacts": [{"path": "/dist/orders.tar.gz", "digest": "d1"}],
    "delta": False,
    "pull_from": ["https://mirror/x/"],
}
PLAN = {"artifact": "d1", "here": [], "binaries": {}}


@pytest.fixture
def action(monkeypatch):
    """An action whose host answers with ``action.answers``; ``action.sent`` has what was sent."""
    monkeypatch.setattr(delta, "same_binary", lambda path, binaries: binaries.get("same"))
    action = release.ActionModule.__new__(release.ActionModule)
    action._task = types.SimpleNamespace(diff=False)
    action.sent, action.host = [], "web1"
    monkeypatch.setattr(release.os.path, "getsize", lambda path: 154000)
    monkeypatch.setattr(console, "show", action.__dict__.setdefault("shown", []).append)

    def execute(request, payload, task_vars):
        action.sent.append((request.get("pull_url"), payload))
        return dict(action.answers[len(action.sent) - 1])

    monkeypatch.setattr(action, "execute", execute, raising=False)
    return action


def test_a_pull_that_works_sends_nothing(action):
    action.answers = [{"outcome": "ok"}]
    result = action._apply_with_artifact(REQUEST, PLAN, {})
    assert result == {"outcome": "ok", "transfer": "pull", "transfer_note": ""}
    assert action.sent == [("https://mirror/x/orders.tar.gz", None)]


def test_the_full_artifact_is_sent_when_the_host_asks_for_it_and_the_result_says_why(action):
    why = "The artifact could not be pulled: https://mirror/x/orders.tar.gz: HTTP status 403"
    action.answers = [{"failed": True, "full_needed": True, "msg": why}, {"outcome": "ok"}]
    result = action._apply_with_artifact(REQUEST, PLAN, {})
    assert result == {"outcome": "ok", "transfer": "full", "transfer_note": why}
    assert action.sent[1] == (None, "/dist/orders.tar.gz")
    assert action.shown == ["web1: downloading from the mirror", "web1: sending 154 kB"]


def test_a_plan_says_why_the_full_artifact_would_be_sent(action):
    shown = action._shown(dict(REQUEST, delta=True, pull_from=[]), dict(PLAN, needs_artifact=True))
    assert (shown["transfer"], shown["bytes"]) == ("full", 154000)
    assert shown["transfer_note"] == "the host has no artifact of it yet"


def test_another_failure_is_not_tried_again(action):
    action.answers = [{"failed": True, "outcome": "reverted", "msg": "unhealthy"}]
    result = action._apply_with_artifact(REQUEST, PLAN, {})
    assert (result["failed"], result["transfer"]) == (True, "pull")
    assert len(action.sent) == 1


def test_a_binary_that_the_host_has_is_not_sent_whatever_is_requested(action):
    action.answers = [{"outcome": "ok"}]
    plan = dict(PLAN, binaries={"same": ("/dist/.patches/x", "d0", "bin/orders")})
    result = action._apply_with_artifact(REQUEST, plan, {})
    assert (result["transfer"], action.sent) == ("delta", [(None, "/dist/.patches/x")])


def test_the_full_artifact_is_sent_if_that_binary_cannot_be_used(action):
    action.answers = [{"failed": True, "full_needed": True, "msg": "damaged"}, {"outcome": "ok"}]
    plan = dict(PLAN, binaries={"same": ("/dist/.patches/x", "d0", "bin/orders")})
    result = action._apply_with_artifact(REQUEST, plan, {})
    assert (result["transfer"], result["transfer_note"]) == ("full", "damaged")
    assert action.sent[1] == (None, "/dist/orders.tar.gz")
    assert action.shown == ["web1: sending 154 kB, a patch", "web1: sending 154 kB"]
