# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import json
import pathlib
import resource
import socket
import threading
import time

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import health
from ansible_collections.slipway.golang.plugins.module_utils.common.health import probe_http
from hypothesis import given, settings
from hypothesis import strategies as st

from ....conftest import LONG


def ask(port, release=None, **options):
    """Probe once; with time enough on a slow machine where a test does not say otherwise."""
    if options.get("type") != "none":
        options = {"timeout": 30, **options}
    return health.probe_once(health.parse(options, default_port=port), release=release)


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
        (
            {"path": "/status/503"},
            None,
            'GET http://127.0.0.1:PORT/status/503 answered 503: {"status": "starting"}',
        ),
        ({"path": "/status/302", "status": [200]}, None, "answered 302"),
        (
            {"path": "/healthz"},
            ("1.4.1", "1.4.1-0a1b2c3d4e5f"),
            "was answered by release 1.4.2, expected 1.4.1 or 1.4.1-0a1b2c3d4e5f",
        ),
        ({"path": "/header/1.4.2"}, ("1.4.1",), "was answered by release 1.4.2, expected 1.4.1"),
        ({"path": "/healthz", "body": "healthy"}, None, "does not match 'healthy'"),
        (
            {"path": "/header/abc", "response_headers": {"X-Release": "^[0-9]"}},
            None,
            "answered header X-Release: abc, which does not match",
        ),
        (
            {"path": "/healthz", "response_headers": {"X-Missing": "."}},
            None,
            "answered without a header X-Missing",
        ),
        ({"path": "/body/control", "body": "green"}, None, "[31mred"),
        ({"path": "/hang", "timeout": 0.1}, None, "did not answer within 0.1 s"),
        ({"path": "/drip", "timeout": 0.3}, None, "did not answer within 0.3 s"),
        (
            {"path": "/cut"},
            None,
            "gave an invalid HTTP response: IncompleteRead(3 bytes read, 97 more expected)",
        ),
        ({"path": "/chunk"}, None, "gave an invalid HTTP response: IncompleteRead"),
        ({"path": "/header/"}, ("1.4.1",), "was answered by release '', expected 1.4.1"),
        (
            {"path": "/header/%1b[2J", "response_headers": {"X-Release": "green"}},
            None,
            "answered header X-Release: [2J, which does not match 'green'",
        ),
        ({"path": "/body/long"}, ("1.4.1",), "was answered by release " + "9" * 99 + "…, expected 1.4.1"),
        ({"path": "/body/surrogate"}, ("1.4.1",), "was answered by release 1 4, expected 1.4.1"),
    ],
)
def test_a_bad_answer_is_told_in_words(port, options, release, reason):
    started = time.monotonic()
    attempt = ask(port, release, **options)
    assert not attempt.ok
    assert reason.replace("PORT", str(port)) in attempt.reason
    assert attempt.reason.isprintable()
    assert time.monotonic() - started < LONG / 2, "the timeout holds for the whole probe"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"\0" * 1000,
    ],
)
def test_something_that_is_not_http_is_no_health(raw_port, data):
    attempt = ask(raw_port(data), path="/healthz")
    assert not attempt.ok and attempt.reason


@settings(max_examples=200, deadline=None)
@given(
    head=st.sampled_from(
        [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]
    ),
    rest=st.binary(max_size=300),
)
def test_whatever_a_server_sends_a_probe_has_a_result(gibberish, head, rest):
    attempt = ask(gibberish(head + rest), path="/healthz")
    assert attempt.ok or attempt.reason.isprintable()
    json.dumps(attempt.to_dict()).encode("utf-8")


@pytest.mark.parametrize(
    ("options", "request_line", "sent"),
    [
        (
            {"path": "/a?b"},
            "GET /a?b HTTP/1.1",
            {
                "Host": "127.0.0.1:PORT",
                "User-Agent": "slipway-health",
                "Accept-Encoding": "identity",
                "Connection": "close",
            },
        ),
        ({"path": "/", "method": "HEAD"}, "HEAD / HTTP/1.1", {"Host": "127.0.0.1:PORT"}),
        ({"path": "/", "method": "POST"}, "POST / HTTP/1.1", {"Content-Length": "0"}),
        (
            {"path": "/", "headers": {"host": "orders.example.com", "user-agent": "me", "X-Number": 7}},
            "GET / HTTP/1.1",
            {"host": "orders.example.com", "user-agent": "me", "X-Number": "7", "Connection": "close"},
        ),
    ],
)
def test_what_is_sent(options, request_line, sent):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        received = []

        def serve():
            with listener.accept()[0] as client:
                received.append(client.recv(65536))
                client.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        attempt = ask(port, **options)
        server.join(LONG)
    assert attempt.ok, attempt.reason
    first, *lines = received[0].decode("ascii").split("\r\n")
    headers = dict(line.split(": ") for line in lines[:-2])
    assert first == request_line and lines[-2:] == ["", ""]
    assert sent.items() <= {name: value.replace(str(port), "PORT") for name, value in headers.items()}.items()
    assert len({name.lower() for name in headers}) == len(lines) - 2, "none is sent twice"


@pytest.mark.parametrize(
    ("options", "host"),
    [
        ({"port": 8080}, "127.0.0.1:8080"),
        ({"port": 80}, "127.0.0.1"),
        ({"port": 80, "scheme": "https"}, "127.0.0.1:80"),
        ({"port": 443, "scheme": "https"}, "127.0.0.1"),
        ({"port": 8080, "host": "orders.example.com"}, "orders.example.com:8080"),
        ({"port": 8080, "host": "[fe80::1%eth0]"}, "[fe80::1]:8080"),
        ({"socket": "/run/orders.sock"}, "localhost"),
    ],
)
def test_the_name_that_a_server_is_asked_for(options, host):
    assert probe_http._host(health.parse({"path": "/", **options})) == host


