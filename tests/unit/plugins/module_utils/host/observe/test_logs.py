# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step ``logs``, with a program in place of journalctl that has some of its options."""

from __future__ import annotations

import base64
import io
import json
import os
import sys
import time
import zlib

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput, SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.observe import logs

A, B = "1.0.0-" + 12 * "a", "1.1.0-" + 12 * "b"
DROPPED = {"MESSAGE_ID": "a596d6fe7bfa4994828e72309e95d61e", "_SYSTEMD_UNIT": "systemd-journald.service"}
JOURNALCTL = """#!%s -IS
import json, sys
with open(%r) as file:
    entries = json.load(file)
given = dict(word.lstrip("-").partition("=")[::2] for word in sys.argv[1:])
for entry in entries if "unit" in given else []:
    assert "orders.service" in sys.argv[1:] or "--unit=orders.service" in sys.argv[1:]
if "after-cursor" in given:
    places = [entry["__CURSOR"] for entry in entries]
    entries = entries[places.index(given["after-cursor"]) + 1:]
at = lambda entry: int(entry["__REALTIME_TIMESTAMP"]) / 1e6
since, until = float(given.get("since", "@0")[1:]), float(given.get("until", "@1e12")[1:])
entries = [entry for entry in entries if since <= at(entry) <= until]
for entry in reversed(entries) if "reverse" in given else entries:
    print(json.dumps(entry))
"""
# A plain number, so that the tests can count from it.
START = 1700000000


class Host:
    """A journal and the directory of an app."""

    def __init__(self, directory):
        self.root = directory / "orders"
        (self.root / "releases").mkdir(parents=True)
        self._file = directory / "entries"
        self._entries = []
        program = directory / "journalctl"
        program.write_text(JOURNALCTL % (sys.executable, str(self._file)))
        program.chmod(0o755)
        systemctl = directory / "systemctl"
        systemctl.write_text("#!/bin/sh\necho ActiveState=active\necho MainPID=0\necho InvocationID=\n")
        systemctl.chmod(0o755)
        self.add("begin", at=-100, unit="other.service")
        self._entries = self._entries[:]

    def add(self, message, at, release=A, invocation="", **fields):
        unit = fields.pop("unit", "orders.service")
        exe = "%s/releases/%s/bin/orders" % (self.root, release) if release else "/usr/lib/systemd/systemd"
        self._entries.append(
            {
                "__REALTIME_TIMESTAMP": str(int((START + at) * 1e6)),
                "__CURSOR": "s=%d" % len(self._entries),
                "MESSAGE": message,
                "PRIORITY": "6",
                "_SYSTEMD_UNIT": unit,
                "_SYSTEMD_INVOCATION_ID": invocation or str(release),
                "_EXE": exe,
                **fields,
            }
        )
        self._file.write_text(json.dumps(self._entries))

    def act(self, at, **entry):
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + at))
        with open(self.root / "history.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(dict({"act": "deploy", "outcome": "ok", "at": at}, **entry)) + "\n")

    def ask(self, **options):
        given = {"name": "orders", "root": str(self.root), "since": {"at": START}, "lines": 1000}
        result = logs.logs(dict(given, **options), io.BytesIO())
        lines = zlib.decompress(base64.b64decode(result["packed"])).decode("ascii").splitlines()
        return [json.loads(line) for line in lines], result

    def texts(self, **options):
        return [row[4] for row in self.ask(**options)[0] if row[1] != "act"]


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return Host(tmp_path)


def test_lines_come_oldest_first_with_time_level_and_release(host):
    host.add("early", at=-1)
    host.add('{"level": "warn", "msg": "one"}', at=1)
    host.add("two", at=2.5, PRIORITY="3", release=B)
    rows, result = host.ask()
    assert rows == [
        [(START + 1) * 1000000, "line", 4, A, '{"level": "warn", "msg": "one"}', None],
        [START * 1000000 + 2500000, "line", 3, B, "two", None],
    ]
    assert result["releases"] == [A, B] and result["cursor"] == "s=3"
    assert (result["older_left_out"], result["lost"], result["begins"]) == (False, 0, None)


def test_the_newest_lines_are_kept(host):
    for number in range(9):
        host.add(str(number), at=number)
    assert host.texts(lines=3) == ["6", "7", "8"]
    assert host.ask(lines=3)[1]["older_left_out"] is True
    assert host.ask(lines=9)[1]["older_left_out"] is False


def test_the_first_lines_of_a_process_have_its_release(host):
    host.add(
        "Starting orders...",
        at=1,
        release=None,
        unit="init.scope",
        INVOCATION_ID="x",
        SYSLOG_IDENTIFIER="systemd",
    )
    host._entries[-1]["_SYSTEMD_INVOCATION_ID"] = ""
    host.add("first", at=2, release=None, invocation="x")
    host.add("second", at=3, release=B, invocation="x")
    rows = host.ask()[0]
    assert [row[3] for row in rows] == [B, B, B]
    assert [row[1] for row in rows] == ["unit", "line", "line"] and rows[0][5] == "systemd"


@pytest.mark.parametrize("release", [B, "1.1.0"])
def test_lines_of_one_release(host, release):
    host.add("old", at=1)
    host.add("new 1", at=2, release=None, invocation="x")
    host.add("new 2", at=3, release=B, invocation="x")
    host.add("old again", at=4)
    assert host.texts(release=release) == ["new 1", "new 2"]
    assert host.texts(release=release, lines=1) == ["new 2"]


def test_lines_of_the_current_and_of_the_previous_release(host):
    for release, link in ((A, "previous"), (B, "current")):
        (host.root / link).symlink_to("releases/" + release)
        host.add(link, at=1, release=release)
    assert host.texts(release="current") == ["current"]
    assert host.texts(release="previous") == ["previous"]
    os.unlink(host.root / "previous")
    assert host.ask(release="previous")[1]["release_known"] is False
    assert host.texts(release="previous") == []


def test_a_release_that_the_host_never_had_is_reported(host):
    host.add("line", at=1)
    for number, release in enumerate((A, B, A)):
        host.act(at=-10 + number, to=release)
    result = host.ask(release="1.0.0")[1]
    assert (result["release_known"], result["known_releases"]) == (True, [])
    rows, result = host.ask(release="9.9.9")
    assert [row for row in rows if row[1] == "line"] == []
    assert (result["release_known"], result["known_releases"]) == (False, [A, B])


def test_lines_of_a_level_and_above_and_those_without_one(host):
    for text in ('{"level":"info"}', '{"level":"warn"}', '{"level":"error"}', "goroutine 1 [running]:"):
        host.add(text, at=1)
    assert host.texts(level=4) == ['{"level":"warn"}', '{"level":"error"}', "goroutine 1 [running]:"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("order [12]", ["Order 1", "order 2"]), ("Order", ["Order 1"]), ("^2", []), ("r 2$", ["order 2"])],
)
def test_lines_that_match(host, pattern, expected):
    for text in ("Order 1", "order 2", "else"):
        host.add(text, at=1)
    assert host.texts(grep=pattern) == expected


