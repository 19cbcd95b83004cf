# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What /proc says of processes and of the ports they listen on."""

from __future__ import annotations

import os

from ...common import canonical

ESTABLISHED, LISTENING = "01", "0A"


def exe_digest(pid):
    """SHA-256 of the file that a process runs, even a deleted one; None if there is no such process."""
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
    inodes = {row[9] for row in _tcp_rows(LISTENING) if _port(row[1]) == port}
    if not inodes:
        return set()
    wanted = {"socket:[%s]" % inode for inode in inodes}
    return {
        pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if wanted & set(_descriptors(pid))
    }


def established():
    """The remote address, as bytes, and the remote port of every established TCP connection."""
    for row in _tcp_rows(ESTABLISHED):
        address = row[2].partition(":")[0]
        words = [bytes.fromhex(address[start : start + 8])[::-1] for start in range(0, len(address), 8)]
        yield b"".join(words), _port(row[2])


def _tcp_rows(state):
    """The fields of every line of /proc/net/tcp and tcp6 in this state, as in proc(5)."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as handle:
                rows = [line.split() for line in handle.readlines()[1:]]
        except OSError:
            continue
        yield from (row for row in rows if row[3] == state)


def _port(end):
    return int(end.rpartition(":")[2], 16)


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
