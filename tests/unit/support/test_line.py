# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import importlib.util
import socket
import threading
import time
from pathlib import Path

import pytest

PATH = Path(__file__).resolve().parents[2] / "support" / "line.py"
SPEC = importlib.util.spec_from_file_location("support_line", PATH)
line = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(line)
Line, Uplink = line.Line, line.Uplink


@contextlib.contextmanager
def server(answer):
    """A port where `answer(connection)` is called for every connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()


def count(connection):
    """Read to the end, and answer how much it was."""
    with connection:
        size = 0
        while piece := connection.recv(1 << 16):
            size += len(piece)
        connection.sendall(b"%d" % size)


def sent(port, size):
    """Seconds until the server has said that it has everything."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"x" * size)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b"%d" % size
    return time.monotonic() - start


def test_a_connection_and_an_answer_take_two_round_trips():
    with server(count) as target, Line(target, 0.1) as far:
        assert sent(far.port, 10) >= 0.2


def test_lines_share_their_uplink():
    uplink = Uplink(8e6)
    with server(count) as target, Line(target, 0, uplink) as one, Line(target, 0, uplink) as other:
        threads = [threading.Thread(target=sent, args=(far.port, 250_000)) for far in (one, other)]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - start >= 0.5


def test_an_uplink_gives_no_more_than_its_rate(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(line.time, "monotonic", lambda: now[0])
    uplink = Uplink(8e6)
    waits = [uplink.reserve(line.SEGMENT - 1) for dummy in range(1000)]
    packet = (line.SEGMENT - 1 + line.HEADERS) / 1e6
    assert waits[-1] == pytest.approx(1000 * packet - line.SLACK)
    now[0] += 60  # what was not used is lost
    assert uplink.reserve(line.SEGMENT - 1) == pytest.approx(packet - line.SLACK)
