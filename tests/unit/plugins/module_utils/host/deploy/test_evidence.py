# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Journals as Go programs and systemd write them: the reason comes first, then the app's own frame."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import evidence

DIRECTORY = pathlib.Path(__file__).parent / "journals"
STORE = "orders.example/shop/internal/store"
MAIN = "orders.example/shop/cmd/p/main.go"
NIL_MAP = "panic: assignment to entry in nil map"
PUT = "in %s.(*Store).Put, %s/store.go:7" % (STORE, STORE)
ENDED = "orders.service: Main process exited, code=exited, status="
REFUSED = "dial tcp 127.0.0.1:5432: connect: connection refused"

# The journal, what its excerpt begins with, and how the process ended.
CASES = {
    "panic_nil": (
        [
            "panic: runtime error: invalid memory address or nil pointer dereference",
            "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x5836d6]",
            "in %s.Nil, %s/store.go:9" % (STORE, STORE),
            ENDED + "2/INVALIDARGUMENT",
        ],
        2,
    ),
    "panic_nilmap": ([NIL_MAP, PUT, ENDED + "2/INVALIDARGUMENT"], 2),
    "panic_paths": (
        [
            NIL_MAP,
            "in %s.(*Store).Put, /home/me/shop/internal/store/store.go:7" % STORE,
            ENDED + "2/INVALIDARGUMENT",
        ],
        2,
    ),
    "panic_deep": ([NIL_MAP, PUT, ENDED + "2/INVALIDARGUMENT"], 2),
    "panic_goroutine": ([NIL_MAP, PUT, ENDED + "2/INVALIDARGUMENT"], 2),
    "panic_regexp": (
        [
            "panic: regexp: Compile(`a(b`): error parsing regexp: missing closing ): `a(b`",
            "in %s.Regexp, %s/store.go:16" % (STORE, STORE),
        ],
        2,
    ),
    "panic_handler": (
        ["panic: http: multiple registrations for /a", "in %s.Handler, %s/store.go:17" % (STORE, STORE)],
        2,
    ),
    "panic_err": (
        [
            "panic: read config: open /etc/orders.toml: no such file or directory",
            "in %s.Err, %s/store.go:18" % (STORE, STORE),
        ],
        2,
    ),
    "panic_recovered": (
        [
            NIL_MAP + " [recovered]",
            "panic: start: assignment to entry in nil map",
            "in %s.Recovered.func1, %s/store.go:19" % (STORE, STORE),
            ENDED + "2/INVALIDARGUMENT",
        ],
        2,
    ),
    "panic_index": (["panic: runtime error: index out of range [3] with length 0"], 2),
    "panic_multi": (["panic: first line", "second line", "third line", "in %s.Multi" % STORE], 2),
    "panic_logpanic": (["panic: cannot connect: " + REFUSED, "in main.main, %s:24" % MAIN], 2),
    "fatal_deadlock": (
        [
            "fatal error: all goroutines are asleep - deadlock!",
            "in main.wait, orders.example/shop/cmd/d/main.go:7",
            ENDED + "2/INVALIDARGUMENT",
        ],
        2,
    ),
    "fatal_concurrent": (
        ["fatal error: concurrent map writes", "in %s.Concurrent.func1, %s/store.go:13" % (STORE, STORE)],
        2,
    ),
    "fatal_overflow": (
        [
            "runtime: goroutine stack exceeds 1000000000-byte limit",
            "fatal error: stack overflow",
            "in %s.overflow, %s/store.go:15" % (STORE, STORE),
            ENDED + "2/INVALIDARGUMENT",
        ],
        2,
    ),
    "fatal_oom": (
        [
            "runtime: out of memory: cannot allocate 67108864-byte block",
            "fatal error: out of memory",
            "in %s.OOM, %s/store.go:22" % (STORE, STORE),
        ],
        2,
    ),
    "seccomp": (["SIGSYS: bad system call", "in %s.Open, %s/store.go:31" % (STORE, STORE), ENDED + "2"], 2),
    "dependency": (
        [
            "panic: sql: Register called twice for driver postgres",
            "in github.com/lib/pq.init.1, github.com/lib/pq@v1.10.9/conn.go:59",
        ],
        2,
    ),
    "dependency_then_own": (
        [
            'panic: descriptor Desc{fqName: "orders_total"}',
            "in shop/metrics.Setup, /src/metrics/metrics.go:18",
        ],
        2,
    ),
    "restart_steps": ([NIL_MAP, PUT, ENDED + "2/INVALIDARGUMENT"], 2),
    "log_fatal": (["2026/11/27 19:54:47 starting", "2026/11/27 19:54:47 open /etc/orders.toml: no such"], 1),
    "log_listen": (["2026/11/27 19:54:47 listen tcp :18081: bind: address already in use", ENDED + "1"], 1),
    "slog_json": (
        ['{"time":"2026-11-27T19:54:47.872401675Z","level":"ERROR","msg":"cannot open'],
        1,
    ),
    "slog_text": (['time=2026-11-27T19:54:47.881Z level=ERROR msg="cannot open database"'], 1),
    "zap": (
        ['{"level":"fatal","ts":1732737000.2,"caller":"orders/main.go:24"'],
        1,
    ),
    "logrus": (['time="2026-11-27T19:54:47Z" level=fatal msg="cannot open database"'], 1),
    "zerolog_console": (['7:54PM FTL cannot open database error="connection refused"'], 1),
    "klog": (["F1127 19:54:47.000001 1 main.go:24] cannot open database: connection refused"], 255),
    "flag": (["flag provided but not defined: -adr"], 2),
    # systemd had started it again when the journal was read.
    "usage_restarted": (["flag provided but not defined: -socket"], 2),
    "cobra": (["Error: unknown flag: --addr"], 1),
    "exec_203": (["Unable to locate executable '/opt/orders/current/bin/orders': Permission denied"], 203),
    "user_217": (["Failed to determine user credentials: No such process"], 217),
    "namespace_226": (["Failed to set up mount namespacing: /srv/orders: No such file or directory"], 226),
    "chdir_200": (["Changing to the requested working directory failed: No such file or directory"], 200),
    "credentials_243": (["Failed to set up credentials: No such file or directory"], 243),
    "oom_kill": (
        [
            "2026/11/27 19:54:47 reading the catalogue",
            "orders.service: A process of this unit",
        ],
        9,
    ),
    "status_0": (["Usage:"], 0),
    "served_panic": (
        [
            "2026/11/27 19:56:29 http: panic serving 127.0.0.1:50296: assignment to entry in nil map",
            "in main.main.func1, orders.example/shop/cmd/srv/main.go:6",
            'Get "http://127.0.0.1:34925/healthz": EOF',
        ],
        None,
    ),
    "healthy_but_500": (
        ["2026/11/27 19:54:47 listening on :8080", "2026/11/27 19:54:48 GET /healthz 500"],
        None,
    ),
}


