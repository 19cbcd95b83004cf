# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this machine is: its architecture, its CPU level, its free disk space."""

from __future__ import annotations

import os

MACHINES = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "aarch64": "arm64",
    "arm64": "arm64",
    "armv5tel": "arm",
    "armv6l": "arm",
    "armv7l": "arm",
    "armv8l": "arm",
    "i386": "386",
    "i586": "386",
    "i686": "386",
    "loongarch64": "loong64",
    "mips": "mips",
    "mips64": "mips64",
    "ppc64": "ppc64",
    "ppc64le": "ppc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
}
# What each GOAMD64 level adds, as /proc/cpuinfo calls it: https://go.dev/wiki/MinimumRequirements#amd64
AMD64_LEVELS = (
    ("v2", {"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"}),
    ("v3", {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}),
    ("v4", {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}),
)


def goarch():
    """Go's name for this machine, or the kernel's if we know none of Go's."""
    machine = os.uname().machine
    return MACHINES.get(machine, machine)


def variants():
    """The values of GOAMD64 or GOARM that run here, best first; None for machines that are not checked."""
    machine = os.uname().machine
    if MACHINES.get(machine) == "amd64":
        return _amd64_variants(_cpu_flags())
    if machine in ("armv5tel", "armv6l", "armv7l", "armv8l"):
        newest = min(int(machine[4]), 7)
        return [
            "%d%s" % (level, suffix)
            for level in range(newest, 4, -1)
            for suffix in ("", ",hardfloat", ",softfloat")
        ]
    return None


def choose(artifacts):
    """The best of the offered artifacts for this machine, or None. Each is a dict with goarch and variant."""
    accepted = variants()
    matching = [artifact for artifact in artifacts if artifact["goarch"] == goarch()]
    if accepted is None:
        return matching[0] if matching else None
    usable = [artifact for artifact in matching if not artifact["variant"] or artifact["variant"] in accepted]
    return min(
        usable,
        key=lambda artifact: accepted.index(artifact["variant"]) if artifact["variant"] else len(accepted),
        default=None,
    )


def free_bytes(path):
    """Space for root on the file system that holds, or will hold, a path."""
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


def _cpu_flags():
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as handle:
            for line in handle:
                if line.startswith("flags"):
                    return set(line.partition(":")[2].split())
    except OSError:
        pass
    return set()


def _amd64_variants(flags):
    levels = ["v1"]
    for level, needed in AMD64_LEVELS:
        if not needed <= flags:
            break
        levels.insert(0, level)
    return levels
