# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service of these tests: a small HTTP server that answers with its version, and misbehaves on demand.

It imports little, so that it is up in ten milliseconds: ``socket`` alone would take as long again. Its
version stands at the end of the binary that runs it (see ``artifacts.py``). How a version behaves stands in a
file of its name, in the directory that is the first argument. A second argument is the address to listen on.
Options, as in --token=secret, are ignored.
"""

from __future__ import annotations

import _socket
import os
import sys

MARK = b"\nversion "


def main(behaviours, *arguments):
    address = next((argument for argument in arguments if not argument.startswith("--")), "")
    with open("/proc/self/exe", "rb") as handle:
        version = handle.read().rpartition(MARK)[2].decode("ascii")
    port = int(address.rpartition(":")[2] or os.environ.get("PORT", "0"))
    word, dummy, number = behaviour(behaviours, version).partition(" ")
    if word == "crashes" and (not number or int(number) == port):
        print("panic: %s was told to crash" % version, flush=True)
        sys.exit(3)
    listening = listener(int(number) if word == "insists" else port)
    os.write(int(os.environ["UP_FD"]), b"1")
    serve(listening, version, behaviours)


def behaviour(directory, version):
    try:
        with open(os.path.join(directory, version), encoding="ascii") as handle:
            return handle.read()
    except FileNotFoundError:
        return ""


def listener(port):
    """The socket that systemd passed, or one of our own."""
    if os.environ.get("LISTEN_FDS") == "1":
        return _socket.socket(fileno=int(os.environ["LISTEN_FD"]))
    own = _socket.socket()
    own.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
    try:
        own.bind(("127.0.0.1", port))
    except OSError:
        print("listen tcp 127.0.0.1:%d: bind: address already in use" % port, flush=True)
        sys.exit(1)
    own.listen(16)
    return own


def serve(listening, version, behaviours):
    while True:
        descriptor, dummy = listening._accept()
        connection = _socket.socket(fileno=descriptor)
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            piece = connection.recv(4096)
            if not piece:
                break
            request += piece
        word = behaviour(behaviours, version)
        connection.sendall(answer(word, version))
        connection.close()
        if word == "answers-once":
            sys.exit(4)


def answer(word, version):
    status = "500 Internal Server Error" if word in ("unhealthy", "unhealthy %d" % os.getpid()) else "200 OK"
    release = "9.9.9" if word == "lies" else version
    body = "%s says %s" % (version, greeting())
    head = "HTTP/1.1 %s\r\nX-Release: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (
        status,
        release,
        len(body),
    )
    return (head + body).encode("ascii")


def greeting():
    """The text itself, or the content of the file that it names."""
    text = os.environ.get("GREETING", "nothing")
    if text.startswith("/"):
        with open(text, encoding="ascii") as handle:
            return handle.read()
    return text


if __name__ == "__main__":
    main(*sys.argv[1:])
