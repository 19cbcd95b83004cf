# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes that cannot become healthy any more: it is noticed, and the message says what to change."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import health
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import health_gate, smoke_test
from ansible_collections.slipway.golang.plugins.module_utils.host.systemd import systemctl

UNIT = "orders-smoke.service"
PROGRAM = """
import fcntl, http.server, os, socket, subprocess, sys, threading, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()
        self.wfile.write(b'{"release": "dev"}')
    def log_message(self, *args): pass
def serve(port):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
{body}
print("ready", flush=True)
time.sleep(600)
"""
REQUEST = SimpleNamespace(port=8080, port_variable="PORT", health={})
LONG = {"path": "/healthz", "deadline": 600.0, "period": 0.1}


@pytest.fixture
def run(monkeypatch):
    """Run a program as the unit's process, wait until it is healthy, and return the error."""
    processes = []
    monkeypatch.setattr(health_gate, "_WRONG_PORT_SECONDS", 0.3)
    monkeypatch.setattr(health_gate, "_BLOCKED_SECONDS", 0.3)
    monkeypatch.setattr(health_gate, "_LOOK_SECONDS", 0.05)

    def begin(body):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.replace("{body}", body)],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        processes.append(process)
        if "LOCK_EX)" not in body:  # such a process waits before it is ready
            assert process.stdout.readline() == "ready\n"
        return process

    def wait(body, port, options=None, journal=(), usual_port=None, smoke=True, request=REQUEST, **state):
        process = begin(body)
        if not state:
            state = {"ActiveState": "active", "MainPID": process.pid}
        monkeypatch.setattr(systemctl, "show", lambda unit: dict(state))
        monkeypatch.setattr(systemctl, "journal_tail", lambda unit, since, lines=20: list(journal))
        check = health.parse(options or LONG, default_port=port)
        with pytest.raises(health_gate.Unhealthy) as caught:
            health_gate.wait_healthy(check, ("1.0.0",), UNIT, 0.0, usual_port=usual_port)
        health_gate.explain(caught.value, request, check.port, smoke=smoke)
        return caught.value

    wait.begin = begin
    yield wait
    for process in processes:
        os.killpg(process.pid, 9)
        process.communicate()


@pytest.fixture
def ports():
    """Ports that nothing listens on."""
    return [smoke_test.free_port() for dummy in range(3)]


def test_a_service_that_serves_on_a_port_of_its_own_is_noticed_before_the_deadline(run, ports):
    error = run("serve(%d)" % ports[0], ports[1])
    assert str(error).startswith("its process listens on port %d and not on port %d" % (ports[0], ports[1]))
    hint = error.facts["hint"]
    assert "this was the smoke test" in hint and "which PORT named" in hint
    assert "slipway_port_variable" in hint and "{port}" in hint and "slipway_smoke: false" in hint
    assert "slipway_unit.exec_args" in hint and "slipway_env" in hint
    assert error.facts["evidence"]["listens_on"] == [ports[0]]


def test_a_child_that_serves_elsewhere_counts_too(run, ports):
    body = "if os.fork() == 0: serve(%d)" % ports[0]
    assert "listens on port %d and not" % ports[0] in str(run(body, ports[1]))


def test_the_usual_port_is_the_wrong_one_in_a_smoke_test_even_if_it_does_not_answer(run, ports):
    body = "listener = socket.create_server(('127.0.0.1', %d))" % ports[0]
    error = run(body, ports[1], usual_port=ports[0])
    assert "listens on port %d and not on port %d" % (ports[0], ports[1]) in str(error)


def test_a_tcp_check_knows_the_usual_port(run, ports):
    error = run("serve(%d)" % ports[0], ports[1], {"type": "tcp", "deadline": 600.0}, usual_port=ports[0])
    assert "listens on port %d" % ports[0] in str(error)


def test_in_its_real_place_the_message_speaks_of_slipway_port(run, ports):
    error = run("serve(%d)" % ports[0], ports[1], smoke=False)
    hint = error.facts["hint"]
    assert "slipway_port" in hint and "slipway_port_variable, which is PORT now" in hint and "{port}" in hint
    assert "smoke" not in hint


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("listener = socket.create_server(('127.0.0.1', {0}))", id="a port that does not answer"),
        pytest.param(
            "serve({0}); Handler.do_GET = lambda self: self.send_error(404)", id="pprof: no such path"
        ),
    ],
)
def test_a_port_for_profiles_is_no_reason_to_stop(run, ports, body):
    """It is open at once, and the service's own only when it is ready: the deadline decides."""
    options = dict(LONG, deadline=2.0)
    error = run(body.format(ports[0]), ports[1], options)
    assert str(error).startswith("GET http://127.0.0.1:%d/healthz" % ports[1])
    assert "It listens on %d and not on %d" % (ports[0], ports[1]) in error.facts["hint"]


