# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process that takes CPU time or memory in the control group of a service, and so within its limits.

It is a transient unit, which is how it is found again and ended; and it ends by itself. It moves itself to
the service's control groups, as systemd moves nothing into a unit that does not delegate them, and then
becomes the service's user.
"""

from __future__ import annotations

import os
import sys

from ...common.errors import SlipwayError
from ..system import cgroup
from . import systemctl, transient

# What it runs: processes that take CPU time, or memory by writing to it, as long as their parent lives.
PROGRAM = """
import os, sys, time
count, size, uid, gid = map(int, sys.argv[1:5])
for directory in sys.argv[5:]:
    with open(directory + "/cgroup.procs", "w") as handle:
        handle.write(str(os.getpid()))
os.setgroups([])
os.setgid(gid)
os.setuid(uid)
parent, taken = os.getpid(), []
for number in range(count):
    if not os.fork():
        while os.getppid() == parent:
            if len(taken) < size >> 20:
                taken.append(bytearray(b"x" * (1 << 20)))
            elif size:
                time.sleep(0.1)
            else:
                sum(range(100000))
        os._exit(0)
while True:
    time.sleep(60)
"""


def name_of(app: str) -> str:
    """Its unit. No app's name has a dot."""
    return app + ".drill-load.service"


def facts_of(live, seconds: int, count: int, size: int = 0) -> dict:
    """What ``start`` needs: how many processes, and how many bytes of memory each takes; 0 for CPU time."""
    status = os.stat("/proc/%d" % live.pid)
    return {
        "load": name_of(live.layout.app),
        "unit": live.unit,
        "count": count,
        "size": size,
        "seconds": seconds,
        "uid": status.st_uid,
        "gid": status.st_gid,
        "groups": cgroup.directories(live.pid),
    }


def start(facts: dict) -> None:
    """Start it; it ends after its seconds, whoever else does or does not end it."""
    words = [facts["count"], facts["size"], facts["uid"], facts["gid"], *facts["groups"]]
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, *map(str, words)]
    description = "Load in the control group of %s" % facts["unit"]
    settings = ["RuntimeMaxSec=%d" % facts["seconds"], "KillMode=mixed", "TimeoutStopSec=5"]
    options = ("--service-type=exec",)
    answer = systemctl.run(transient.argv(facts["load"], description, settings, command, options))
    if answer.returncode:
        raise SlipwayError("systemd-run failed: %s" % answer.stderr.strip()[:500])


def stop(facts: dict) -> None:
    """End it, if it is there."""
    systemctl.stop(facts["load"])
