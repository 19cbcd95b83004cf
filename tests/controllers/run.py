# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the life of a service from every ansible-core that is promised, against hosts of the lab.

    make test-controllers                          every version
    make test-controllers ARGS="2.16 2.21"         these
    make controllers                               four of them: a part of `make test`

Each version has a container and an app of its own, on the same two hosts; as many at a time as there are
processors.
The steps are in life.py. A warning of deprecation, or any other warning of Ansible's, is a failure.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core import FLEET, QUICK, VERSIONS, WORK, Controller, Failure
from life import live
from shell import LabError
from support import lab


def main() -> int:
    chosen, brief = parsed()
    WORK.mkdir(parents=True, exist_ok=True)
    lab.call([*lab.LAB, "image", *sorted({VERSIONS[version] for version in chosen})])
    with FLEET:
        install_nginx()
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            rows = list(pool.map(lambda version: timed(version, brief), chosen))
    failed = [row for row in rows if row[1]]
    for version, problem, seconds in rows:
        print(f"ansible-core {version:5} {'FAILED' if problem else 'ok'}, {seconds:.0f} s")
    for version, problem, _seconds in failed:
        print(f"\nansible-core {version}: {problem}\nAll output: {WORK / version / 'log'}")
    print(f"{len(rows) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def parsed() -> tuple[list[str], bool]:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "versions", nargs="*", choices=[[], *VERSIONS], metavar="VERSION", help=", ".join(VERSIONS)
    )
    parser.add_argument("--quick", action="store_true", help=f"brief lives with {', '.join(QUICK)}")
    given = parser.parse_args()
    return given.versions or list(QUICK if given.quick else VERSIONS), given.quick


def install_nginx() -> None:
    """Once, and not by two versions at a time: the lives are about Ansible."""
    install = "apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install nginx-light"
    hosts = [lab.Host(FLEET, name) for name in ("web1", "web2")]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda host: host.sure(install), hosts))


def timed(version: str, brief: bool) -> tuple[str, str, float]:
    start = time.monotonic()
    try:
        with Controller(version) as controller:
            live(controller, brief)
        problem = ""
    except (Failure, LabError, lab.CommandFailed) as failure:
        problem = str(failure)
    return version, problem, time.monotonic() - start


if __name__ == "__main__":
    lab.script(main)
