# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a fact was made by this very run of Ansible: a cache of facts keeps those of earlier runs too."""

from __future__ import annotations


def identity(pid):
    """What names a run: the process of Ansible that runs the plays, and when it began."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as handle:
            began = handle.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):  # no Linux
        began = ""
    return "%d %s" % (pid, began)


def fact(facts, name, pid):
    """The fact of that name; empty if there is none, or one of another run."""
    found = facts.get(name) or {}
    return found if found.get("run") == identity(pid) else {}
