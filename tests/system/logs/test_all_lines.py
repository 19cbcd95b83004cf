# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two releases, 30,000 lines on three hosts, and an app that never says which release it is."""

from __future__ import annotations

import collections
import re

import pytest

from .conftest import COUNTED, FLEET, HOSTS, SECRETS

# For root alone: what a release is started with, and what its health check sends.
KEPT = re.compile(r"/opt/talk/(releases/[^/]+/environment(\.template)?|history\.jsonl)")
SESSIONS = "journalctl --sync; journalctl -u ssh --output=cat --quiet | grep -c '^Starting session' || true"


@pytest.fixture(scope="module")
def rows(counted):
    return counted.rows(slipway_since="1h", slipway_lines=20000)


def test_every_line_is_there_once_and_in_order(rows):
    numbers = collections.Counter(
        (row["host"], row["fields"]["n"]) for row in rows if row.get("message") == "counted"
    )
    assert len(numbers) == 30000 == len(HOSTS) * 2 * COUNTED
    assert set(numbers.values()) == {1}
    times = [row["time"] for row in rows if row["kind"] != "note"]
    assert times == sorted(times)
    for host in HOSTS:
        own = [row["fields"]["n"] for row in rows if row["host"] == host and row.get("message") == "counted"]
        assert own == list(range(1, 2 * COUNTED + 1))


def test_every_line_has_the_release_that_wrote_it(rows):
    for row in rows:
        if row.get("message") == "counted":
            version = "1.0.0" if row["fields"]["n"] <= COUNTED else "2.0.0"
            assert row["release"].startswith(version + "-"), row


def test_the_last_line_of_a_process_has_its_release_too(rows):
    """journald may take it for a line of the next process."""
    ended = {row["host"]: row["release"] for row in rows if row.get("message") == "ended"}
    assert sorted(ended) == sorted(HOSTS)
    assert all(release.startswith("1.0.0-") for release in ended.values())


def test_what_systemd_says_has_the_release_of_its_process(rows):
    said = {(row["release"] or "").partition("-")[0] for row in rows if row["kind"] == "unit"}
    assert {"1.0.0", "2.0.0"} <= said


def test_the_deploys_stand_between_the_lines(rows):
    for host in HOSTS:
        own = [row for row in rows if row.get("host") == host]
        (second,) = [number for number, row in enumerate(own) if row.get("act") and row.get("from")]
        assert own[second]["to"].startswith("2.0.0-") and own[second]["outcome"] == "ok"
        lines = [row["fields"]["n"] for row in own[:second] if row.get("message") == "counted"]
        assert lines == list(range(1, COUNTED + 1))


@pytest.fixture(scope="module")
def shown(counted, hosts):
    """What is printed if nothing is asked for, and how many sessions of SSH each host had meanwhile."""
    before = {name: int(host.sure(SESSIONS, alone=True)) for name, host in hosts.items()}
    out = counted.logs()
    # The count is one of its own.
    after = {name: int(host.sure(SESSIONS, alone=True)) - 1 for name, host in hosts.items()}
    return out, {name: after[name] - before[name] for name in hosts}


def test_a_host_is_asked_in_at_most_two_executions(shown):
    assert all(1 <= count <= 2 for count in shown[1].values()), shown[1]


def test_the_newest_lines_are_shown_by_default(shown):
    out = shown[0]
    assert len(re.findall(" counted n=", out)) <= 3000
    assert out.count("older lines are left out: raise slipway_lines") == 3
    last = re.findall(r"^\S+ (\S+) +2\.0\.0 info  counted n=10000$", out, re.MULTILINE)
    assert sorted(last) == sorted(HOSTS)


@pytest.mark.parametrize(("release", "first"), [("2.0.0", COUNTED + 1), ("previous", 1)])
def test_the_lines_of_one_release(counted, release, first):
    rows = counted.rows("--limit", "web1", slipway_since="1h", slipway_lines=20000, slipway_release=release)
    numbers = [row["fields"]["n"] for row in rows if row.get("message") == "counted"]
    assert numbers == list(range(first, first + COUNTED))


def test_a_pattern_a_level_and_times(counted, services):
    services["web1"].say(
        '{"level":"warn","msg":"slow","ms":900}',
        '{"level":"error","msg":"failed","release":"1.0.0"}',
        '{"level":"debug","msg":"detail"}',
        "panic: no level",
    )
    found = counted.rows("--limit", "web1", slipway_level="warn")
    messages = [row["message"] for row in found if row["kind"] == "line"]
    assert messages[-3:] == ["slow", "failed", "panic: no level"] and "counted" not in messages
    (failed,) = [row for row in found if row.get("message") == "failed"]
    assert failed["release"].startswith("1.0.0-")  # it says so itself
    found = counted.rows("--limit", "web1", slipway_grep='"ms":[0-9]{3}')
    assert [row["message"] for row in found if row["kind"] == "line"] == ["slow"]
    # The microsecond of a line is within both ends.
    (slow,) = [row for row in found if row.get("message") == "slow"]
    at = slow["time"]
    found = counted.rows("--limit", "web1", slipway_since=at, slipway_until=at[:19] + ".999999Z")
    assert "slow" in [row["message"] for row in found if row["kind"] == "line"]
    assert all(at <= row["time"] <= at[:19] + ".999999Z" for row in found if row["kind"] == "line")


def test_what_would_control_the_terminal_is_shown(counted, services):
    services["web1"].say("bad \x1b[2J\x1b]0;owned\x07", '{"msg":"worse \\u001b[31m","k\\u009b":"v\\r"}')
    out = counted.logs("--limit", "web1", slipway_since="1m")
    assert "bad \\x1b[2J\\x1b]0;owned\\x07" in out and "worse \\x1b[31m k\\x9b=" in out
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out)


def test_a_host_that_is_away_is_named_once(counted):
    counted.use({"web1": {}, "gone": {"ansible_host": "127.0.0.1", "ansible_port": 1}})
    try:
        out = counted.logs()
    finally:
        counted.use({name: {} for name in HOSTS})
    assert out.count("gone is missing here: unreachable: ") == 1 and out.count("gone") == 1
    assert "web1 2.0.0 info  counted" in out


@pytest.fixture(scope="module")
def verbose(counted):
    done = counted.play("logs", "-vvv", slipway_since="1h", slipway_lines=10)
    assert done.code == 0, done
    return done.out + done.err


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_printed_nowhere_and_in_no_other_file(counted, verbose, hosts, name):
    secret = SECRETS[name]
    assert secret not in verbose
    for path in counted.directory.rglob("*"):
        assert path == counted.inventory or not path.is_file() or secret.encode() not in path.read_bytes()
    for host in hosts.values():
        kept = host.files_with(secret)
        assert kept and all(KEPT.fullmatch(path) for path in kept), kept


def test_a_journal_that_lost_its_beginning_says_so(counted, hosts):
    hosts["web2"].sure("journalctl --rotate && journalctl --vacuum-time=1s")
    out = counted.logs("--limit", "web2", slipway_since="1h")
    assert re.search(r"web2: its journal begins at 20.* UTC: what was logged before is gone", out)
    assert "counted n=1\n" not in out


def test_the_fleet_has_three_hosts():
    assert len(HOSTS) == sum(int(re.split("[=:]", group)[1]) for group in FLEET.groups) == 3
