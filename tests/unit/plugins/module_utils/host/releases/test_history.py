# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.releases import history as journals
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.history import History


@pytest.fixture
def journal(tmp_path):
    return History(str(tmp_path / "history.jsonl"))


def act(to, outcome, kind="deploy"):
    return {"act": kind, "to": to, "outcome": outcome}


def test_what_was_appended_is_read_back_in_order(journal):
    journal.append(act("1-a", "ok"))
    journal.append(act("2-b", "reverted"))
    assert [(entry["to"], entry["outcome"]) for entry in journal.entries()] == [
        ("1-a", "ok"),
        ("2-b", "reverted"),
    ]


def test_a_host_without_a_journal_has_no_history(journal):
    assert journal.entries() == [] and journal.outcomes() == {}


def test_a_line_that_was_cut_off_spoils_neither_its_neighbours_nor_the_next(journal):
    journal.append(act("1-a", "ok"))
    with open(journal.path, "a", encoding="utf-8") as handle:
        handle.write('{"act": "dep')
    journal.append(act("2-b", "ok"))
    assert [entry["to"] for entry in journal.entries()] == ["1-a", "2-b"]


@pytest.mark.parametrize(
    "rubbish", [b"\xff\xfe\n", b"[1, 2]\n", b"null\n", b"\0" * 100 + b"\n", b"[" * 200_000 + b"\n"]
)
def test_rubbish_in_the_journal_is_passed_over(journal, rubbish):
    journal.append(act("1-a", "ok"))
    with open(journal.path, "ab") as handle:
        handle.write(rubbish)
    journal.append(act("2-b", "ok"))
    assert [entry["to"] for entry in journal.entries()] == ["1-a", "2-b"]


def test_the_newest_act_decides_what_a_release_is_worth_and_how_old_it_is(journal):
    for entry in (
        act("1-a", "ok"),
        act("2-b", "ok"),
        act("1-a", "reverted"),
        act("3-c", "ok", "stage"),
        act("4-d", "ok", "install"),
    ):
        journal.append(entry)
    assert list(journal.outcomes().items()) == [("2-b", "ok"), ("1-a", "reverted"), ("4-d", "ok")]


def test_the_journal_is_bounded_and_loses_the_oldest_half(journal, monkeypatch):
    monkeypatch.setattr(journals, "MAX_BYTES", 5000)
    for number in range(200):
        journal.append(act("%d-a" % number, "ok"))
    entries = journal.entries()
    assert len(entries) < 100
    assert entries[-1]["to"] == "199-a"
    assert [entry["to"] for entry in entries] == [
        "%d-a" % number for number in range(200 - len(entries), 200)
    ]


def test_a_release_is_remembered_with_the_health_check_that_it_passed(journal):
    journal.append(dict(act("1-a", "ok"), health={"path": "/old"}))
    journal.append(dict(act("1-a", "reverted"), health={"path": "/new"}))
    journal.append(act("2-b", "ok", "install"))
    assert journal.health_of("1-a") == {"path": "/old"}
    assert journal.health_of("2-b") is None and journal.health_of("3-c") is None


def test_the_journal_is_for_roots_eyes_only_as_a_header_of_a_health_check_may_be_a_secret(journal):
    journal.append(act("1-a", "ok"))
    assert os.stat(journal.path).st_mode & 0o777 == 0o600
