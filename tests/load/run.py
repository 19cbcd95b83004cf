# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What clients notice of a deploy: each strategy under constant load, as a table.

make load ARGS="--deploys 10"
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import lab

HERE = Path(__file__).resolve().parent
WORK = lab.CHECKOUT / ".work" / "load"
FLEET = lab.Fleet("load", "load=1")
STRAIGHT, NGINX = "8080", "80"
# Strategy, by which port it is asked, and seconds that the service takes to start.
CASES = [
    (strategy, via, delay)
    for delay in (0, 1)
    for strategy, via in (
        ("restart", STRAIGHT),
        ("restart", NGINX),
        ("socket", STRAIGHT),
        ("socket", NGINX),
        ("blue_green", NGINX),
    )
]
WAYS = {"fresh": "fresh connections", "kept": "kept connections", "posted": "POST, kept"}


def main() -> int:
    arguments = parsed()
    WORK.mkdir(parents=True, exist_ok=True)
    FLEET.up()
    play("prepare.yml")
    print(f"{arguments.deploys} deploys each, {arguments.rate} requests/s in each of three ways at once\n")
    print(
        "| strategy | asked | starts in | connections | requests | lost | longest gap | p99 | p99 at rest |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for strategy, via, delay in CASES:
        report = WORK / "report.json"
        play(
            "deploys.yml",
            strategy=strategy,
            via=via,
            delay=delay,
            rate=arguments.rate,
            deploys=arguments.deploys,
            report=report,
        )
        show(strategy, via, delay, json.loads(report.read_text(encoding="utf-8")))
    FLEET.down()
    return 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deploys", type=int, default=6, help="how many deploys for each line")
    parser.add_argument("--rate", type=int, default=100, help="requests per second, in each way")
    return parser.parse_args()


def show(strategy: str, via: str, delay: int, reports: dict) -> None:
    for way, words in WAYS.items():
        one = reports[way]
        asked = "straight" if via == STRAIGHT else "by nginx"
        start = f"{delay} s" if delay else "at once"
        print(
            f"| {strategy} | {asked} | {start} | {words} "
            f"| {one['requests']} | {one['failed']} | {one['longest_gap_ms']} ms "
            f"| {one['p99_ms']:.1f} ms | {reports['rest']['p99_ms']:.1f} ms |",
            flush=True,
        )


def play(name: str, **variables) -> None:
    settings = dict({key: str(value) for key, value in variables.items()}, dist=str(WORK))
    argv = lab.playbook_argv(HERE / name, inventory=FLEET.inventory, variables=settings)
    lab.call(argv, environment=dict(os.environ, ANSIBLE_PIPELINING="1"))


if __name__ == "__main__":
    lab.script(main)
