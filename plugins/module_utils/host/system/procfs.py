# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What /proc says about processes and TCP sockets."""

from __future__ import annotations

import os
import sys
from collections import namedtuple

from ...common import canonical

# States of a TCP socket, as the kernel prints them in /proc/net/tcp.
ESTABLISHED = "01"
LISTENING = "0A"

# ``local`` and ``remote`` are (address, port); the address is packed as by socket.inet_pton.
TcpSocket = namedtuple("TcpSocket", ("local", "remote", "inode"))


def exe_digest(pid):
    """SHA-256 of the file that a process runs, even if it was deleted; None if there is no such process."""
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


def tcp_sockets(state):
    """All TCP sockets of this host that are in a state, over IPv4 and IPv6."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as handle:
                rows = [line.split() for line in handle.readlines()[1:]]
        except OSError:  # a kernel without IPv6
            continue
        for row in rows:
            if row[3] == state:
                yield TcpSocket(_endpoint(row[1]), _endpoint(row[2]), row[9])


def listeners(port):
    """The pids of the processes that listen on a TCP port."""
    links = {"socket:[%s]" % item.inode for item in tcp_sockets(LISTENING) if item.local[1] == port}
    if not links:
        return set()
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return {pid for pid in pids if not links.isdisjoint(_descriptors(pid))}


def _endpoint(text):
    """The kernel prints an address as words of 32 bits in the byte order of the machine."""
    address, port = text.split(":")
    words = [int(address[start : start + 8], 16) for start in range(0, len(address), 8)]
    return b"".join(word.to_bytes(4, sys.byteorder) for word in words), int(port, 16)


def _descriptors(pid):
    """What the file descriptors of a process are links to."""
    try:
        names = os.listdir("/proc/%d/fd" % pid)
    except OSError:
        return
    for name in names:
        try:
            yield os.readlink("/proc/%d/fd/%s" % (pid, name))
        except OSError:
            continue
