# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients notice of a deploy: each strategy under constant load, as a table. `make load ARGS="--deploys 10"`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORK = ROOT / ".work" / "load"
INVENTORY = ROOT / ".work" / "lab" / "load" / "inventory.yml"
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
    call("python3", "lab/lab.py", "up", "load", "--group", "load=1")
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
    call("python3", "lab/lab.py", "down", "load")
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
            f"| {strategy} | {asked} | {start} | {words} | {one['requests']} | {one['failed']} | {one['longest_gap_ms']} ms "
            f"| {one['p99_ms']:.1f} ms | {reports['rest']['p99_ms']:.1f} ms |",
            flush=True,
        )


def play(name: str, **variables) -> None:
    extra = json.dumps(dict({key: str(value) for key, value in variables.items()}, dist=str(WORK)))
    call("ansible-playbook", "--inventory", str(INVENTORY), "--extra-vars", extra, str(HERE / name))


def call(*argv: str) -> None:
    done = subprocess.run(
        argv,
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_PIPELINING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(argv)} failed:\n{(done.stdout + done.stderr)[-3000:]}")


if __name__ == "__main__":
    sys.exit(main())
