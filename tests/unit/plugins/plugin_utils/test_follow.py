# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Following hosts, with the real processes and pipes; what a host answers is invented."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import time
import zlib

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils import follow, log_lines

A = "1.0.0-" + 12 * "a"


def packed(*rows):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    return base64.b64encode(zlib.compress(text.encode("utf-8"))).decode("ascii")


def line(text, at):
    return [int(at * 1e6), "line", 6, A, text, None]


def act(at):
    return [int(at * 1e6), "act", None, None, "", {"act": "deploy", "to": A}]


@pytest.fixture
def soon(monkeypatch):
    """Rounds that are short, with nothing to wait for."""
    monkeypatch.setattr(follow, "INTERVAL", 0.2)
    monkeypatch.setattr(follow, "SETTLE", 0)


@pytest.fixture
def watch(tmp_path):
    """A function that makes a Watch for hosts, and files to write their answers into."""
    with contextlib.ExitStack() as stack:

        def make(hosts, until=100.0, **options):
            paths = {host: follow.pipe_of(str(tmp_path), host) for host in hosts}
            for path in paths.values():
                os.mkfifo(path)
            made = follow.Watch(paths, 10.0, until, **options)
            files = {host: stack.enter_context(open(path, "w", buffering=1)) for host, path in paths.items()}
            return made.rounds(), files

        yield make


def say(file, reached, *rows, **more):
    given = dict({"reached": reached, "packed": packed(*rows)}, **more)
    file.write(json.dumps(given) + "\n")


def texts(found):
    return [row.text for row in found[1]]


def test_rows_wait_until_every_host_has_answered_for_their_time(watch):
    rounds, files = watch(["web1", "web2"])
    say(files["web1"], 12, line("1 early", 11), line("1 late", 11.9))
    say(files["web2"], 12, line("2 between", 11.5))
    say(files["web1"], 14, line("1 next", 12.1))
    found = next(rounds)
    while len(texts(found)) < 3:  # web2 may be read later
        more = next(rounds)
        found = (found[0] + more[0], found[1] + more[1])
    assert texts(found) == ["1 early", "2 between", "1 late"]
    say(files["web2"], 14, line("2 next", 12.05))
    assert texts(next(rounds)) == ["2 next", "1 next"]


def test_a_host_that_is_away_is_named_once_and_not_waited_for(watch):
    rounds, files = watch(["web1", "web2"])
    say(files["web2"], 12, problem="no route to host")
    assert next(rounds)[0] == ["web2 is away: no route to host. It is asked again every round"]
    say(files["web2"], 14, problem="no route to host")
    say(files["web1"], 14, line("goes on", 13))
    assert next(rounds) == ([], list(log_lines.rows("web1", packed(line("goes on", 13)))))
    say(files["web2"], 16, line("while it was away", 11))
    found = next(rounds)
    assert found[0] == ["web2 is back"] and texts(found) in ([], ["while it was away"])


def test_a_host_that_was_away_before_is_not_named_again(watch):
    rounds, files = watch(["web1", "web2"], away=["web2"])
    say(files["web2"], 12, problem="no route to host")
    say(files["web1"], 12, line("x", 11))
    assert next(rounds)[0] == []


def test_a_host_that_is_late_is_not_waited_for(watch, monkeypatch):
    monkeypatch.setattr(follow, "PATIENCE", 0)
    rounds, files = watch(["web1", "web2"])
    say(files["web1"], 12, line("x", 11))
    assert texts(next(rounds)) == ["x"]


def test_an_act_is_given_once(watch):
    (shown,) = log_lines.rows("web1", packed(act(10)))
    rounds, files = watch(["web1"], acts=[shown])
    say(files["web1"], 12, act(10), act(12))
    assert [row.at for row in next(rounds)[1]] == [12000000]
    say(files["web1"], 14, act(12), act(13))
    assert [row.at for row in next(rounds)[1]] == [13000000]


def test_the_end_gives_what_is_left_and_names_who_ended_too_early(watch):
    rounds, files = watch(["web1", "web2"], until=12.0)
    say(files["web1"], 12, line("1", 11))
    files["web1"].close()
    files["web2"].close()
    notes, rows = [], []
    for found in rounds:
        notes += found[0]
        rows += texts(found)
    assert rows == ["1"] and notes == ["web2 is not followed any more: its process has ended"]


def test_an_answer_that_cannot_be_unpacked_is_noted(watch):
    rounds, files = watch(["web1"])
    files["web1"].write(json.dumps({"reached": 12, "packed": "!"}) + "\n")
    assert "web1 sent cannot be unpacked" in next(rounds)[0][0]


def answers(directory, host="web1"):
    """What a process writes for a host, until it ends."""
    with open(follow.pipe_of(directory, host), encoding="ascii") as pipe:
        return [json.loads(answer) for answer in pipe]


def test_a_process_asks_every_round_until_its_time(tmp_path, soon):
    until = time.time() + 1
    path = follow.pipe_of(str(tmp_path), "web1")
    follow.start(path, lambda end: {"packed": "x", "end": end}, until, os.getpid())
    found = answers(str(tmp_path))
    assert len(found) >= 2 and found[-1]["reached"] == until
    assert all(answer["end"] == answer["reached"] <= until for answer in found)
    ends = [answer["reached"] for answer in found[:-1]]
    assert ends == sorted(set(ends)) and all(abs(end / 0.2 - round(end / 0.2)) < 1e-3 for end in ends)


def test_a_process_whose_host_cannot_be_asked_ends(tmp_path, soon):
    path = follow.pipe_of(str(tmp_path), "web1")
    follow.start(path, lambda end: 1 / 0, time.time() + 60, os.getpid())
    assert answers(str(tmp_path)) == []


def test_a_process_ends_with_the_run_of_ansible(tmp_path, soon):
    ansible = os.fork()
    if not ansible:
        time.sleep(60)
        os._exit(0)
    path = follow.pipe_of(str(tmp_path), "web1")
    follow.start(path, lambda end: {"packed": "x"}, time.time() + 60, ansible)
    with open(path, encoding="ascii") as pipe:
        assert pipe.readline()
        os.kill(ansible, 9)
        os.waitpid(ansible, 0)
        assert len(pipe.read().splitlines()) < 60  # it has an end


def test_a_process_ends_when_nobody_reads(tmp_path, soon):
    path = follow.pipe_of(str(tmp_path), "web1")
    log = tmp_path / "asked"

    def ask(dummy):
        log.write_text(str(os.getpid()))
        return {"packed": "x"}

    follow.start(path, ask, time.time() + 60, os.getpid())
    with open(path, encoding="ascii") as pipe:
        assert pipe.readline()
    pid = int(log.read_text())
    assert pid != os.getpid()
    os.waitpid(pid, 0)  # here this process is its parent


def test_pipes_are_for_their_host_alone(tmp_path, soon):
    assert follow.pipe_of("/tmp/x", "../../etc/passwd").startswith("/tmp/x/slipway-logs-")
    path = follow.pipe_of(str(tmp_path), "web1")
    follow.start(path, lambda end: {}, 0, os.getpid())
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert answers(str(tmp_path)) == []
