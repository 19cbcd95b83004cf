# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deploy the same service to the same hosts in several ways, and print what each cost.

The ways take turns, round by round. Each begins without a connection to any host, deploys a new version of
examples/gin-api (unless its name says otherwise) and ends when all hosts have answered its health check once.
Then every host must answer with that version. Medians are shown. ways.py has what each way does, hosts.py how
it is measured.

    python3 tests/bench/run.py --hosts 10 --rounds 3 --ansistrano ~/.ansible/roles/ansistrano.deploy

Peers are not part of this repository: name the directory of the role ansistrano.deploy, and that of mitogen's
strategy plugins (`…/ansible_mitogen/plugins/strategy`). Those that are not named are listed as absent.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from hosts import Hosts, lab
from ways import Ways


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as work, Hosts(arguments.hosts) as fleet:
        ways = Ways(fleet, work, arguments.ansistrano, arguments.mitogen)
        chosen = list(ways.all(slow=not arguments.skip_slow))
        results = {way.name: [] for way in chosen}
        for number in range(arguments.rounds + 1):
            for way in chosen:
                ways.build_ahead(way.app)
                cost = fleet.measure(way.act)
                ways.verify(way)
                print(
                    "%s: %.2f s  %s" % ("round %d" % number if number else "warm up", cost.wall, way.name),
                    file=sys.stderr,
                )
                results[way.name] += [cost] if number else []
        medians = {
            name: {field: statistics.median(getattr(cost, field) for cost in costs) for field in FIELDS}
            for name, costs in results.items()
        }
    print(
        "%d hosts, %d rounds, medians; absent: %s\n"
        % (arguments.hosts, arguments.rounds, ", ".join(ways.absent()) or "nobody")
    )
    print("\n".join(table(medians)))
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"hosts": arguments.hosts, "rounds": arguments.rounds, "medians": medians}, indent=1)
            + "\n",
            encoding="utf-8",
        )


FIELDS = ("wall", "cpu", "sessions", "kilobytes")


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--skip-slow",
        action="store_true",
        help="leave out what takes long: roles, and the loop without parallelism",
    )
    parser.add_argument("--ansistrano", default="", help="directory of the role ansistrano.deploy")
    parser.add_argument("--mitogen", default="", help="directory of mitogen's strategy plugins")
    parser.add_argument("--json", type=Path, help="write the medians there too, for simulate.py")
    return parser.parse_args()


def table(medians):
    """As Markdown, with ratios to the floor."""
    floor = list(medians.values())[0]["wall"]
    yield "| way | wall seconds | × floor | controller CPU seconds | SSH sessions per host | kB per host |"
    yield "|---|---|---|---|---|---|"
    for name, cost in medians.items():
        cells = (name, cost["wall"], cost["wall"] / floor, cost["cpu"], cost["sessions"], cost["kilobytes"])
        yield "| %s | %.2f | %.1f | %.1f | %.1f | %.0f |" % cells


if __name__ == "__main__":
    lab.script(main)