def test_a_connection_that_is_reset_is_told_as_such(raw_port):
    assert "Connection reset" in ask(raw_port(None), path="/healthz").reason


def test_an_answer_over_a_connection_that_stays_open_ends_where_it_says(raw_port):
    """A server need not hang up, though it is asked to."""
    started = time.monotonic()
    assert ask(
        raw_port(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine", stay=True),
        path="/healthz",
        body="^fine$",
    ).ok
    assert time.monotonic() - started < LONG / 2


def test_a_handshake_that_hangs_takes_no_longer_than_the_timeout(raw_port):
    started = time.monotonic()
    assert (
        "did not answer within 0.2 s"
        in ask(raw_port(b"", stay=True), scheme="https", path="/", timeout=0.2).reason
    )
    assert time.monotonic() - started < LONG / 2


def test_a_look_up_that_hangs_takes_no_longer_than_the_timeout(monkeypatch):
    over = threading.Event()

    def slow(host, port, flags=0, **options):
        if flags:
            raise socket.gaierror
        over.wait(LONG)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    started = time.monotonic()
    assert (
        ask(80, host="orders.example.com", timeout=0.2).reason
        == "tcp orders.example.com:80 did not answer within 0.2 s"
    )
    assert time.monotonic() - started < LONG / 2
    over.set()


def test_every_address_of_a_name_gets_its_share_of_the_time(monkeypatch, port):
    """The first one drops what it gets, as a firewall does: its queue is full."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for dummy in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        kind = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda *arguments, **options: [(*kind, full.getsockname()), (*kind, ("127.0.0.1", port))],
        )
        attempt = ask(port, host="orders.example.com", path="/healthz", timeout=4)
    assert attempt.ok, attempt.reason
    assert 1900 <= attempt.ms < 4000


def test_an_unknown_name_is_told_as_such(monkeypatch):
    def unknown(*arguments, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert (
        ask(80, host="orders.example.com", path="/").reason
        == "GET http://orders.example.com:80/: Name or service not known"
    )


def test_a_closed_port_is_told_as_such():
    assert ask(1, path="/").reason == "GET http://127.0.0.1:1/: Connection refused"
    assert ask(1).reason == "tcp 127.0.0.1:1: Connection refused"


def test_a_certificate_is_checked_by_default(tls_port):
    assert "certificate verify failed" in ask(tls_port, scheme="https", path="/healthz").reason
    assert ask(tls_port, scheme="https", path="/healthz", validate_certs=False).ok


def test_a_release_is_read_over_tls(tls_port):
    attempt = ask(tls_port, ("1.4.2",), scheme="https", path="/healthz", validate_certs=False)
    assert attempt.ok and attempt.release == "1.4.2"


@pytest.mark.parametrize("path", ["/cut", "/chunk"])
def test_an_answer_that_is_cut_is_told_as_such_over_tls(tls_port, path):
    reason = ask(tls_port, scheme="https", path=path, validate_certs=False).reason
    assert "gave an invalid HTTP response: IncompleteRead" in reason


def test_tls_is_not_spoken_to_a_server_without_it(port, tls_port):
    assert "TLS failed: " in ask(port, scheme="https", path="/healthz").reason
    assert not ask(tls_port, path="/healthz").ok


def test_an_answer_that_drips_over_tls_takes_no_longer_than_the_timeout(tls_port):
    reason = ask(tls_port, scheme="https", path="/drip", validate_certs=False, timeout=0.5).reason
    assert reason.endswith("did not answer within 0.5 s")


def test_a_unix_socket_is_connected_to_and_asked_over(unix_socket):
    assert ask(None, socket=unix_socket).ok
    attempt = ask(None, socket=unix_socket, path="/healthz", release=("1.4.2",))
    assert attempt.ok and attempt.release == "1.4.2"
    assert "No such file" in ask(None, socket=unix_socket + ".not").reason


def test_a_command_is_health_when_it_exits_with_0():
    assert ask(None, command=["true"]).ok
    assert ask(None, command=["sh", "-c", "echo no such table; exit 3"]).reason.endswith(
        "exited with 3: no such table"
    )
    assert "could not be started" in ask(None, command=["/not/there"]).reason
    assert ask(None, command=["sh", "-c", "kill -9 $$"]).reason.endswith("was ended by signal 9")


def test_the_words_of_a_command_are_cut_and_safe_to_print():
    reason = ask(
        None, command=["sh", "-c", "yes begin | head -n 9999; printf '\\033[31mred\\n'; exit 1"]
    ).reason
    assert reason.isprintable() and reason.endswith("begin [31mred") and len(reason) < 1000


def test_a_command_that_goes_mad_is_not_kept_in_memory():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert ask(None, command=["yes"], timeout=0.3).reason == "yes did not end within 0.3 s"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_a_command_that_leaves_something_running_is_judged_by_its_own_end():
    attempt = ask(None, command=["sh", "-c", "sleep 60 & exit 0"])
    assert attempt.ok and attempt.ms < 30_000


def test_a_check_that_asks_nothing_is_always_content():
    assert ask(None, type="none").ok


def test_a_command_that_hangs_is_killed_with_all_that_it_started(tmp_path):
    mark = tmp_path / "child"
    attempt = ask(None, command=["sh", "-c", "sleep 60 & echo $! > %s; wait" % mark], timeout=2)
    assert "did not end within 2 s" in attempt.reason
    status = pathlib.Path("/proc", mark.read_text().strip(), "stat")
    deadline = time.monotonic() + 30
    while status.exists() and status.read_text(encoding="ascii").split()[2] != "Z":
        assert time.monotonic() < deadline, "the child of the command lives on"