def test_a_pattern_that_is_none_is_refused(host):
    with pytest.raises(InvalidInput, match=r"grep: '\[' is not usable: use a regular expression"):
        host.ask(grep="[")


def test_what_journald_dropped_stands_at_its_place_whatever_is_asked_for(host):
    host.add("before", at=1)
    host.add("Suppressed 5 messages from orders.service", at=2, **DROPPED, N_DROPPED="5", unit="")
    host._entries[-1]["_SYSTEMD_UNIT"] = DROPPED["_SYSTEMD_UNIT"]
    host.add("after", at=3)
    for options in ({}, {"level": 3}, {"grep": "before|after"}, {"release": A}):
        rows, result = host.ask(**options)
        assert [row[1] for row in rows] == ["line", "lost", "line"] and rows[1][5] == 5 == result["lost"]


def test_acts_stand_between_the_lines(host):
    host.act(-5, to=A)
    host.act(
        2, **{"from": A, "to": B}, ready_ms=63, actor="ann@laptop", phases={"start": 70}, health={"x": "y"}
    )
    host.act(4, **{"from": B, "to": A}, outcome="reverted", message="it failed\nwith a journal\n")
    host.act(5, act="migrate", release=A, args=["migrate", "--token=x"])
    host.add("one", at=1)
    host.add("two", at=3)
    rows, result = host.ask()
    assert [row[1] for row in rows] == ["line", "act", "line", "act", "act"]
    assert result["releases"] == [A, B]
    assert rows[1][5] == {
        "act": "deploy",
        "from": A,
        "to": B,
        "outcome": "ok",
        "ready_ms": 63,
        "actor": "ann@laptop",
    }
    assert rows[3][5]["message"] == "it failed"
    assert "token" not in str(rows) and "health" not in str(rows)


