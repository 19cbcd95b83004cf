# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.systemd import journal

DROPPED = {"MESSAGE_ID": "a596d6fe7bfa4994828e72309e95d61e", "_SYSTEMD_UNIT": "systemd-journald.service"}


def entry(**fields):
    return dict({"__REALTIME_TIMESTAMP": "1000000", "__CURSOR": "s=1", "MESSAGE": "hello"}, **fields)


@pytest.fixture
def journalctl(tmp_path, monkeypatch):
    """A program of that name: prints these lines, and ends with this status; its arguments are returned."""

    def install(*lines, status=0):
        printed = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
        (tmp_path / "printed").write_text(printed + "\n", encoding="utf-8")
        program = tmp_path / "journalctl"
        program.write_text(
            '#!/bin/sh\nprintf "%%s\\n" "$@" >%s/arguments\ncat %s/printed\nexit %d\n'
            % (tmp_path, tmp_path, status)
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        return tmp_path / "arguments"

    return install


def test_entries_of_units_are_read(journalctl):
    arguments = journalctl(entry(_EXE="/opt/a/releases/1/bin/a", PRIORITY="3", _SYSTEMD_UNIT="a.service"))
    (found,) = journal.entries(("a.service", "a@blue.service"), "--since=@1")
    assert (found.at, found.message, found.priority, found.exe) == (
        1000000,
        "hello",
        3,
        "/opt/a/releases/1/bin/a",
    )
    assert found.is_of(("a.service",)) and not found.is_of(("b.service",))
    given = arguments.read_text().split("\n")
    assert "--unit=a.service" in given and "--unit=a@blue.service" in given and "--since=@1" in given
    assert "--output=json" in given and "--all" in given


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ([104, 105, 255, 10], "hi\ufffd\n"),
        (["first", "second"], "first"),
        (None, ""),
        ([], ""),
        ({"a": 1}, ""),
    ],
)
def test_a_message_of_any_form(journalctl, value, text):
    journalctl(entry(MESSAGE=value))
    (found,) = journal.entries(("a.service",))
    assert found.message == text


@pytest.mark.parametrize("priority", ["8", "", "45", None, [51]])
def test_a_priority_is_one_of_eight(journalctl, priority):
    journalctl(entry(PRIORITY=priority))
    (found,) = journal.entries(("a.service",))
    assert found.priority == (3 if priority == [51] else None)


def test_the_invocation_of_what_systemd_says_about_a_unit(journalctl):
    journalctl(
        entry(INVOCATION_ID="b"), entry(_SYSTEMD_INVOCATION_ID="a", INVOCATION_ID="b"), entry(_EXE="/x")
    )
    assert [found.invocation for found in journal.entries(("a.service",))] == ["b", "a", ""]


def test_what_was_dropped_is_counted(journalctl):
    arguments = journalctl(
        entry(**DROPPED, N_DROPPED="4312"),
        entry(**DROPPED, MESSAGE="Suppressed 7 messages from a.service"),  # systemd before N_DROPPED
        entry(**DROPPED, MESSAGE="Suppressed many messages"),
        # A service that says so itself is not journald.
        entry(**{**DROPPED, "_SYSTEMD_UNIT": "a.service", "N_DROPPED": "99"}),
    )
    assert journal.dropped(("a.service",), 12.7) == 4319
    assert "MESSAGE_ID=" + DROPPED["MESSAGE_ID"] in arguments.read_text() and "--since=@12" in (
        arguments.read_text()
    )


def test_where_the_journal_begins(journalctl):
    journalctl(entry(__REALTIME_TIMESTAMP="5"), entry(__REALTIME_TIMESTAMP="9"))
    assert journal.begins() == 5
    journalctl()
    assert journal.begins() is None


def test_who_stops_reading_ends_journalctl(tmp_path, monkeypatch):
    program = tmp_path / "journalctl"
    program.write_text("#!/bin/sh\nexec yes '%s'\n" % json.dumps(entry()))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = journal.entries(("a.service",))
    next(found)
    found.close()  # waits for its end


def test_a_failure_says_what_journalctl_printed(journalctl):
    journalctl("Failed to open files: Permission denied", status=1)
    with pytest.raises(SlipwayError, match=r"journalctl failed \(exit status 1\): Failed to open files"):
        list(journal.entries(("a.service",)))


def test_a_host_without_journalctl(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SlipwayError, match="There is no command journalctl"):
        list(journal.entries(("a.service",)))
