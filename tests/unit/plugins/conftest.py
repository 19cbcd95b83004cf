# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real servers on loopback that answer well, badly, slowly or not at all."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

BODIES = {
    "list": b"[1]",
    "number": b'{"release": 7}',
    "nested": b"{" * 60_000,
    "control": b"\x1b[31mred\n",
    "long": b'{"release": "' + b"9" * 50_000 + b'"}',
    "surrogate": b'{"release": "1\\ud8004"}',
}


# Seconds after which a server gives up that is there to be given up: no probe that works takes as long.
LONG = 60


def wait_for_hanging_up(client):
    client.settimeout(LONG)
    with contextlib.suppress(OSError):
        while client.recv(65536):
            pass


class Handler(BaseHTTPRequestHandler):
    """The path says how to answer."""

    def do_GET(self):
        name, dummy, argument = self.path.lstrip("/").partition("/")
        getattr(self, "answer_" + (name or "healthz"))(argument)

    def reply(self, status, body=b"", **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_healthz(self, argument):
        self.reply(200, b'{"status": "ok", "release": "1.4.2"}')

    def answer_status(self, argument):
        self.reply(int(argument), b'{"status": "starting"}', Location="/healthz")

    def answer_header(self, argument):
        self.reply(200, b"fine", X_Release=unquote(argument))

    def answer_echo(self, argument):
        self.reply(200, str(self.headers.get(argument)).encode())

    def answer_body(self, argument):
        self.reply(200, BODIES[argument])

    def answer_cut(self, argument):
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b'{"a')

    def answer_chunk(self, argument):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nab")

    def answer_large(self, argument):
        self.reply(200, b"x" * (8 << 20))

    def answer_drip(self, argument):
        self.send_response(200)
        self.end_headers()
        for dummy in range(20 * LONG):
            self.wfile.write(b"x")
            time.sleep(0.05)

    def answer_hang(self, argument):
        wait_for_hanging_up(self.connection)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that hangs up is no news here."""


@contextlib.contextmanager
def serving(context=None):
    server = Server(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def port():
    with serving() as number:
        yield number


@pytest.fixture(scope="session")
def tls_port(tmp_path_factory):
    """A server with a certificate that nobody signed."""
    directory = tmp_path_factory.mktemp("tls")
    key, certificate = str(directory / "key"), str(directory / "certificate")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=localhost",
            "-keyout",
            key,
            "-out",
            certificate,
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving(context) as number:
        yield number


@contextlib.contextmanager
def answering(answer):
    """A server that lets ``answer(client)`` speak to everybody, and then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run():
            with contextlib.suppress(OSError):
                while True:
                    client, dummy = listener.accept()
                    with client, contextlib.suppress(OSError):
                        client.recv(65536)
                        answer(client)

        threading.Thread(target=run, daemon=True).start()
        yield listener.getsockname()[1]


@pytest.fixture
def raw_port():
    """A function that starts a server which sends these bytes, or a reset for None, and hangs up."""
    with contextlib.ExitStack() as stack:

        def start(data, stay=False):
            def answer(client):
                if data is None:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                client.sendall(data)
                if stay:
                    wait_for_hanging_up(client)

            return stack.enter_context(answering(answer))

        yield start


@pytest.fixture(scope="session")
def gibberish():
    """A function that sets what one server sends from now on; it returns the server's port."""
    said = [b""]
    with answering(lambda client: client.sendall(said[0])) as number:

        def say(data):
            said[0] = data
            return number

        yield say


@pytest.fixture
def unix_socket(tmp_path, port):
    """A unix socket in front of the HTTP server."""
    path = str(tmp_path / "app.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def run():
        with contextlib.suppress(OSError):
            while True:
                client, dummy = listener.accept()
                request = client.recv(65536)
                if request:
                    with socket.create_connection(("127.0.0.1", port)) as upstream:
                        upstream.sendall(request)
                        for piece in iter(lambda: upstream.recv(65536), b""):
                            client.sendall(piece)
                client.close()

    threading.Thread(target=run, daemon=True).start()
    yield path
    listener.close()
