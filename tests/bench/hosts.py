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
from support.line import Line, Uplink

REPO = lab.CHECKOUT
# So that sshd notes every session that it starts, in its journal.
LOUD_SSHD = "echo 'LogLevel VERBOSE' > /etc/ssh/sshd_config.d/bench.conf && systemctl reload ssh"
COUNT_SESSIONS = (
    "journalctl --sync; journalctl -u ssh --output=cat --quiet | grep -c '^Starting session' || true"
)


CALLBACK = Path(__file__).resolve().parent / "callback"


@dataclasses.dataclass
class Cost:
    """Of one run. ``wall``: seconds on the clock; ``cpu`` and ``hosts_cpu``: of the processors, for the
    controller and for all hosts; the rest for each host: SSH sessions, remote executions of the module
    release, kB both ways.
    """

    wall: float
    cpu: float
    hosts_cpu: float
    sessions: float
    executions: float
    kilobytes: float


class Hosts:
    """Hosts of the lab, all of them there as long as the ``with`` block runs.

    ``round_trip``: how far away they are, in seconds; then they also share an uplink of ``mbit`` Mbit/s.
    """

    def __init__(self, count, round_trip=0.0, mbit=0.0):
        self.count = count
        self.round_trip = round_trip
        self.mbit = mbit
        self.hosts = []
        self.fleet = lab.Fleet("bench", "web=%d" % count)
        self._lines = contextlib.ExitStack()

    def __enter__(self):
        self.fleet.down()
        self.fleet.up()
        self.hosts = [lab.Host(self.fleet, name) for name in sorted(self.fleet.variables())]
        containers = [_container(host) for host in self.hosts]
        self._pids = [container["State"]["Pid"] for container in containers]
        self._accounts = [_cpu_account(container) for container in containers]
        if self.round_trip:
            self._move_away([_address(container) for container in containers])
        self.everywhere(LOUD_SSHD)
        for host in self.hosts:
            while host.run("true", alone=True).code:  # until sshd is back
                time.sleep(0.1)
        return self

    def __exit__(self, *error):
        self._lines.close()
        self.fleet.down()

    def _move_away(self, addresses):
        """From now on every connection to a host goes over a long line."""
        uplink = Uplink(self.mbit * 1e6)
        for host, address in zip(self.hosts, addresses):
            line = self._lines.enter_context(Line((address, 22), self.round_trip, uplink))
            host.variables.update(ansible_host="127.0.0.1", ansible_port=line.port)
        inventory = self.fleet.state / "far.json"
        inventory.write_text(json.dumps({"all": {"hosts": self.fleet.variables()}}), encoding="utf-8")
        self.fleet.inventory = inventory

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
            executions = Path(connections) / "executions"
            environment = dict(
                os.environ,
                ANSIBLE_SSH_CONTROL_PATH_DIR=connections,
                ANSIBLE_CALLBACK_PLUGINS=str(CALLBACK),
                ANSIBLE_CALLBACKS_ENABLED="executions",
                SLIPWAY_BENCH_EXECUTIONS=str(executions),
            )
            executions.touch()
            sessions, sent, hosts_cpu = self._sessions(), self._bytes(), self._hosts_cpu()
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            way(environment)
            wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            hosts_cpu = self._hosts_cpu() - hosts_cpu
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            cpu = spent + _end_masters(connections)
            kilobytes = (self._bytes() - sent) / 1000 / self.count
            executed = sum(map(int, executions.read_text(encoding="ascii").split())) / self.count
        opened = (self._sessions() - sessions) / self.count - 1  # the count itself is a session
        return Cost(wall, cpu, hosts_cpu, opened, executed, kilobytes)

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

    def _hosts_cpu(self):
        """Processor seconds of all that ever ran on the hosts, as the kernel accounts them."""
        return sum(read(account) for account, read in self._accounts)


def _container(host):
    return json.loads(lab.call(["docker", "inspect", host.container]))[0]


def _address(container):
    return next(iter(container["NetworkSettings"]["Networks"].values()))["IPAddress"]


def _cpu_account(container):
    """The file in which the kernel accounts a container's processor time, and what reads seconds from it."""
    for line in Path("/proc/%d/cgroup" % container["State"]["Pid"]).read_text(encoding="ascii").splitlines():
        dummy, controllers, path = line.split(":", 2)
        group = (
            path[: path.index(container["Id"]) + len(container["Id"])] if container["Id"] in path else path
        )
        if "cpuacct" in controllers.split(","):
            return Path("/sys/fs/cgroup/%s%s/cpuacct.usage" % (controllers, group)), _nanoseconds
    return Path("/sys/fs/cgroup%s/cpu.stat" % group), _microseconds  # version 2 has one line


def _nanoseconds(path):
    return int(path.read_text(encoding="ascii")) / 1e9


def _microseconds(path):
    return int(path.read_text(encoding="ascii").split()[1]) / 1e6  # after the word usage_usec


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
