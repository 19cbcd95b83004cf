# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the logs of all hosts with the playbook, and print what that costs, as a table in Markdown.

Every host gets the same number of lines of 180 bytes, by a service that is deployed for it (log_lines among
tests/apps/services). Then the playbook reads them, each time without a connection to any host. Medians are
shown. The last way is journalctl over ssh, for the bytes and the time that nobody can save.

    make bench-logs                                     10 hosts with 100,000 lines together
    make bench-logs ARGS="--hosts 3 --lines 30000"

Memory is the proportional set size (PSS), sampled while the playbook runs: all processes of the controller
together; and of a host, the engine and journalctl, on the host that needs most.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hosts import Hosts, lab

PORT = 18090
SAMPLE_SECONDS = 0.05
COLUMNS = (
    "what is read",
    "lines",
    "seconds",
    "controller CPU s",
    "CPU s of a host",
    "SSH sessions per host",
    "kB per host",
    "MB on the controller",
    "MB on a host",
)


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-logs-") as work, Hosts(arguments.hosts) as fleet:
        bench = Bench(fleet, Path(work), arguments.lines // arguments.hosts)
        bench.prepare()
        results = {name: bench.measured(name, arguments.rounds) for name in bench.ways}
        count = fleet.count
    facts = (arguments.hosts, arguments.lines, os.cpu_count(), arguments.rounds)
    print("%d hosts, %d lines, one machine with %d cores, %d rounds, medians\n" % facts)
    print("\n".join(table(results, count)))


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", type=int, default=10)
    parser.add_argument("--lines", type=int, default=100000, help="of all hosts together")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


class Bench:
    """A service with its lines on every host, and the ways to read them."""

    def __init__(self, fleet, work, lines):
        self.fleet = fleet
        self.work = work
        self.lines = lines
        everything = lines * fleet.count
        self.ways = {
            "the newest 1,000 lines of each host": (self._playbook({}), min(lines, 1000) * fleet.count),
            "all lines": (self._playbook({"slipway_lines": lines + 1000}), everything),
            "all lines, as JSON": (
                self._playbook({"slipway_lines": lines + 1000, "slipway_json": True}),
                everything,
            ),
            "the errors among them: there is none": (self._playbook({"slipway_level": "error"}), 0),
            "journalctl over ssh, 20 in parallel, unordered": (self._journalctl, everything),
        }

    def prepare(self):
        """Deploy the service, and let it write the lines."""
        self.fleet.everywhere("useradd --system --user-group talk")
        options = {
            "slipway_app": "talk",
            "slipway_port": PORT,
            "slipway_version": "1.0.0",
            "slipway_source": str(lab.CHECKOUT / "tests/apps/services"),
            "slipway_dist": str(self.work),
            "slipway_build": {"package": "./cmd/log_lines", "go": lab.find_go()},
            "slipway_waves": ["100%"],
            "slipway_unit": {"log_rate_limit": {"interval_sec": 0}},
        }
        done = self.fleet.fleet.playbook("slipway.golang.deploy", **options)
        if done.code:
            raise lab.CommandFailed(done.out[-lab.SHOWN :] + done.err)
        url = "http://127.0.0.1:%d/count?first=1&last=%d" % (PORT, self.lines)
        self.fleet.everywhere("curl -sSf -X POST '%s' && journalctl --sync" % url, parallel=2)

    def measured(self, name, rounds):
        """The number of lines, and what each turn cost; the first one warms up, and is not kept."""
        way, expected = self.ways[name]
        turns = []
        for number in range(rounds + 1):
            memory = Memory(self.fleet.hosts)
            cost = self.fleet.measure(lambda environment, memory=memory: way(environment, memory))
            found = len(re.findall(rb"\bcounted\b", (self.work / "output").read_bytes()))
            if found != expected:
                raise lab.CommandFailed("%s: %d lines, expected %d" % (name, found, expected))
            print("%d: %.2f s  %s" % (number, cost.wall, name), file=sys.stderr)
            turns.append((cost, memory.controller / 1e6, memory.host / 1e6))
        return expected, turns[1:]

    def _playbook(self, variables):
        variables = dict(variables, slipway_app="talk", slipway_since="1d")
        argv = lab.playbook_argv(
            "slipway.golang.logs",
            "--forks",
            "20",
            inventory=self.fleet.fleet.inventory,
            variables=variables,
        )

        def act(environment, memory):
            environment = dict(lab.ansible_environment(), **environment)
            with open(self.work / "output", "wb") as output:
                process = subprocess.Popen(argv, env=environment, cwd=lab.CHECKOUT, stdout=output)
                with memory.of(process.pid):
                    if process.wait():
                        raise lab.CommandFailed((self.work / "output").read_text()[-lab.SHOWN :])

        return act

    def _journalctl(self, dummy, memory):
        def one(host):
            return host.sure("journalctl -u talk --since=-1d --output=short-iso", alone=True)

        with memory.of(os.getpid()), ThreadPoolExecutor(20) as pool:
            (self.work / "output").write_text("".join(pool.map(one, self.fleet.hosts)))


class Memory:
    """The most memory that was used at one time, in bytes."""

    def __init__(self, hosts):
        self.controller = self.host = 0
        self._containers = {
            json.loads(lab.call(["docker", "inspect", host.container]))[0]["Id"] for host in hosts
        }
        self._ended = threading.Event()

    def of(self, pid):
        """Sample in the background, for as long as the ``with`` block runs."""
        self._pid = pid
        self._thread = threading.Thread(target=self._sample)
        return self

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *error):
        self._ended.set()
        self._thread.join()

    def _sample(self):
        while not self._ended.wait(SAMPLE_SECONDS):
            parents, own, hosts = {}, {self._pid}, {}
            for entry in Path("/proc").glob("[0-9]*"):
                try:
                    parents[int(entry.name)] = int(
                        (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[1]
                    )
                    container = self._container_of(entry)
                    if container and self._is_ours(entry):
                        hosts[container] = hosts.get(container, 0) + _pss(entry)
                except OSError:  # it has ended
                    continue
            for dummy in range(8):
                own |= {pid for pid, parent in parents.items() if parent in own}
            self.controller = max(self.controller, sum(_pss(Path("/proc/%d" % pid)) for pid in own))
            self.host = max([self.host, *hosts.values()])

    def _container_of(self, entry):
        found = re.search(r"[0-9a-f]{64}", (entry / "cgroup").read_text())
        return found[0] if found and found[0] in self._containers else None

    @staticmethod
    def _is_ours(entry):
        words = (entry / "cmdline").read_bytes().split(b"\0")
        return words[0].endswith(b"journalctl") or (b"-I" in words and b"python" in words[0])


def _pss(entry):
    try:
        found = re.search(r"^Pss: +([0-9]+) kB", (entry / "smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def table(results, count):
    yield "| %s |" % " | ".join(COLUMNS)
    yield "|%s" % ("---|" * len(COLUMNS))
    for name, (lines, turns) in results.items():
        costs = [cost for cost, dummy, dummy2 in turns]
        cells = [
            statistics.median(cost.wall for cost in costs),
            statistics.median(cost.cpu for cost in costs),
            statistics.median(cost.hosts_cpu for cost in costs) / count,
            statistics.median(cost.sessions for cost in costs),
            statistics.median(cost.kilobytes for cost in costs),
            statistics.median(turn[1] for turn in turns),
            statistics.median(turn[2] for turn in turns),
        ]
        yield "| %s | %d | %.2f | %.1f | %.2f | %.1f | %.0f | %.0f | %.0f |" % (name, lines, *cells)


if __name__ == "__main__":
    lab.script(main)
