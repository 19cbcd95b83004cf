# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking a live process for a profile: real sockets, answered by this process or by another one."""

from __future__ import annotations

import base64
import gzip
import http.server
import os
import pathlib
import socketserver
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.observe import profile
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.layout import Layout

CONTENT = gzip.compress(b"a profile")
RELEASE = SimpleNamespace(id="1.4.2-0a1b2c3d4e5f", version="1.4.2", artifact="ab" * 32, strategy="restart")
MANIFEST = SimpleNamespace(goos="linux", goarch="amd64", variant="v1")
GIVEN = {
    "name": "orders",
    "root": None,
    "socket": "pprof.sock",
    "port": None,
    "kind": "cpu",
    "seconds": 1,
    "check": False,
}


class Service:
    """Answers as the service would: every request with what it is set to. ``asked``: the paths."""

    def __init__(self):
        self.asked, self.status, self.content = [], 200, CONTENT
        self.may_end = threading.Event()
        self.may_end.set()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                service.asked.append(self.path)
                service.may_end.wait(30)
                self.send_response(service.status)
                self.end_headers()
                self.wfile.write(service.content)

            def address_string(self):
                return "unix"

            def log_message(self, *dummy):
                pass

        self.handler = Handler


@pytest.fixture
def run(tmp_path, monkeypatch):
    """What systemd and the files of the host say: this process serves 1.4.2."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(profile, "RUN", str(tmp_path))
    monkeypatch.setattr(profile.systemctl, "show", lambda unit: {"MainPID": os.getpid()})
    monkeypatch.setattr(
        profile.systemctl, "properties", lambda unit, names: {"RuntimeDirectory": unit.split(".")[0]}
    )
    monkeypatch.setattr(profile, "running_release", lambda layout, pid: RELEASE.id)
    monkeypatch.setattr(profile, "manifest_of", lambda release: MANIFEST)
    monkeypatch.setattr(Layout, "releases", lambda self: {RELEASE.id: RELEASE})
    (tmp_path / "orders").mkdir()
    return lambda **options: profile.profile(dict(GIVEN, **options), None)


def serving(server):
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


@pytest.fixture
def service(tmp_path, run):
    """This process serves at the socket."""
    found = Service()

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    server = serving(Server(str(tmp_path / "orders" / "pprof.sock"), found.handler))
    yield found
    found.may_end.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("cpu", "profile?seconds=1"),
        ("heap", "heap"),
        ("allocs", "allocs?seconds=1"),
        ("goroutine", "goroutine"),
        ("mutex", "mutex?seconds=1"),
        ("block", "block?seconds=1"),
    ],
)
def test_the_live_process_is_asked_for_one_profile(run, service, tmp_path, kind, path):
    result = run(kind=kind)
    assert base64.b64decode(result.pop("profile")) == CONTENT
    assert service.asked == ["/debug/pprof/" + path]
    assert result.pop("seconds") >= 0
    assert result == {
        "release": RELEASE.id,
        "version": "1.4.2",
        "artifact": RELEASE.artifact,
        "target": "linux/amd64/v1",
        "unit": "orders.service",
        "pid": os.getpid(),
        "address": str(tmp_path / "orders" / "pprof.sock"),
        "changed": False,
        "outcome": "ok",
    }


def test_check_mode_says_who_would_be_asked_and_asks_nothing(run, service):
    result = run(check=True)
    assert (result["release"], service.asked) == (RELEASE.id, [])
    assert "profile" not in result


def test_a_service_with_a_port_is_asked_there(run):
    found = Service()
    server = serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), found.handler))
    try:
        result = run(socket=None, port=server.server_port)
    finally:
        server.shutdown()
        server.server_close()
    assert result["address"] == "127.0.0.1:%d" % server.server_port
    assert base64.b64decode(result["profile"]) == CONTENT


LISTEN = """
import socket, sys
kind, address = sys.argv[1:]
listener = socket.socket(getattr(socket, kind))
listener.bind(address if kind == "AF_UNIX" else ("127.0.0.1", int(address)))
listener.listen()
print(listener.getsockname()[1] if kind == "AF_INET" else "", flush=True)
connection = listener.accept()[0]
print(connection.recv(100), flush=True)
"""


@pytest.mark.parametrize("kind", ["AF_UNIX", "AF_INET"])
def test_another_process_at_the_address_is_asked_nothing(run, tmp_path, kind):
    """A user who took the port, or a link to another service's socket."""
    elsewhere = str(tmp_path / "elsewhere.sock")
    argv = [sys.executable, "-c", LISTEN, kind, elsewhere if kind == "AF_UNIX" else "0"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        where = process.stdout.readline().strip()
        (tmp_path / "orders" / "pprof.sock").symlink_to(elsewhere)
        options = {"socket": None, "port": int(where)} if kind == "AF_INET" else {}
        with pytest.raises(SlipwayError) as refused:
            run(**options)
        assert process.stdout.readline() == "b''\n"
    assert "is served by process %d" % process.pid in str(refused.value)
    assert str(refused.value).endswith("nothing was asked")


def test_a_service_without_a_socket_is_told_what_to_do(run):
    with pytest.raises(
        SlipwayError, match=r"does not answer at .*No such file.*profile\.md has the lines.*\{port: 6060\}"
    ):
        run()


def test_a_socket_that_nobody_answers(run, tmp_path):
    path = tmp_path / "orders" / "pprof.sock"
    server = socketserver.UnixStreamServer(str(path), None)
    server.server_close()
    with pytest.raises(SlipwayError, match="Connection refused"):
        run()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"socket": None}, "slipway_pprof is empty"), ({"name": "Orders!"}, "name: 'Orders!' is not usable")],
)
def test_what_cannot_be_asked(run, options, message):
    with pytest.raises(SlipwayError, match=message):
        run(**options)


def test_a_unit_without_a_runtime_directory(run, monkeypatch):
    monkeypatch.setattr(profile.systemctl, "properties", lambda unit, names: {"RuntimeDirectory": ""})
    with pytest.raises(SlipwayError, match="has no runtime directory for a socket"):
        run()


def test_a_service_that_does_not_run(run, monkeypatch):
    monkeypatch.setattr(profile.systemctl, "show", lambda unit: {"MainPID": 0})
    with pytest.raises(SlipwayError, match=r"^orders\.service does not run$"):
        run()


def test_a_binary_that_is_not_ours(run, monkeypatch):
    monkeypatch.setattr(profile, "running_release", lambda layout, pid: None)
    with pytest.raises(SlipwayError, match="of no release of Slipway's"):
        run()


def test_only_root_may_ask(run, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SlipwayError, match="needs root"):
        run()


def test_an_answer_that_is_no_profile_is_shown_and_cannot_change_the_terminal(run, service):
    service.status, service.content = 500, b"\x1b[2Jprofile duration exceeds WriteTimeout\n"
    with pytest.raises(SlipwayError) as refused:
        run()
    assert str(refused.value).endswith(
        "answered 500 and no profile: [2Jprofile duration exceeds WriteTimeout"
    )
    service.status, service.content = 200, b"<html>"
    with pytest.raises(SlipwayError, match="answered 200 and no profile: <html>"):
        run()


def test_an_answer_without_end_is_not_kept(run, service, monkeypatch):
    monkeypatch.setattr(profile, "LARGEST", 1 << 20)
    service.content = CONTENT + bytes(2 << 20)
    with pytest.raises(SlipwayError, match="larger than 1 MB: it was not taken"):
        run()


def test_an_answer_that_does_not_come_is_not_waited_for(run, service, monkeypatch):
    monkeypatch.setattr(profile, "SPARE_SECONDS", -0.8)
    service.may_end.clear()
    with pytest.raises(SlipwayError, match="sent no profile within"):
        run()


def test_the_command_line_is_never_asked_for():
    """It may have secrets: `cmdline` is the one thing of net/http/pprof that is no profile."""
    text = pathlib.Path(profile.pprof.__file__).read_text(encoding="utf-8")
    assert "cmdline" not in text and set(profile.pprof.KINDS) == {
        "cpu",
        "heap",
        "allocs",
        "goroutine",
        "mutex",
        "block",
    }
