# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How install.sh asks a service for its health: by each client that a host may have, against real answers."""

from __future__ import annotations

import http.server
import subprocess
import threading

import pytest

from .trees import INSTALL_SH, SOURCE

CLIENTS = {"curl": "curl", "wget": "wget", "busybox": "busybox_wget busybox wget"}
RELEASE = "1.4.2-0a1b2c3d4e5f"
# path: status, headers, body
ANSWERS = {
    "/ok": (200, {}, "ok"),
    "/empty": (204, {}, ""),
    "/moved": (302, {"Location": "/unhealthy"}, ""),
    "/unhealthy": (500, {}, "unhealthy"),
    "/missing": (404, {}, ""),
    "/version": (200, {"X-Release": "1.4.2"}, ""),
    "/id": (200, {"x-release": RELEASE}, ""),
    "/old": (200, {"X-Release": "1.4.1"}, '{"release": "1.4.2"}'),
    "/json": (200, {}, '{"status": "ok", "release": "1.4.2"}'),
    "/json-lines": (200, {}, '{\n  "release": "1.4.2"\n}\n'),
    "/json-old": (200, {}, '{"status":"ok","release":"1.4.1"}'),
    "/json-inner": (200, {}, '{"database": {"a": {"release": "9"}, "release": "16.1"}, "status": "ok"}'),
    "/json-list": (200, {}, '[{"release": "16.1"}]'),
    "/text": (200, {}, 'the "release": "16.1" is no JSON'),
}


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, headers, body = ANSWERS[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_arguments):
        pass


@pytest.fixture(scope="module")
def port():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


@pytest.fixture(params=sorted(CLIENTS))
def ask(request, tmp_path):
    """Probe a URL once; returns whether that was a good answer, and its description."""

    def probe(url):
        script = SOURCE + (
            'scratch=$1 client=$2 url=$3; : >"$scratch/error"; '
            'probe "$4"; code=$?; echo "$answer"; exit $code'
        )
        argv = ["sh", "-c", script, "sh", INSTALL_SH, tmp_path, CLIENTS[request.param], url, RELEASE]
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env={"PATH": "/usr/bin:/bin", "http_proxy": "http://127.0.0.1:9"},
        )
        assert done.stderr == ""
        return done.returncode == 0, done.stdout

    return probe


@pytest.mark.parametrize(
    "path", ["/ok", "/empty", "/version", "/id", "/json", "/json-lines", "/json-inner", "/json-list", "/text"]
)
def test_healthy(ask, port, path):
    assert ask("http://127.0.0.1:%d%s" % (port, path))[0]


@pytest.mark.parametrize(
    "path, told", [("/unhealthy", "500"), ("/missing", "404"), ("/json-old", "it names the release '1.4.1'")]
)
def test_not_healthy(ask, port, path, told):
    healthy, words = ask("http://127.0.0.1:%d%s" % (port, path))
    assert not healthy and told in words


def test_nothing_listens(ask):
    healthy, words = ask("http://127.0.0.1:1/")
    assert not healthy and "no answer (" in words and "connect" in words.lower()


@pytest.mark.parametrize("ask", ["curl", "wget"], indirect=True)
def test_what_busybox_cannot_see(ask, port):
    """Its wget keeps headers to itself and follows redirections."""
    assert ask("http://127.0.0.1:%d/moved" % port)[0]
    healthy, words = ask("http://127.0.0.1:%d/old" % port)
    assert not healthy and "it names the release '1.4.1'" in words
