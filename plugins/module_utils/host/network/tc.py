# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A slow class of traffic on the interfaces of this host, which only what nft puts into it goes through.

It replaces the queueing discipline that the kernel gave an interface, which comes back when ours is deleted.
One that an administrator chose would not: such an interface is refused.
"""

from __future__ import annotations

import os
import re
import shutil

from ...common import canonical
from ...common.errors import SlipwayError
from ..systemd import systemctl
from .nft import PATH

INTERFACES = "/sys/class/net"
_ROOT = re.compile(r"^qdisc (\S+) ([0-9a-f]+:) root\b", re.MULTILINE)


def number_of(app: str) -> str:
    """The number by which a discipline of an app's drill is known again; digits, as tc reads hexadecimals."""
    return "5%03d" % (int(canonical.sha256(app)[:8], 16) % 1000)


def class_of(number: str) -> str:
    """The slow class; nft reads it only with all of its digits."""
    return number + ":0001"


def interfaces() -> list:
    """Those that are up, and loopback, whose state is unknown."""
    return [name for name in sorted(os.listdir(INTERFACES)) if _state(name) in ("up", "unknown")]


def _state(name):
    try:
        with open(os.path.join(INTERFACES, name, "operstate"), encoding="ascii") as handle:
            return handle.read().strip()
    except OSError:
        return ""


def require() -> None:
    """Refuse where the traffic could not be shaped, or where that could not be undone."""
    if not shutil.which("tc", path=PATH):
        raise SlipwayError("it needs the command tc on the host: apt-get install iproute2")
    for name in interfaces():
        handle = _root(name)
        if handle not in ("", "0:"):
            raise SlipwayError(
                "the interface %s has a queueing discipline of its own (tc qdisc show dev %s), which would "
                "be lost" % (name, name)
            )


def _root(name):
    """The number of the interface's own discipline; 0: is the kernel's choice."""
    found = _ROOT.search(systemctl.run(["tc", "qdisc", "show", "dev", name]).stdout)
    return found[2] if found else ""


def slow(number: str, delay_ms: int, kilobits: int) -> str:
    """Delay each packet of the class; without the kernel's netem, make its line narrow. Says which."""
    done, root = "", number + ":"
    for name in interfaces():
        _sure("qdisc", "add", "dev", name, "root", "handle", root, "htb", "default", "0")
        slow_class = ("dev", name, "parent", root, "classid", class_of(number), "htb", "rate")
        _sure("class", "add", *slow_class, "10gbit")
        leaf = ("qdisc", "add", "dev", name, "parent", class_of(number))
        if not _tc(*leaf, "netem", "delay", "%dms" % delay_ms).returncode:
            done = "each answer is delayed by %d ms" % delay_ms
            continue
        _sure("class", "change", *slow_class, "%dkbit" % kilobits)
        _sure(*leaf, "pfifo", "limit", "30")
        done = "answers share %d kbit/s (this kernel has no netem, which would delay them)" % kilobits
    return done


def restore(number: str) -> None:
    """Delete what ``slow`` made, wherever it is."""
    for name in sorted(os.listdir(INTERFACES)):
        if _root(name) == number + ":":
            _sure("qdisc", "del", "dev", name, "root")


def _sure(*words):
    answer = _tc(*words)
    if answer.returncode:
        raise SlipwayError("tc %s failed: %s" % (" ".join(words), answer.stderr.strip()[:500]))


def _tc(*words):
    return systemctl.run(["tc", *words])
