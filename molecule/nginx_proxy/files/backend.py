# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python3 backend NAME LISTEN: a service that reports what reached it. LISTEN is a port or a unix socket.

/slow?SECONDS answers late, /broken counts the request and hangs up, /count says how often, /events sends
three events half a second apart, /large is compressible, and an upgrade to websocket is echoed.
"""

import json
import os
import socketserver
import sys
import time
from http.server import BaseHTTPRequestHandler

NAME = sys.argv[1]
HUNG_UP = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path, _mark, query = self.path.partition("?")
        if self.headers.get("Upgrade") == "websocket":
            return self.echo()
        if path == "/slow":
            time.sleep(float(query))
        if path == "/broken":
            HUNG_UP.append(self.command)
            self.close_connection = True
            return None
        if path == "/events":
            return self.events()
        answer = {
            "backend": NAME,
            "method": self.command,
            "path": self.path,
            "headers": dict(self.headers),
            "hung_up": HUNG_UP,
        }
        if path == "/large":
            answer["filler"] = "a" * 5000
        return self.say(json.dumps(answer).encode())

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    def say(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Release", "7.0.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def events(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for number in range(3):
            self.wfile.write(b"data: %d\n\n" % number)
            self.wfile.flush()
            time.sleep(0.5)
        self.close_connection = True

    def echo(self):
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.end_headers()
        self.wfile.flush()
        self.wfile.write(self.rfile.readline())
        self.close_connection = True

    def address_string(self):
        return "-"

    def log_message(self, *_arguments):
        pass


class Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def main():
    listen = sys.argv[2]
    if listen.startswith("/"):
        server = Unix(listen, Handler)
        os.chmod(listen, 0o666)
    else:
        server = Tcp(("127.0.0.1", int(listen)), Handler)
    server.serve_forever()


if __name__ == "__main__":
    main()
