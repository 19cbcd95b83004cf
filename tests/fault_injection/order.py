# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Could a power cut leave links to files that are not on disk? Pure: finds what is out of order in the steps.

A container that is killed keeps the machine's page cache, so the order of writes and fsyncs is checked
instead. A file's content must be on disk before its name is, and every name before a process is started from
it or the result is sent to the controller.
"""

from __future__ import annotations

import os

ROOT = "/opt/orders"
# What need not outlive a power cut: it is swept, it is about processes that died with it, or it is only a
# note of what was hashed, without which it is hashed again.
PASSING = (ROOT + "/incoming", ROOT + "/lock", ROOT + "/verified.json", "/tmp", "/run", "/root")
NEEDS_ALL = (
    "systemctl restart",
    "systemctl start",
    "systemctl enable",
    "systemctl daemon-reload",
    "tell the result",
)


def violations(steps: list[str]) -> list[str]:
    """``steps``: as tracer.py writes them down."""
    files, directories, found = set(), set(), []
    for number, line in enumerate(steps, 1):
        kind, *names = line.split("\t")
        if kind in ("create", "write", "truncate"):
            files.add(names[0])
        if kind in ("create", "mkdir", "symlink", "link", "rename") and not is_passing(names[-1]):
            directories.add(os.path.dirname(names[-1]))
        if kind == "mkdir":
            directories.add(names[0])
        if kind == "fsync":
            files.discard(names[0])
            directories.discard(names[0])
        if kind in ("remove", "rmdir"):
            files.discard(names[0])
            directories.discard(names[0])
        if kind == "rename":
            source, goal = names
            late = sorted(path for path in files | directories if is_below(path, source))
            if not is_passing(goal):
                found += [
                    f"step {number}: {path} is not on disk when {source} becomes {goal}" for path in late
                ]
            files = {moved(path, source, goal) for path in files}
            directories = {moved(path, source, goal) for path in directories}
        if kind == "run" and names[0].startswith(NEEDS_ALL):
            late = sorted(path for path in files | directories if not is_passing(path))
            found += [f"step {number}: {path} is not on disk at: {names[0]}" for path in late]
    return found


def is_below(path: str, top: str) -> bool:
    return path == top or path.startswith(top + "/")


def is_passing(path: str) -> bool:
    return any(is_below(path, top) for top in PASSING)


def moved(path: str, source: str, goal: str) -> str:
    return goal + path[len(source) :] if is_below(path, source) else path


def unnoticed(steps: list[str]) -> list[str]:
    """The fsyncs without which nothing is found: of files that are only passing, or are synced again soon."""
    return [
        line
        for number, line in enumerate(steps)
        if line.startswith("fsync\t") and not violations(steps[:number] + steps[number + 1 :])
    ]
