# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import time

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import health


def ask(port, release=None, **options):
    return health.attempt(health.parse(options, default_port=port), release=release)


@pytest.mark.parametrize(
    ("options", "release"),
    [
        ({"path": "/healthz"}, None),
        ({"path": "/healthz"}, ("1.4.2", "1.4.2-0a1b2c3d4e5f")),
        ({"path": "/header/1.4.2"}, ("1.4.2",)),
        ({"path": "/header/9.9.9", "release_header": ""}, ("1.4.2",)),
        ({"path": "/status/302"}, None),
        ({"path": "/status/503", "status": ["500-599"]}, None),
        ({"path": "/status/204", "status": [200, 204]}, None),
        ({"path": "/echo/X-Probe", "headers": {"X-Probe": "slipway"}, "body": "^slipway$"}, None),
        ({"path": "/header/7", "response_headers": {"x-release": "^[0-9]$"}, "release_header": ""}, None),
        ({"path": "/body/list"}, ("1.4.2",)),
        ({"path": "/body/number"}, ("1.4.2",)),
        ({"path": "/body/nested"}, ("1.4.2",)),
        ({"path": "/large"}, None),
        ({}, None),
    ],
)
def test_a_good_answer_is_health(port, options, release):
    attempt = ask(port, release, **options)
    assert attempt.ok, attempt.reason


@pytest.mark.parametrize(
    ("options", "release", "reason"),
    [
        ({"path": "/status/503"}, None, 'GET http://127.0.0.1:PORT/status/503 answered 503: {"status": "starting"}'),
        ({"path": "/status/302", "status": [200]}, None, "answered 302"),
        ({"path": "/healthz"}, ("1.4.1", "1.4.1-0a1b2c3d4e5f"), "was answered by release 1.4.2, expected 1.4.1 or 1.4.1-0a1b2c3d4e5f"),
        ({"path": "/header/1.4.2"}, ("1.4.1",), "was answered by release 1.4.2, expected 1.4.1"),
        ({"path": "/healthz", "body": "healthy"}, None, "does not match 'healthy'"),
        ({"path": "/header/abc", "response_headers": {"X-Release": "^[0-9]"}}, None, "answered header X-Release: abc, which does not match"),
        ({"path": "/healthz", "response_headers": {"X-Missing": "."}}, None, "answered header X-Missing: None"),
        ({"path": "/body/control", "body": "green"}, None, "[31mred"),
        ({"path": "/hang", "timeout": 0.1}, None, "did not answer within 0.1 s"),
        ({"path": "/drip", "timeout": 0.3}, None, "did not answer within 0.3 s"),
    ],
)
def test_a_bad_answer_is_told_in_words(port, options, release, reason):
    started = time.monotonic()
    attempt = ask(port, release, **options)
    assert not attempt.ok
    assert reason.replace("PORT", str(port)) in attempt.reason
    assert attempt.reason.isprintable()
    assert time.monotonic() - started < 2, "the timeout holds for the whole probe"


@pytest.mark.parametrize(
    "data", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", b"\0" * 1000]
)
def test_something_that_is_not_http_is_no_health(raw_port, data):
    attempt = ask(raw_port(data), path="/healthz")
    assert not attempt.ok and attempt.reason


def test_a_closed_port_is_told_as_such():
    assert ask(1, path="/").reason == "GET http://127.0.0.1:1/: Connection refused"
    assert ask(1).reason == "tcp 127.0.0.1:1: Connection refused"


def test_a_certificate_is_checked_unless_told_otherwise(tls_port):
    assert "certificate verify failed" in ask(tls_port, scheme="https", path="/healthz").reason
    assert ask(tls_port, scheme="https", path="/healthz", validate_certs=False).ok


def test_a_unix_socket_is_connected_to_and_asked_over(unix_socket):
    assert ask(None, socket=unix_socket).ok
    attempt = ask(None, socket=unix_socket, path="/healthz", release=("1.4.2",))
    assert attempt.ok and attempt.release == "1.4.2"
    assert "No such file" in ask(None, socket=unix_socket + ".not").reason


def test_a_command_is_health_when_it_exits_with_0():
    assert ask(None, command=["true"]).ok
    assert ask(None, command=["sh", "-c", "echo no such table; exit 3"]).reason.endswith("exited with 3: no such table")
    assert "could not be started" in ask(None, command=["/not/there"]).reason


def test_a_command_that_hangs_is_killed_with_all_that_it_started(tmp_path):
    mark = tmp_path / "child"
    attempt = ask(None, command=["sh", "-c", "sleep 60 & echo $! > %s; wait" % mark], timeout=0.5)
    assert "did not end within 0.5 s" in attempt.reason
    status = pathlib.Path("/proc", mark.read_text().strip(), "stat")
    deadline = time.monotonic() + 5
    while status.exists() and status.read_text(encoding="ascii").split()[2] != "Z":
        assert time.monotonic() < deadline, "the child of the command lives on"
