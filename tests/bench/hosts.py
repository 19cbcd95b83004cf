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
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
NAME = "bench"
# So that sshd notes every session that it starts, in its journal.
LOUD_SSHD = "echo 'LogLevel VERBOSE' > /etc/ssh/sshd_config.d/bench.conf && systemctl reload ssh"
COUNT_SESSIONS = (
    "journalctl --sync; journalctl -u ssh --output=cat --quiet | grep -c '^Starting session' || true"
)


@dataclasses.dataclass
class Host:
    """How to reach one host of the lab."""

    name: str
    port: int
    ssh: list
    pid: int


@dataclasses.dataclass
class Cost:
    """Of one run: wall seconds, processor seconds of the controller's processes; of each host: SSH sessions and kilobytes."""

    wall: float
    cpu: float
    sessions: float
    kilobytes: float


class Hosts:
    """Hosts of the lab, all of them there as long as the ``with`` block runs."""

    def __init__(self, count):
        self.count = count
        self.hosts = []
        self.inventory = REPO / ".work" / "lab" / NAME / "inventory.yml"

    def __enter__(self):
        self._lab("down", NAME)
        self._lab("up", NAME, "--hosts", str(self.count))
        listing = json.loads(run(["ansible-inventory", "-i", str(self.inventory), "--list"]))
        self.hosts = [_host(name, facts) for name, facts in sorted(listing["_meta"]["hostvars"].items())]
        self.everywhere(LOUD_SSHD)
        for host in self.hosts:
            self._wait(host)
        return self

    def __exit__(self, *error):
        self._lab("down", NAME)

    def _lab(self, *arguments):
        run([sys.executable, "lab/lab.py", *arguments])

    def ssh(self, host, command, stdin=None):
        argv = ["ssh", "-p", str(host.port)] + host.ssh + ["root@127.0.0.1", command]
        done = subprocess.run(
            argv,
            stdin=stdin or subprocess.DEVNULL,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            sys.exit("%s failed:\n%s\n%s" % (host.name, command, done.stdout[-2000:]))
        return done.stdout

    def _wait(self, host):
        """Until the host lets people in again."""
        while subprocess.run(
            ["ssh", "-p", str(host.port)] + host.ssh + ["root@127.0.0.1", "true"],
            check=False,
            capture_output=True,
        ).returncode:
            time.sleep(0.1)

    def everywhere(self, command, stdin_path=None, parallel=20):
        """The command's output on each host."""

        def one(host):
            with open(stdin_path or os.devnull, "rb") as stdin:
                return self.ssh(host, command, stdin)

        with ThreadPoolExecutor(parallel) as pool:
            return list(pool.map(one, self.hosts))

    def measure(self, way):
        """What a way costs, which begins without a connection to any host and gets a place for them by the environment."""
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
        return Cost(
            wall, cpu, (self._sessions() - sessions) / self.count - 1, kilobytes
        )  # the count itself is a session

    def _sessions(self):
        return sum(int(text) for text in self.everywhere(COUNT_SESSIONS))

    def _bytes(self):
        """Both ways, of all hosts, as their own interfaces count them."""
        total = 0
        for host in self.hosts:
            for line in Path("/proc/%d/net/dev" % host.pid).read_text(encoding="ascii").splitlines():
                name, _colon, numbers = line.partition(":")
                if name.strip() == "eth0":
                    total += int(numbers.split()[0]) + int(numbers.split()[8])
        return total


def _host(name, facts):
    options = ["-i", facts["ansible_ssh_private_key_file"]] + shlex.split(facts["ansible_ssh_common_args"])
    pid = run(["docker", "inspect", "--format", "{{.State.Pid}}", "%s-%s" % (NAME, name)])
    return Host(
        name, facts["ansible_port"], options + ["-o", "ControlMaster=no", "-o", "ControlPath=none"], int(pid)
    )


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


def run(argv, environment=None):
    """Run a command in the repository; its output, or its end on the terminal when it fails."""
    done = subprocess.run(
        argv,
        cwd=REPO,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit("%s failed:\n%s" % (" ".join(map(str, argv))[:300], done.stdout[-3000:]))
    return done.stdout


def local_module(module, **arguments):
    """A module's result, run on this machine."""
    environment = dict(os.environ, ANSIBLE_STDOUT_CALLBACK="ansible.builtin.minimal")
    output = run(
        ["ansible", "localhost", "-m", "slipway.golang." + module, "-a", json.dumps(arguments)], environment
    )
    return json.loads(output[output.index("{") :])
