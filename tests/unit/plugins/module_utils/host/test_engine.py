# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the engine makes of an error: the message that a person on call reads."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import wire
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host import engine
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import info


@pytest.fixture
def answer(monkeypatch, capsys):
    """The engine's result where a step raises an error."""

    def run(error):
        def fail(options, stream):
            raise error

        monkeypatch.setattr(info, "info", fail)
        engine.main({"step": "info"}, None)
        return wire.result_in(capsys.readouterr().out)

    return run


def test_the_reason_comes_first_then_the_remedy_then_the_journal(answer):
    journal = ["panic: boom", "  in main.main, orders/main.go:7"] + [
        "line %d" % number for number in range(8)
    ]
    evidence = {"journal": journal, "next": "journalctl -u orders.service -e"}
    result = answer(SlipwayError("2.0.0 was refused: boom", hint="Do this.", evidence=evidence))
    assert result["failed"] and result["outcome"] == "rejected"
    lines = result["msg"].splitlines()
    assert lines[:4] == ["2.0.0 was refused: boom", "Do this.", "From its journal:", "  panic: boom"]
    assert lines[-1] == "See more: journalctl -u orders.service -e"
    assert len(lines) == 14  # each line of the journal once, none left out


def test_the_remedy_of_the_evidence_is_printed_if_there_is_no_other(answer):
    evidence = {"remedy": "Run setup", "journal": ["boom"]}
    lines = answer(SlipwayError("it failed", evidence=evidence))["msg"].splitlines()
    assert lines[:2] == ["it failed", "Run setup"]


def test_a_host_without_a_healthy_release_shows_both_journals(answer):
    facts = {"evidence": {"journal": ["new"]}, "evidence_of_old": {"journal": ["old"]}}
    assert answer(SlipwayError("down", **facts))["msg"].splitlines() == [
        "down",
        "From its journal:",
        "  new",
        "From the journal of the old release:",
        "  old",
    ]


@pytest.mark.parametrize("facts", [{}, {"evidence": None}, {"evidence": {"journal": []}}, {"hint": None}])
def test_an_error_without_evidence_is_only_its_message(answer, facts):
    assert answer(SlipwayError("it failed", **facts))["msg"] == "it failed"


def test_a_bug_is_one_result_too(answer):
    result = answer(RuntimeError("oops"))
    assert result["outcome"] == "unknown" and "RuntimeError('oops')" in result["msg"]
    assert "test_engine.py" in result["exception"]


def test_a_user_without_rights_is_no_bug(answer, monkeypatch):
    monkeypatch.setattr(engine.os, "geteuid", lambda: 65534)
    monkeypatch.delenv("SUDO_USER", raising=False)
    result = answer(PermissionError(13, "Permission denied", "/opt/orders"))
    assert result["outcome"] == "rejected" and "set become: true" in result["msg"]
    assert "/opt/orders" in result["msg"] and "exception" not in result