def test_acts_that_are_older_than_the_lines_are_left_out_with_them(host):
    host.act(1, to=A)
    for number in range(5):
        host.add(str(number), at=2 + number)
    assert [row[1] for row in host.ask()[0]] == ["act"] + 5 * ["line"]
    assert [row[1] for row in host.ask(lines=2)[0]] == 2 * ["line"]


def test_an_end(host):
    for number in range(5):
        host.add(str(number), at=number)
    host.act(3, to=A)
    assert host.texts(until={"at": START + 2}) == ["0", "1", "2"]
    assert [row[1] for row in host.ask(until={"at": START + 2})[0]] == 3 * ["line"]


def test_an_end_before_the_beginning_gives_nothing(host):
    host.add("x", at=1)
    assert host.texts(since={"ago": 1}, until={"at": START + 5}) == []


def test_how_long_ago(host):
    host.add("now", at=time.time() - START)
    host.add("then", at=time.time() - START - 100)
    assert host.texts(since={"ago": 60}) == ["now"]


def test_rounds_have_every_line_once(host):
    for number in range(3):
        host.add(str(number), at=number)
    rows, result = host.ask(until={"at": START + 1})
    seen, cursor = [row[4] for row in rows], result["cursor"]
    for until in (2, 4, 6):
        if until == 4:
            host.add("3", at=2.0001)
            host.add("4", at=5)
        rows, result = host.ask(after=True, cursor=cursor, since={"at": START}, until={"at": START + until})
        seen, cursor = seen + [row[4] for row in rows], result["cursor"]
    assert seen == ["0", "1", "2", "3", "4"]


def test_a_round_without_a_cursor_begins_after_its_time(host):
    host.add("shown", at=1)
    host.add("new", at=1.000001)
    options = {"after": True, "cursor": None, "since": {"at": START + 1}}
    assert host.texts(**options) == ["new"]
    rows, result = host.ask(**dict(options, since={"at": START + 9}))
    assert rows == [] and result["cursor"] is None


def test_a_round_with_too_many_lines_is_continued_by_the_next_one(host):
    for number in range(5):
        host.add(str(number), at=number)
    seen, cursor = [], None
    for dummy in range(3):
        rows, result = host.ask(after=True, cursor=cursor, lines=2, since={"at": START - 1})
        seen, cursor = seen + [row[4] for row in rows], result["cursor"]
    assert seen == ["0", "1", "2", "3", "4"]


def test_a_long_line_is_cut(host):
    host.add("x" * 20000, at=1)
    (text,) = host.texts()
    assert text == "x" * 16384 + "… (3616 more characters)"


def test_what_a_host_sends_is_bounded(host, monkeypatch):
    monkeypatch.setattr(logs, "MOST_CHARACTERS", 10)
    for number in range(5):
        host.add("four", at=number)
    rows, result = host.ask()
    assert len(rows) == 3 and result["older_left_out"]


@pytest.mark.parametrize("volatile", [True, False])
def test_a_journal_that_begins_too_late_is_reported(host, tmp_path, monkeypatch, volatile):
    monkeypatch.setattr(logs.journal, "_ON_DISK", str(tmp_path / ("none" if volatile else "")))
    host.act(-500, to=A)
    result = host.ask(since={"at": START - 300})[1]
    assert (result["begins"], result["volatile"]) == ((START - 100) * 1000000, volatile)
    assert host.ask(since={"at": START - 99})[1]["begins"] is None


def test_a_journal_that_is_older_than_the_service_is_complete(host):
    host.act(-50, to=A)
    assert host.ask(since={"at": START - 300})[1]["begins"] is None
    (host.root / "adopted").mkdir()  # another service was here before
    assert host.ask(since={"at": START - 300})[1]["begins"] is not None


def test_a_host_without_the_app_has_no_lines(host, tmp_path):
    rows, result = host.ask(root=str(tmp_path / "nowhere"))
    assert rows == [] and result["release_known"] is True


def test_only_root_reads_the_journal_whole(host, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SlipwayError, match="journal and the history of a service are root's"):
        host.ask()
