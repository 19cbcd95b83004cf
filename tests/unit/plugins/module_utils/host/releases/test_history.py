# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.releases import history as histories
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.history import History


@pytest.fixture
def history(tmp_path):
    return History(str(tmp_path / "history.jsonl"))


def act(to, outcome, kind="deploy"):
    return {"act": kind, "to": to, "outcome": outcome}


def test_what_was_appended_is_read_back_in_order(history):
    history.append(act("1-a", "ok"))
    history.append(act("2-b", "reverted"))
    assert [(entry["to"], entry["outcome"]) for entry in history.entries()] == [
        ("1-a", "ok"),
        ("2-b", "reverted"),
    ]


def test_a_host_without_a_history_has_no_history(history):
    assert history.entries() == [] and history.outcomes() == {}


def test_a_line_that_was_cut_off_spoils_neither_its_neighbours_nor_the_next(history):
    history.append(act("1-a", "ok"))
    with open(history.path, "a", encoding="utf-8") as handle:
        handle.write('{"act": "dep')
    history.append(act("2-b", "ok"))
    assert [entry["to"] for entry in history.entries()] == ["1-a", "2-b"]


@pytest.mark.parametrize(
    "damage", [b"\xff\xfe\n", b"[1, 2]\n", b"null\n", b"\0" * 100 + b"\n", b"[" * 200_000 + b"\n"]
)
def test_damage_in_the_history_is_skipped(history, damage):
    history.append(act("1-a", "ok"))
    with open(history.path, "ab") as handle:
        handle.write(damage)
    history.append(act("2-b", "ok"))
    assert [entry["to"] for entry in history.entries()] == ["1-a", "2-b"]


def test_the_newest_act_decides_the_outcome_and_the_age_of_a_release(history):
    for entry in (
        act("1-a", "ok"),
        act("2-b", "ok"),
        act("1-a", "reverted"),
        act("3-c", "ok", "stage"),
        act("4-d", "ok", "install"),
    ):
        history.append(entry)
    assert list(history.outcomes().items()) == [("2-b", "ok"), ("1-a", "reverted"), ("4-d", "ok")]


def test_the_history_is_bounded_and_loses_the_oldest_half(history, monkeypatch):
    monkeypatch.setattr(histories, "MAX_BYTES", 5000)
    for number in range(200):
        history.append(act("%d-a" % number, "ok"))
    entries = history.entries()
    assert len(entries) < 100
    assert entries[-1]["to"] == "199-a"
    assert [entry["to"] for entry in entries] == [
        "%d-a" % number for number in range(200 - len(entries), 200)
    ]


def test_a_release_is_remembered_with_the_health_check_that_it_passed(history):
    history.append(dict(act("1-a", "ok"), health={"path": "/old"}))
    history.append(dict(act("1-a", "reverted"), health={"path": "/new"}))
    history.append(act("2-b", "ok", "install"))
    assert history.health_of("1-a") == {"path": "/old"}
    assert history.health_of("2-b") is None and history.health_of("3-c") is None


def test_only_root_can_read_the_history_as_a_health_check_may_have_a_secret(history):
    history.append(act("1-a", "ok"))
    assert os.stat(history.path).st_mode & 0o777 == 0o600


def test_the_migrations_of_a_release_are_those_that_succeeded(tmp_path):
    history = History(str(tmp_path / "history.jsonl"))
    for entry in (
        {"act": "migrate", "release": "a", "args": ["up"], "outcome": "ok"},
        {"act": "migrate", "release": "a", "args": ["seed"], "outcome": "failed"},
        {"act": "migrate", "release": "b", "args": ["other"], "outcome": "ok"},
        {"act": "run", "release": "a", "args": ["status"], "outcome": "ok"},
        {"act": "migrate", "release": "a", "args": "up", "outcome": "ok"},
    ):
        history.append(entry)
    assert history.migrations("a") == [["up"]] and history.migrations("c") == []
    assert history.outcomes() == {}
