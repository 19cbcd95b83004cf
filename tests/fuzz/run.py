# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuzz the parsers with atheris: all at once, each in its own process, at the lowest priority, on one core.

A finding ends its target and is stored in .work/fuzz/TARGET/: copy it to tests/fuzz/seeds/TARGET/, so that
the unit tests run it from then on.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".work" / "fuzz"
sys.path[:0] = [str(ROOT / ".work" / "collections"), str(ROOT / "tests")]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help="what to fuzz: the folders of tests/fuzz/seeds (all)"
    )
    parser.add_argument("--minutes", type=float, default=1.0, help="how long (1)")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        fuzz(arguments.worker, int(arguments.minutes * 60))
    known = sorted(path.name for path in (ROOT / "tests/fuzz/seeds").iterdir())
    unknown = set(arguments.targets) - set(known)
    if unknown:
        parser.error("there is no target %s; there are %s" % (", ".join(sorted(unknown)), ", ".join(known)))
    os.nice(19)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    workers = {name: start(name, arguments.minutes) for name in arguments.targets or known}
    return max([report(name, *worker) for name, worker in workers.items()])


def start(name: str, minutes: float) -> tuple[subprocess.Popen, Path]:
    (WORK / name / "corpus").mkdir(parents=True, exist_ok=True)
    log = WORK / name / "log"
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, __file__, "--worker", name, "--minutes", str(minutes)],
            stdout=output,
            stderr=output,
        ), log


def report(name: str, process: subprocess.Popen, log: Path) -> int:
    code = process.wait()
    text = log.read_text(encoding="utf-8", errors="replace")
    runs = re.findall(r"^(?:Done |#)(\d+)", text, re.MULTILINE)
    print(
        "%-12s %9s runs  %s"
        % (name, runs[-1] if runs else 0, "nothing found" if code == 0 else "FOUND SOMETHING: see %s" % log),
        flush=True,
    )
    return 1 if code else 0


def fuzz(name: str, seconds: int) -> None:
    """Does not return: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["ansible_collections.slipway"]):
        from fuzz.targets import SEEDS, TARGETS
    home = WORK / name
    flags = [
        "-max_total_time=%d" % seconds,
        "-artifact_prefix=%s/" % home,
        "-timeout=20",
        "-rss_limit_mb=1024",
        "-max_len=20000",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *flags, str(home / "corpus"), str(SEEDS / name)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
