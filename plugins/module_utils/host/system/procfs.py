# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What /proc says of processes and of the ports they listen on."""

from __future__ import annotations

import os

from ...common import canonical

LISTENING = "0A"


def exe_digest(pid):
    """SHA-256 of the file that a process runs, even when that file is gone by now; None when there is no such process."""
    try:
        return canonical.sha256_file("/proc/%d/exe" % pid)
    except OSError:
        return None


def command_of(pid):
    """A process's name for a message."""
    try:
        with open("/proc/%d/comm" % pid, encoding="utf-8", errors="replace") as handle:
            return handle.read().strip()
    except OSError:
        return "unknown"


def listeners(port):
    """The pids that listen on a TCP port."""
    inodes = {
        inode for table in ("/proc/net/tcp", "/proc/net/tcp6") for inode in _listening_inodes(table, port)
    }
    if not inodes:
        return set()
    wanted = {"socket:[%s]" % inode for inode in inodes}
    return {
        pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if wanted & set(_descriptors(pid))
    }


def _listening_inodes(table, port):
    try:
        with open(table, encoding="ascii") as handle:
            rows = [line.split() for line in handle.readlines()[1:]]
    except OSError:
        return []
    return [row[9] for row in rows if row[3] == LISTENING and int(row[1].rpartition(":")[2], 16) == port]


def _descriptors(pid):
    try:
        names = os.listdir("/proc/%d/fd" % pid)
    except OSError:
        return
    for name in names:
        try:
            yield os.readlink("/proc/%d/fd/%s" % (pid, name))
        except OSError:
            continue
