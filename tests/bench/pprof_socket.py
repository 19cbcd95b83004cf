# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""python3 tests/bench/pprof_socket.py [ROUNDS]: what the socket for profiles costs while nobody asks.

examples/hello runs with the socket and without it, in turns, on this machine. Each gets 10,000 requests, and
is then left alone for five seconds. Printed are medians.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import lab

REQUESTS = 10000
IDLE_SECONDS = 5


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as directory:
        binary = directory + "/hello"
        lab.call([lab.find_go(), "-C", lab.CHECKOUT / "examples" / "hello", "build", "-o", binary, "."])
        ways = {"without": "", "with": directory}
        turns = [{name: measured(binary, home) for name, home in ways.items()} for dummy in range(rounds)]
    print("socket    CPU s for %d requests   CPU ms in %d idle s   MB in memory" % (REQUESTS, IDLE_SECONDS))
    for name in ways:
        busy, idle, memory = (statistics.median(turn[name][number] for turn in turns) for number in range(3))
        print("%-7s %27.3f %21.2f %14.1f" % (name, busy, 1000 * idle, memory))


def measured(binary, runtime_directory):
    """CPU seconds under load and at rest, and the resident memory in MB, of a new process."""
    with running(binary, runtime_directory) as (process, client):
        ask(client, REQUESTS // 10)  # what only the first requests do
        assert bool(runtime_directory) is os.path.exists(runtime_directory + "/pprof.sock")
        before = cpu_seconds(process.pid)
        ask(client, REQUESTS)
        after = cpu_seconds(process.pid)
        time.sleep(IDLE_SECONDS)
        status = pathlib.Path("/proc/%d/status" % process.pid).read_text(encoding="ascii")
        memory = int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1000
        return after - before, cpu_seconds(process.pid) - after, memory


@contextlib.contextmanager
def running(binary, runtime_directory):
    """The service, and a connection to it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = dict(os.environ, PORT=str(port), RUNTIME_DIRECTORY=runtime_directory)
    with subprocess.Popen([binary], env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            while True:
                try:
                    client.connect()
                    break
                except ConnectionRefusedError:
                    time.sleep(0.01)
            with contextlib.closing(client):
                yield process, client
        finally:
            process.terminate()


def ask(client, count):
    for dummy in range(count):
        client.request("GET", "/healthz")
        client.getresponse().read()


def cpu_seconds(pid):
    """As in clock_getcpuclockid(3): exact, where /proc has hundredths of a second."""
    return time.clock_gettime(~pid << 3 | 2)


if __name__ == "__main__":
    lab.script(main)