def journal(name):
    return (DIRECTORY / (name + ".txt")).read_text(encoding="utf-8").splitlines()


def test_every_journal_has_a_case():
    assert sorted(path.stem for path in DIRECTORY.glob("*.txt")) == sorted(CASES)


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_excerpt_begins_with_the_reason(name):
    shown = evidence.excerpt(journal(name))
    begins = CASES[name][0]
    assert [line[: len(start)] for line, start in zip(shown, begins)] == begins, shown
    assert len(shown) <= evidence.LIMIT


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_excerpt_has_no_stack_and_no_noise(name):
    for line in evidence.excerpt(journal(name)):
        assert "+0x" not in line and "RestartSteps" not in line and "goroutine 1 " not in line
        assert not line.startswith(("Started", "Starting", "runtime.", "rax", "created by"))
        assert line.isprintable()


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_end_of_the_process_is_known(name):
    status = CASES[name][1]
    found = evidence.exit_of(journal(name))
    assert found == (None if status is None else ("killed" if name == "oom_kill" else "exited", status))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("panic_nilmap", "%s; %s" % (NIL_MAP, PUT)),
        ("log_fatal", "2026/11/27 19:54:47 open /etc/orders.toml: no such file or directory"),
        ("log_listen", "2026/11/27 19:54:47 listen tcp :18081: bind: address already in use"),
        ("cobra", "Error: unknown flag: --addr"),
        ("user_217", "Failed to determine user credentials: No such process"),
    ],
)
def test_the_reason_is_one_line(name, expected):
    assert evidence.reason(journal(name)) == expected


def test_no_journal_has_no_reason():
    assert evidence.reason([]) is None
    assert evidence.excerpt([]) == []
    assert evidence.exit_of([]) is None
    assert evidence.reason(["orders.service: Failed with result 'exit-code'."]) is None


def test_a_long_line_is_cut():
    (line,) = evidence.excerpt(["panic: " + "x" * 5000])
    assert line.startswith("panic: xxx") and len(line) < 400


def test_the_newest_of_several_panics_counts():
    lines = journal("panic_err") + journal("panic_nilmap")
    assert evidence.excerpt(lines)[0] == NIL_MAP


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("exec_203", "noexec"),
        ("user_217", "slipway_unit.user"),
        ("namespace_226", "slipway_unit.read_write_paths"),
        ("chdir_200", "slipway_unit.working_directory"),
        ("credentials_243", "slipway_unit.credentials"),
        ("oom_kill", "slipway_unit.memory_max"),
        ("seccomp", "slipway_unit.hardening.SystemCallFilter"),
    ],
)
def test_the_remedy_names_the_variable(name, word):
    assert word in evidence.remedy(journal(name))


def test_an_ordinary_failure_has_no_remedy_of_systemd():
    assert evidence.remedy(journal("panic_nil")) is None
    assert evidence.remedy([]) is None


RESTARTED = [
    "orders.service: Main process exited, code=exited, status=1/FAILURE",
    "orders.service: Failed with result 'exit-code'.",
    "orders.service: Scheduled restart job, restart counter is at 1.",
]


@pytest.mark.parametrize(
    "restart",
    [
        ["Stopped orders.service - Orders.", "Starting orders.service - Orders..."],
        ["Stopped Orders.", "orders.service: Consumed 1.032s CPU time.", "Started Orders."],
        ["Starting orders.service - Orders...", "Started orders.service - Orders."],
    ],
)
def test_what_systemd_started_again_is_the_same_release(restart):
    lines = ["Starting orders.service - Orders...", "2026/11/27 cannot open database", *RESTARTED, *restart]
    assert evidence.excerpt(lines)[0] == "2026/11/27 cannot open database"
    assert evidence.exit_of(lines) == ("exited", 1)


@pytest.mark.parametrize("also", [[], ["orders.service: Consumed 1.032s CPU time."]])
def test_how_the_old_release_ended_is_not_shown(also):
    stop = ["Stopping Orders...", "the old one ends", "Stopped Orders.", *also, "Starting Orders..."]
    assert evidence.excerpt([*stop, "the new one begins"]) == ["the new one begins"]
    assert evidence.exit_of([*RESTARTED, "the old one runs", *stop]) is None


def test_a_line_of_the_service_that_reads_like_one_of_systemd_is_none():
    lines = ["Failed at step DEPLOY spawning worker 3", "fatal: no worker is left"]
    assert evidence.excerpt(lines) == [lines[1], lines[0]]
