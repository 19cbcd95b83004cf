# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What journald drops is reported, to the line; and lines are followed as they come."""

from __future__ import annotations

import re
import subprocess
import time

import pytest
from support import lab

from .conftest import HOSTS, SERVICE

FLOOD = 50000
DROPPED = "journalctl -q -o cat -u talk --since=@%s MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e"
LIMITED = dict(SERVICE["slipway_unit"], log_rate_limit={"burst": 1000, "interval_sec": 2})


def test_the_loss_in_a_flood_is_the_gap_of_the_counter(counted, services):
    counted.deploy("2.0.0", "--limit", "web1", slipway_unit=LIMITED)
    web1, written = services["web1"], FLOOD
    since = web1.host.sure("date --utc +%FT%T.%6NZ").strip()
    web1.count(1, FLOOD, seconds=5)
    deadline = time.monotonic() + 120
    while _kept(web1.host, since) + _dropped(web1.host, since) < written:
        # journald says what it dropped when it takes a message of the service again, after the interval.
        assert time.monotonic() < deadline
        written += 1
        web1.count(written, written)
    rows = counted.rows("--limit", "web1", slipway_since=since, slipway_lines=100000)
    lost = sum(row["lost"] for row in rows if row["kind"] == "lost")
    numbers = [row["fields"]["n"] for row in rows if row.get("message") == "counted"]
    assert len(set(numbers)) == len(numbers)
    assert lost == written - len(numbers) > 0
    # The loss stands in the gap.
    place = next(number for number, row in enumerate(rows) if row["kind"] == "lost")
    before = [row["fields"]["n"] for row in rows[:place] if row.get("message") == "counted"]
    after = [row["fields"]["n"] for row in rows[place:] if row.get("message") == "counted"]
    assert after[0] - before[-1] - 1 == rows[place]["lost"]
    shown = counted.logs("--limit", "web1", slipway_since=since, slipway_grep="no such line")
    assert f"web1: journald dropped {rows[place]['lost']:,} lines here" in shown
    rows = counted.rows("--limit", "web1", slipway_since="1d", slipway_grep="no such line")
    lost = sum(row["lost"] for row in rows if row["kind"] == "lost")
    status = counted.sure("status")
    assert re.search(r'^ *"web1 .* active +0 +%d +healthy"' % lost, status, re.MULTILINE), status
    assert re.search(r'^ *"web2 .* active +0 +0 +healthy"', status, re.MULTILINE), status


def _kept(host, since):
    argv = "journalctl -q -o cat -u talk --since=@%s | grep -c counted || true"
    return int(host.sure(argv % _seconds(host, since)))


def _dropped(host, since):
    said = host.sure(DROPPED % _seconds(host, since))
    return sum(map(int, re.findall(r"^Suppressed (\d+) messages", said, re.MULTILINE)))


def _seconds(host, since):
    return host.sure("date --date=%s +%%s.%%6N" % since).strip()


class Following:
    """The playbook while it follows: its lines as they come."""

    def __init__(self, controller, seconds, **variables):
        argv = controller.argv("logs", slipway_since="1s", slipway_follow=seconds, **variables)
        self.process = subprocess.Popen(
            argv,
            cwd=lab.CHECKOUT,
            env=controller.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines = []

    def until(self, pattern):
        """Read until a line matches."""
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if re.search(pattern, line):
                return line
        raise AssertionError("there is no %r in:\n%s" % (pattern, "\n".join(self.lines[-40:])))

    def end(self):
        self.lines += self.process.stdout.read().splitlines()
        return self.process.wait()


@pytest.fixture(scope="module")
def following(counted):
    """A function that begins to follow."""
    begun = []

    def start(seconds, **variables):
        begun.append(Following(counted, seconds, **variables))
        begun[-1].until("following 3 hosts")
        return begun[-1]

    yield start
    for each in begun:
        each.process.kill()
        each.process.wait()


@pytest.fixture(scope="module")
def follow(following):
    """One that goes on for as long as the tests take."""
    return following(600)


def test_lines_are_followed_in_one_order_as_they_come(follow, services):
    for number in range(12):
        services[HOSTS[number % 3]].say("step %d" % number)
    follow.until("step 11$")
    assert follow.process.poll() is None  # long before its end
    found = [re.search(r"(\S+) +\S+ -     step (\d+)$", line) for line in follow.lines]
    steps = [(match[1], int(match[2])) for match in found if match]
    assert steps == [(HOSTS[number % 3], number) for number in range(12)]


def test_a_host_that_goes_away_and_comes_back_loses_no_line(follow, services, hosts):
    services["web2"].say("before")
    follow.until("before$")
    # sshd and what it has open: the service goes on.
    away = (
        "systemd-run --quiet sh -c 'systemctl stop ssh.socket ssh.service; pkill -x sshd; "
        "while ! test -e /run/come-back; do sleep 0.1; done; systemctl start ssh.service'"
    )
    inside = lab.Host(hosts["web2"].fleet, "web2", past_ssh=True)
    inside.sure(away)
    try:
        follow.until("web2 is away: ")
        inside.sure("curl -sSf --data-binary 'while away' http://127.0.0.1:8060/say")
        services["web1"].say("meanwhile")
        follow.until("meanwhile$")
    finally:
        inside.sure("touch /run/come-back")
    follow.until("while away$")
    text = "\n".join(follow.lines)
    assert text.count("web2 is away") == 1 and text.count("web2 is back") == 1
    assert text.count("while away") == 1


def test_following_shows_a_deploy(follow, counted, services):
    counted.deploy("2.1.0", "--limit", "web2")
    services["web2"].say("first words")
    # web1 has a 2.0.0 with another limit, so this version does not name one release.
    follow.until(r"web2 deploy 2\.0\.0-[0-9a-f]{12} → 2\.1\.0 ok, ready in \d+ ms")
    assert re.search(r"web2 +2\.1\.0 ", "\n".join(follow.lines) + follow.until("first words$"))


def test_following_ends_by_itself_and_prints_nothing_of_ansible_meanwhile(following):
    short = following(2)
    assert short.end() == 0
    assert len([line for line in short.lines if line.startswith("TASK [")]) == 3


def test_who_interrupts_it_leaves_no_process_behind(follow, counted):
    follow.process.terminate()
    follow.end()
    # The processes of a run have its command line.
    lab.wait_for("the end of all", lambda: not lab.run(["pgrep", "-f", str(counted.inventory)]).out)