def test_a_slow_service_with_a_port_for_metrics_becomes_healthy(run, ports, monkeypatch):
    body = "serve(%d); Handler.do_GET = lambda self: self.send_error(404)\n" % ports[0]
    body += "print('ready', flush=True); time.sleep(1)\n"
    body += "class Own(Handler):\n    def do_GET(self): self.send_response(200); self.end_headers()\n"
    body += "own = http.server.ThreadingHTTPServer(('127.0.0.1', %d), Own)\n" % ports[1]
    body += "threading.Thread(target=own.serve_forever, daemon=True).start()"
    process = run.begin(body)
    monkeypatch.setattr(systemctl, "show", lambda unit: {"ActiveState": "active", "MainPID": process.pid})
    check = health.parse(dict(LONG, min_ready_seconds=0.5), default_port=ports[1])
    verdict, pid = health_gate.wait_healthy(check, ("1.0.0",), UNIT, 0.0)
    assert verdict.ok and pid == process.pid


def test_something_in_front_of_the_service_has_the_port(run, ports):
    """Such as nginx, or a socket unit of systemd: then the process is to listen elsewhere."""
    with socket.create_server(("127.0.0.1", ports[1])) as front:
        options = dict(LONG, deadline=2.0, port=front.getsockname()[1], timeout=0.1)
        asked = SimpleNamespace(port=ports[0], port_variable="PORT", health=options)
        error = run("serve(%d)" % ports[0], None, options, request=asked, smoke=False)
    assert "listens on" not in str(error)
    assert "which slipway_health.port names" in error.facts["hint"]


LOCK = "data = open({path!r}, 'a'); fcntl.flock(data, {how})"


def test_a_service_that_waits_for_a_locked_file_is_noticed_before_the_deadline(run, ports, tmp_path):
    path = str(tmp_path / "data.db")
    with open(path, "a", encoding="utf-8") as data:
        fcntl.flock(data, fcntl.LOCK_EX)
        error = run(LOCK.format(path=path, how="fcntl.LOCK_EX"), ports[0])
    me = "(pid %d) has locked" % os.getpid()
    assert str(error).startswith("its process waits for %s, which " % path) and me in str(error)
    hint = error.facts["hint"]
    assert hint.startswith("This was the smoke test") and "slipway_smoke: false" in hint


def test_a_service_that_tries_again_and_again_is_explained_at_the_deadline(run, ports, tmp_path):
    """As bbolt does."""
    path = str(tmp_path / "data.db")
    body = """
data = open(%r, 'a')
print('ready', flush=True)
while True:
    try:
        fcntl.flock(data, fcntl.LOCK_EX | fcntl.LOCK_NB)
        break
    except OSError:
        time.sleep(0.05)
"""
    with open(path, "a", encoding="utf-8") as data:
        fcntl.flock(data, fcntl.LOCK_EX)
        error = run(body % path, ports[0], dict(LONG, deadline=3.0))
    assert "Connection refused" in str(error)
    hint = error.facts["hint"]
    assert "It waits for %s, which " % path in hint and "slipway_smoke: false" in hint


def test_outside_of_the_smoke_test_the_strategy_is_the_remedy(run, ports, tmp_path):
    path = str(tmp_path / "data.db")
    with open(path, "a", encoding="utf-8") as data:
        fcntl.flock(data, fcntl.LOCK_EX)
        error = run(LOCK.format(path=path, how="fcntl.LOCK_EX"), ports[0], smoke=False)
    assert "slipway_strategy: restart" in error.facts["hint"]


def test_a_worker_is_told_from_a_slow_service(run, ports):
    error = run("pass", ports[0], dict(LONG, deadline=2.0))
    assert "listens on no port" in error.facts["hint"] and "{type: none}" in error.facts["hint"]


# --- processes that ended ---


