# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control groups of a process, as directories: one with cgroup v2, several with v1."""

from __future__ import annotations

import os


def directories(pid: int) -> list:
    """Those that the process is in, of every hierarchy that is mounted."""
    with open("/proc/%d/cgroup" % pid, encoding="utf-8") as handle:
        lines = [line.rstrip("\n").split(":", 2) for line in handle]
    mounts = list(_mounts())
    found = [_directory(mounts, set(filter(None, names.split(","))), path) for dummy, names, path in lines]
    return [path for path in found if path and os.path.isdir(path)]


def _directory(mounts, controllers, path):
    """The directory of a group in the hierarchy with these controllers; v2 has none by name."""
    for kind, root, point, options in mounts:
        is_it = controllers <= options if kind == "cgroup" and controllers else kind == "cgroup2"
        if is_it and bool(controllers) == (kind == "cgroup"):
            below = path[len(root) :] if root != "/" and path.startswith(root) else path
            return os.path.normpath(point + "/" + below)
    return ""


def _mounts():
    """(type, what of the file system is there, where, options) of every hierarchy: see proc(5)."""
    with open("/proc/self/mountinfo", encoding="utf-8") as handle:
        for line in handle:
            left, dummy, right = line.partition(" - ")
            kind, dummy, options = (right.rstrip("\n").split(" ", 2) + ["", ""])[:3]
            if kind in ("cgroup", "cgroup2"):
                fields = left.split(" ")
                yield kind, fields[3], fields[4], set(options.split(","))
