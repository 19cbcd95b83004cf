# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deploy the same service to the same hosts in several ways, and print what each cost.

The ways take turns, round by round. Each begins without a connection to any host, deploys a new version of
examples/gin-api (unless its name says otherwise) and ends when all hosts have answered their health check
once. Then every host must answer with that version. Medians are shown, as a table in Markdown. ways.py has
what each way does, hosts.py how it is measured.

    make bench ARGS="--rounds 5 --skip-slow"                       hosts and controller share this machine
    make bench ARGS="--rounds 5 --skip-slow --round-trip 20"       20 ms away, 100 Mbit/s shared
    make bench ARGS="--hosts 5 --ways push,delta,configuration --json 5.json"      what simulate.py needs
    make bench ARGS="--ansistrano ~/.ansible/roles/ansistrano.deploy"

Peers are not part of this repository: name the directory of the role ansistrano.deploy, and that of mitogen's
strategy plugins (`…/ansible_mitogen/plugins/strategy`). Those that are not named are listed as absent.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

from hosts import Cost, Hosts, lab
from ways import FLOOR, PING, Ways

FIELDS = [field.name for field in dataclasses.fields(Cost)]


def main():
    arguments = parse()
    hosts = Hosts(arguments.hosts, arguments.round_trip / 1000, arguments.mbit)
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as work, hosts as fleet:
        ways = Ways(fleet, work, arguments.ansistrano, arguments.mitogen)
        chosen = [way for way in ways.all(slow=not arguments.skip_slow) if named(way.name, arguments.ways)]
        results = measured(ways, chosen, arguments.rounds)
    medians = {
        name: {field: statistics.median(getattr(cost, field) for cost in costs) for field in FIELDS}
        for name, costs in results.items()
    }
    place = "one machine with %d cores" % os.cpu_count()
    if arguments.round_trip:
        place = "%g ms, %g Mbit/s shared" % (arguments.round_trip, arguments.mbit)
    facts = (arguments.hosts, place, arguments.rounds, ", ".join(ways.absent()) or "nobody")
    print("%d hosts, %s, %d rounds, medians; absent: %s\n" % facts)
    print("\n".join(table(medians, arguments.hosts)))
    if arguments.json:
        found = {"hosts": arguments.hosts, "rounds": arguments.rounds, "medians": medians}
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def named(name, words):
    return any(word in name for word in words.split(","))


def measured(ways, chosen, rounds):
    """What each way cost in each round, by its name. The first turn warms up, and is not kept."""
    results = {way.name: [] for way in chosen}
    for number in range(rounds + 1):
        for way in chosen:
            ways.build_ahead(way.app)
            cost = ways.fleet.measure(way.act)
            ways.verify(way)
            turn = "round %d" % number if number else "warm up"
            print("%s: %.2f s  %s" % (turn, cost.wall, way.name), file=sys.stderr)
            results[way.name] += [cost] if number else []
    return results


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--round-trip", type=float, default=0, metavar="MS", help="put the hosts so many milliseconds away"
    )
    parser.add_argument(
        "--mbit", type=float, default=100, help="with --round-trip: the hosts' uplink (default: 100)"
    )
    parser.add_argument(
        "--ways", default="", help="only the ways whose names have one of these words, such as push,delta"
    )
    parser.add_argument(
        "--skip-slow",
        action="store_true",
        help="leave out what takes long: roles, and the loop without parallelism",
    )
    parser.add_argument("--ansistrano", default="", help="directory of the role ansistrano.deploy")
    parser.add_argument("--mitogen", default="", help="directory of mitogen's strategy plugins")
    parser.add_argument("--json", type=Path, help="write the medians there too, for simulate.py")
    return parser.parse_args()


COLUMNS = (
    "way",
    "wall seconds",
    "× floor",
    "× ping",
    "controller CPU s",
    "CPU s of a host",
    "SSH sessions per host",
    "executions per host",
    "kB per host",
)


def table(medians, hosts):
    """As Markdown, with ratios to the floor and to a ping where they were measured."""
    floor, ping = (medians.get(way, {}).get("wall") for way in (FLOOR, PING))
    yield "| %s |" % " | ".join(COLUMNS)
    yield "|%s" % ("---|" * len(COLUMNS))
    for name, cost in medians.items():
        ratios = ["%.2f" % (cost["wall"] / other) if other else "–" for other in (floor, ping)]
        spent = (cost["cpu"], cost["hosts_cpu"] / hosts)
        counts = (cost["sessions"], cost["executions"], cost["kilobytes"])
        cells = (name, cost["wall"], *ratios, *spent, *counts)
        yield "| %s | %.2f | %s | %s | %.1f | %.2f | %.1f | %.1f | %.0f |" % cells


if __name__ == "__main__":
    lab.script(main)
