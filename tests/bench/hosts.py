# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of a bench, and what a run cost them and the controller."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import resource
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import lab

REPO = lab.CHECKOUT
# So that sshd notes every session that it starts, in its journal.
LOUD_SSHD = "echo 'LogLevel VERBOSE' > /etc/ssh/sshd_config.d/bench.conf && systemctl reload ssh"
COUNT_SESSIONS = (
    "journalctl --sync; journalctl -u ssh --output=cat --quiet | grep -c '^Starting session' || true"
)


@dataclasses.dataclass
class Cost:
    """Of one run: seconds on the clock, and of the controller's processors; SSH sessions and kB per host."""

    wall: float
    cpu: float
    sessions: float
    kilobytes: float


class Hosts:
    """Hosts of the lab, all of them there as long as the ``with`` block runs."""

    def __init__(self, count):
        self.count = count
        self.hosts = []
        self.fleet = lab.Fleet("bench", "web=%d" % count)

    def __enter__(self):
        self.fleet.down()
        self.fleet.up()
        self.hosts = [lab.Host(self.fleet, name) for name in sorted(self.fleet.variables())]
        self._pids = [
            int(lab.call(["docker", "inspect", "--format", "{{.State.Pid}}", host.container]))
            for host in self.hosts
        ]
        self.everywhere(LOUD_SSHD)
        for host in self.hosts:
            while host.run("true", alone=True).code:  # until sshd is back
                time.sleep(0.1)
        return self

    def __exit__(self, *error):
        self.fleet.down()

    def everywhere(self, command, stdin_path=None, parallel=20):
        """The command's output on each host."""

        def one(host):
            with open(stdin_path or os.devnull, "rb") as stdin:
                return host.sure(command, stdin=stdin, alone=True)

        with ThreadPoolExecutor(parallel) as pool:
            return list(pool.map(one, self.hosts))

    def measure(self, way):
        """What a way costs.

        It begins without a connection to any host; its environment names a directory for them.
        """
        with tempfile.TemporaryDirectory(prefix="slipway-bench-cp-") as connections:
            environment = dict(os.environ, ANSIBLE_SSH_CONTROL_PATH_DIR=connections)
            sessions, sent = self._sessions(), self._bytes()
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            way(environment)
            wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = (
                after.ru_utime
                + after.ru_stime
                - before.ru_utime
                - before.ru_stime
                + _end_masters(connections)
            )
            kilobytes = (self._bytes() - sent) / 1000 / self.count
        opened = (self._sessions() - sessions) / self.count - 1  # the count itself is a session
        return Cost(wall, cpu, opened, kilobytes)

    def _sessions(self):
        return sum(int(text) for text in self.everywhere(COUNT_SESSIONS))

    def _bytes(self):
        """Both ways, of all hosts, as their own interfaces count them."""
        total = 0
        for pid in self._pids:
            for line in Path("/proc/%d/net/dev" % pid).read_text(encoding="ascii").splitlines():
                name, _colon, numbers = line.partition(":")
                if name.strip() == "eth0":
                    total += int(numbers.split()[0]) + int(numbers.split()[8])
        return total


def _end_masters(connections):
    """End SSH's processes that stay behind to keep connections open; the processor seconds that they took."""
    ticks = 0
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if connections.encode() in (entry / "cmdline").read_bytes() and int(entry.name) != os.getpid():
                fields = (
                    (entry / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
                )
                ticks += int(fields[11]) + int(fields[12])
                os.kill(int(entry.name), signal.SIGTERM)
    return ticks / os.sysconf("SC_CLK_TCK")


def local_module(module, **arguments):
    """A module's result, run on this machine."""
    environment = dict(os.environ, ANSIBLE_STDOUT_CALLBACK="ansible.builtin.minimal")
    argv = ["ansible", "localhost", "-m", "slipway.golang." + module, "-a", json.dumps(arguments)]
    output = lab.call(argv, environment=environment)
    return json.loads(output[output.index("{") :])
