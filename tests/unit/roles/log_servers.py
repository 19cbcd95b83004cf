# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers on loopback, with TLS, that read what logs are sent to them, or do not."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONG = 60


def server_context(keys, wants_certificate=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys / "client.crt", keys / "client.key")
    context.load_verify_locations(keys / "client.crt")
    context.verify_mode = ssl.CERT_REQUIRED if wants_certificate else ssl.CERT_NONE
    return context


class SyslogServer:
    """Takes one connection after the other, and does with each what ``behave`` does."""

    def __init__(self, context, behave):
        self.received, self.done = [], threading.Event()
        self._context, self.behave = context, behave
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = "syslog+tls://127.0.0.1:%d" % self.port
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, dummy = self._listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), self._context.wrap_socket(client, server_side=True) as stream:
                self.behave(self, stream)
            self.done.set()

    def close(self):
        self._listener.close()


def read_all(server, stream):
    parts = iter(lambda: stream.recv(65536), b"")
    server.received.append(b"".join(parts))


def read_and_close(server, stream):
    """As rsyslog does: without an answer in TLS."""
    read_all(server, stream)


def read_and_answer(server, stream):
    """As RFC 5425 wants it, and with the end of the connection left to the client."""
    read_all(server, stream)
    plain = stream.unwrap()
    while plain.recv(65536):
        pass


def close_unread(server, stream):
    """As when the process is ended."""
    select.select([stream], [], [], LONG)


def close_half_read(server, stream):
    stream.recv(10)


def answer_unread(server, stream):
    """A close_notify that is no answer: it says that the server is about to end."""
    select.select([stream], [], [], LONG)
    stream.settimeout(0)
    with contextlib.suppress(OSError):
        stream.unwrap()


def read_and_wait(server, stream):
    read_all(server, stream)
    server.done.wait(LONG)


class Elastic(ThreadingHTTPServer):
    """Gives its answers one after the other, as (status, body); keeps what it was asked."""

    daemon_threads = True

    def __init__(self, context, answers):
        super().__init__(("127.0.0.1", 0), ElasticHandler)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.answers, self.bodies, self.headers, self.clients = list(answers), [], [], set()
        self.url = "https://127.0.0.1:%d/es" % self.server_port
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that hangs up is no news here."""


class ElasticHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        server = self.server
        assert urllib.parse.urlsplit(self.path).path == "/es/_bulk"
        server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        server.headers.append(self.headers)
        server.clients.add(self.client_address)
        status, body = server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass
