# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What /proc says about processes, TCP sockets and locks of files."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections import namedtuple

from ...common import canonical

# States of a TCP socket, as the kernel prints them in /proc/net/tcp.
ESTABLISHED = "01"
LISTENING = "0A"

# A lock of a file, as /proc/locks has it. ``waits``: for the one who has it; ``pid`` is 0 if nobody knows.
FileLock = namedtuple("FileLock", ("number", "waits", "exclusive", "pid", "inode"))
# A file that a process wants to lock, and ``pid`` has. ``blocked``: the kernel lets it wait.
AwaitedFile = namedtuple("AwaitedFile", ("path", "pid", "blocked"))

# ``local`` and ``remote`` are (address, port); the address is packed as by socket.inet_pton.
TcpSocket = namedtuple("TcpSocket", ("local", "remote", "inode"))


def exe_digest(pid):
    """SHA-256 of the file that a process runs, even if it was deleted; None if there is no such process."""
    try:
        return canonical.sha256_file("/proc/%d/exe" % pid)
    except OSError:
        return None


def runs(pid, path):
    """Whether a process runs the very file that is there now under this path."""
    try:
        return os.path.samefile("/proc/%d/exe" % pid, path)
    except OSError:
        return False


def command_of(pid):
    """A process's name for a message."""
    try:
        with open("/proc/%d/comm" % pid, encoding="utf-8", errors="replace") as handle:
            return handle.read().strip()
    except OSError:
        return "unknown"


def started(pid):
    """When a process started, in clock ticks since the boot: two with one number differ in it. 0 for none."""
    return _stat(pid, 19)


def parent(pid):
    """The process that a process is a child of; 0 for none."""
    return _stat(pid, 1)


def _stat(pid, place):
    """A number of those that follow a process's name: see proc(5). 0 if there is no such process."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as handle:
            return int(handle.read().rpartition(")")[2].split()[place])
    except (OSError, IndexError, ValueError):
        return 0


def environment(pid):
    """What a process was started with, as a dictionary; empty if nobody may know."""
    try:
        with open("/proc/%d/environ" % pid, encoding="utf-8", errors="replace") as handle:
            words = handle.read().split("\0")
    except OSError:
        return {}
    return dict(word.split("=", 1) for word in words if "=" in word)


def user_of(pid):
    """The number of the user that a process runs as; None if there is no such process."""
    try:
        return os.stat("/proc/%d" % pid).st_uid
    except OSError:
        return None


def cpu_seconds(pid):
    """The CPU time that a process has used, its own and the kernel's for it: clock_getcpuclockid(3).

    /proc/PID/stat has the same in hundredths of a second only.
    """
    return time.clock_gettime(~pid << 3 | 2)


def tcp_sockets(state, pid="self"):
    """All TCP sockets that are in a state, over IPv4 and IPv6, in the network that a process is in."""
    for table in ("tcp", "tcp6"):
        try:
            with open("/proc/%s/net/%s" % (pid, table), encoding="ascii") as handle:
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


def family(pid):
    """A process and all that it started, as far as they live."""
    found, left = [], [pid]
    while left:
        parent = left.pop()
        found.append(parent)
        for task in _listed("/proc/%d/task" % parent):
            try:
                with open("/proc/%d/task/%s/children" % (parent, task), encoding="ascii") as handle:
                    left += [int(child) for child in handle.read().split()]
            except OSError:  # it ended, or the kernel does not list children
                continue
    return found


def listening_ports(pids):
    """The TCP ports that these processes listen on."""
    links = {link for pid in pids for link in _descriptors(pid) if link.startswith("socket:")}
    if not links:
        return set()
    return {item.local[1] for item in tcp_sockets(LISTENING, pids[0]) if "socket:[%s]" % item.inode in links}


def awaited_file(pids):
    """A file that one of these processes has open while another process has locked it; None without one.

    Many programs try again and again instead of letting the kernel block them: those are not ``blocked``.
    """
    locks = file_locks()
    held = {lock.inode: lock for lock in locks if lock.exclusive and not lock.waits}
    mine = {lock.inode for lock in locks if lock.pid in pids and not lock.waits}
    for lock in locks:
        if lock.waits and lock.pid in pids:
            holder = next((item for item in locks if item.number == lock.number and not item.waits), lock)
            path = next((path for path, status in _files(lock.pid) if status.st_ino == lock.inode), "a file")
            return AwaitedFile(path, holder.pid, True)
    for pid in pids:
        for path, status in _files(pid):
            lock = held.get(status.st_ino)
            if lock and lock.pid > 0 and lock.pid not in pids and status.st_ino not in mine:
                theirs = (other for dummy, other in _files(lock.pid))
                if any(os.path.samestat(status, other) for other in theirs):
                    return AwaitedFile(path, lock.pid, False)
    return None


def file_locks():
    """All locks of files, held or waited for, that the kernel shows to this process."""
    try:
        with open("/proc/locks", encoding="ascii") as handle:
            rows = [line.split() for line in handle]
    except OSError:
        return []
    locks = []
    for number, *fields in rows:
        waits = fields[0] == "->"
        kind, mode, pid, inode = [fields[place + waits] for place in (0, 2, 3, 4)]
        if kind in ("FLOCK", "POSIX", "OFDLCK"):
            owner = max(int(pid), 0)
            locks.append(FileLock(number, waits, mode == "WRITE", owner, int(inode.rpartition(":")[2])))
    return locks


def _files(pid):
    """The regular files that a process has open: path and status."""
    for name in _listed("/proc/%d/fd" % pid):
        path = "/proc/%d/fd/%s" % (pid, name)
        try:
            status = os.stat(path)
            if stat.S_ISREG(status.st_mode):
                yield os.readlink(path), status
        except OSError:
            continue


def _listed(directory):
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _endpoint(text):
    """The kernel prints an address as words of 32 bits in the byte order of the machine."""
    address, port = text.split(":")
    words = [int(address[start : start + 8], 16) for start in range(0, len(address), 8)]
    return b"".join(word.to_bytes(4, sys.byteorder) for word in words), int(port, 16)


def _descriptors(pid):
    """What the file descriptors of a process are links to."""
    for name in _listed("/proc/%d/fd" % pid):
        try:
            yield os.readlink("/proc/%d/fd/%s" % (pid, name))
        except OSError:
            continue
