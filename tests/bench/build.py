# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare the module `build` with plain `go build` with the same flags.

    python tests/bench/build.py [--source DIR] [--rounds N] [--json FILE]

Both build the same copy of a program (examples/gin-api) with warm caches, in turns, each after an edit of
its own: the second build of an edit would find it in Go's cache. `module` is the whole process that Ansible
starts, `engine` our part of it: the difference is Python and Ansible's own imports.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULE = "ansible_collections.slipway.golang.plugins.modules.build"
ENGINE = """
import json, sys, time
from MODULE import ARGUMENTS
from ansible_collections.slipway.golang.plugins.module_utils.builder.build import build
from ansible_collections.slipway.golang.plugins.module_utils.builder.request import Request
options = dict({name: option.get("default") for name, option in ARGUMENTS.items()}, **json.loads(sys.argv[1]))
started = time.perf_counter()
result = build(Request(options))
print(json.dumps({"seconds": time.perf_counter() - started, "changed": result["changed"]}))
""".replace("MODULE", MODULE)
MARK = "\nvar benchEdit = {0}\n\nfunc init() {{ if benchEdit < 0 {{ println({0}) }} }}\n"


class Bench:
    """A copy of a program, and the ways to build it."""

    def __init__(self, source, scratch):
        self.source, self.scratch = scratch / "source", scratch
        shutil.copytree(source, self.source, ignore=shutil.ignore_patterns("dist", ".git"))
        self.main = self.source / "main.go"
        self.text = self.main.read_text(encoding="utf-8")
        self.options = {
            "source": str(self.source),
            "dest": str(scratch / "dist"),
            "version": "1",
            "name": "app",
        }
        self.edits = 0
        self.python = dict(
            os.environ,
            PYTHONPATH=os.pathsep.join(
                [str(ROOT / ".work" / "collections")]
                + [path for path in sys.path if path.endswith("site-packages")]
            ),
        )

    def edit(self):
        """A change of code that no cache has seen."""
        self.edits += 1
        self.main.write_text(self.text + MARK.format(time.time_ns() % 10**12 + self.edits), encoding="utf-8")

    def plain(self):
        """`go build` as a script would call it, into a place of its own."""
        environment = dict(
            os.environ, CGO_ENABLED="0", GOFLAGS="", GOWORK="off", GOTOOLCHAIN="local", GOAMD64="v1"
        )
        command = [
            "go",
            "build",
            "-buildvcs=false",
            "-mod=readonly",
            "-trimpath",
            "-ldflags=-s -w",
            "-o",
            str(self.scratch / "plain"),
            ".",
        ]
        return timed(command, self.source, environment)[0]

    def module(self):
        """The process that Ansible starts."""
        arguments = self.scratch / "arguments.json"
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": self.options}), encoding="utf-8")
        return timed([sys.executable, "-m", MODULE, str(arguments)], self.scratch, self.python)[0]

    def engine(self):
        """Our part of it."""
        answer = timed([sys.executable, "-c", ENGINE, json.dumps(self.options)], self.scratch, self.python)[1]
        return json.loads(answer)["seconds"]


def timed(command, directory, environment):
    started = time.perf_counter()
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(
            "%s failed:\n%s%s" % (command[:4], done.stdout.decode()[-2000:], done.stderr.decode()[-2000:])
        )
    return seconds, done.stdout


def measure(bench, rounds):
    """Seconds of every way, with an edit before each and without."""
    ways = {"plain": bench.plain, "module": bench.module, "engine": bench.engine}
    changed, unchanged = ({name: [] for name in ways} for _case in range(2))
    for turn in range(rounds + 1):  # the first turn warms the caches
        for name, way in ways.items():
            bench.edit()
            seconds = way()
            way()  # now it is built, whichever way built last
            again = way()
            if turn:
                changed[name].append(seconds)
                unchanged[name].append(again)
    return {"changed file": changed, "nothing changed": unchanged}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--source", type=pathlib.Path, default=ROOT / "examples" / "gin-api")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as scratch:
        seconds = measure(Bench(options.source, pathlib.Path(scratch)), options.rounds)
    print(
        "%-25s %10s %10s %10s %15s %15s"
        % ("seconds", "go build", "module", "engine", "module/go build", "engine/go build")
    )
    for case, ways in seconds.items():
        for word, choose in (
            ("median", statistics.median),
            ("best", min),
        ):  # on a busy machine the best says more
            found = {name: choose(values) for name, values in ways.items()}
            ratios = found["module"] / found["plain"], found["engine"] / found["plain"]
            print(
                "%-25s %10.3f %10.3f %10.3f %15.2f %15.2f"
                % (("%s, %s" % (case, word), found["plain"], found["module"], found["engine"]) + ratios)
            )
    print("%d rounds, load %.1f on %d cores" % (options.rounds, os.getloadavg()[0], os.cpu_count()))
    if options.json:
        options.json.write_text(json.dumps(seconds, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