ENDED = {"ActiveState": "inactive", "MainPID": 0}
EXITED = "orders-smoke.service: Main process exited, code=exited, status=%s"


def test_a_service_that_daemonizes_is_told_to_stay_in_the_foreground(run, ports):
    journal = ["Started orders-smoke.service.", "orders-smoke.service: Deactivated successfully."]
    error = run("pass", ports[0], journal=journal, **ENDED)
    assert str(error).startswith(
        "its process ended with exit status 0: a service must stay in the foreground"
    )
    assert "background" in error.facts["hint"] and "slipway_unit.exec_args" in error.facts["hint"]


def test_so_is_one_whose_unit_systemd_still_knows(run, ports):
    error = run("pass", ports[0], ExecMainCode="1", ExecMainStatus="0", Result="success", **ENDED)
    assert str(error).startswith("its process ended with exit status 0")


def test_the_end_of_the_old_process_is_not_that_of_the_new_one(run, ports):
    journal = [
        "orders.service: Deactivated successfully.",
        "Stopped orders.service - Orders.",
        "Starting orders.service - Orders...",
    ]
    error = run("pass", ports[0], journal=journal, **ENDED)
    assert "exit status" not in str(error) and str(error).startswith("its process ended")


def test_a_panic_is_in_the_message(run, ports):
    journal = [
        "panic: assignment to entry in nil map",
        "goroutine 1 [running]:",
        "main.main()",
        "\torders/main.go:7 +0x1b",
        EXITED % "2/INVALIDARGUMENT",
    ]
    error = run("pass", ports[0], journal=journal, **ENDED)
    assert str(error) == (
        "its process ended with exit status 2: panic: assignment to entry in nil map; "
        "in main.main, orders/main.go:7"
    )
    assert error.facts["evidence"]["journal"][0] == "panic: assignment to entry in nil map"


def test_a_signal_is_in_the_message(run, ports):
    journal = ["orders.service: Main process exited, code=killed, status=9/KILL"]
    journal.insert(0, "orders.service: A process of this unit has been killed by the OOM killer.")
    error = run("pass", ports[0], journal=journal, **ENDED)
    assert str(error) == "its process ended by signal 9"
    assert "slipway_unit.memory_max" in error.facts["hint"]


def test_a_port_for_profiles_that_the_live_process_has_is_named_as_that(run, ports):
    """It is not the port of the smoke test that was taken."""
    with socket.create_server(("127.0.0.1", 0)) as live:
        taken = live.getsockname()[1]
        journal = ["listen tcp 127.0.0.1:%d: bind: address already in use" % taken, EXITED % "1/FAILURE"]
        error = run("pass", ports[0], journal=journal, **ENDED)
    hint = error.facts["hint"]
    assert "It wants port %d, which " % taken in hint and "(pid %d) has" % os.getpid() in hint
    assert "Its own port was %d, which PORT named" % ports[0] in hint and "slipway_smoke: false" in hint


def test_a_taken_port_in_the_smoke_test_of_a_service_that_has_none(run, ports):
    journal = ["listen tcp :%d: bind: address already in use" % ports[0], EXITED % "1/FAILURE"]
    options = {"type": "command", "command": ["true"]}
    hint = run("pass", None, options, journal=journal, **ENDED).facts["hint"]
    assert "It wants port %d, which another process has. This was the smoke test" % ports[0] in hint
    assert "slipway_smoke: false" in hint


def test_a_taken_port_in_the_real_place(run, ports):
    journal = ["listen tcp :%d: bind: address already in use" % ports[1], EXITED % "1/FAILURE"]
    error = run("pass", ports[0], journal=journal, smoke=False, **ENDED)
    assert "It wants port %d, which another process has: stop that one" % ports[1] in error.facts["hint"]


def test_the_journal_that_comes_a_moment_later_is_waited_for(run, ports, monkeypatch):
    answers = [[], [], ["no such file: orders.toml", EXITED % "1/FAILURE"]]
    monkeypatch.setattr(health_gate, "_JOURNAL_WAIT", 600)
    monkeypatch.setattr(systemctl, "show", lambda unit: dict(ENDED))
    monkeypatch.setattr(systemctl, "journal_tail", lambda unit, since, lines=20: answers.pop(0))
    found = health_gate.evidence(UNIT, None, 0.0, ended="its process ended")
    assert found["reason"] == "its process ended with exit status 1: no such file: orders.toml"
