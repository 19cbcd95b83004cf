# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nginx that runs on this host: what it is, whether it took a new configuration, and whom it talks to."""

from __future__ import annotations

import os
import re
import shutil
import socket
import time

from ...common.errors import SlipwayError
from ..systemd import systemctl
from .template import Facts

UNIT = "nginx.service"
ERROR_LOG = "/var/log/nginx/error.log"
_GRAVE = re.compile(r"\[(?:emerg|alert)\] [0-9]+#[0-9]+: (.{,300})")
_SHUTTING_DOWN = "is shutting down"
_PATIENCE = 10.0


def binary():
    """Path of nginx, or None where it is not installed."""
    return shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def facts():
    """What a configuration has to be made for."""
    found = binary()
    version = (
        re.search(r"nginx/([0-9]+(?:\.[0-9]+)*)", systemctl.run([found, "-v"]).stderr) if found else None
    )
    known = {"version": tuple(int(part) for part in version[1].split("."))} if version else {}
    return Facts(ipv6=os.path.exists("/proc/net/if_inet6"), **known)


def is_active():
    return systemctl.show(UNIT)["ActiveState"] in ("active", "reloading")


def workers():
    """The processes that take new requests."""
    return {pid for pid, title in _children() if _SHUTTING_DOWN not in title}


def is_behind(paths):
    """Whether a file, or its end, is newer than the workers: then nginx never heard of it, as when a run was cut off in between."""
    started = [_started(pid) for pid in workers()]
    changed = [_changed(path) for path in paths]
    now = time.time()
    return bool(started) and any(max(started) < moment < now for moment in changed)


def _changed(path):
    """When a file changed; of one that was removed, its directory knows."""
    there = path if os.path.exists(path) else os.path.dirname(path)
    return os.stat(there).st_ctime if os.path.exists(there) else 0.0


def reload():
    """Have nginx serve what is on disk; raises with nginx's own words where it does not."""
    before, written = workers(), _size(ERROR_LOG)
    if not is_active():
        try:
            systemctl.start(UNIT, "start")
        except SlipwayError as error:
            raise SlipwayError("nginx did not start: %s" % (_complaints(written) or error)) from error
        return
    answer = systemctl.run(["systemctl", "reload", UNIT])
    if answer.returncode:
        raise SlipwayError(
            "nginx did not reload: %s" % (_complaints(written) or answer.stderr.strip()[:1000])
        )
    # A reload is only a signal. It was heard when new workers serve.
    deadline = time.monotonic() + _PATIENCE
    while not _renewed(before):
        if time.monotonic() > deadline:
            raise SlipwayError(
                "nginx did not take the new configuration: %s"
                % (_complaints(written) or "it says nothing in %s" % ERROR_LOG)
            )
        time.sleep(0.02)


def _renewed(before):
    now = workers()
    return bool(now) and not now & before


def connections(address):
    """How many connections nginx, or anybody else on this host, has to a server; None where that cannot be counted."""
    if address.startswith("unix:"):
        return None
    host, _colon, port = address.rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except OSError:
        return None
    wanted = {
        (socket.inet_pton(family, target[0]), int(port)) for family, _type, _protocol, _name, target in found
    }
    return sum(remote in wanted for table in ("tcp", "tcp6") for remote in _established(table))


def _established(table):
    """The far ends of the established connections in /proc/net/tcp or tcp6."""
    try:
        with open("/proc/net/" + table, encoding="ascii") as handle:
            rows = [line.split() for line in handle.readlines()[1:]]
    except FileNotFoundError:
        return
    for row in rows:
        if row[3] == "01":
            address, port = row[2].split(":")
            words = [bytes.fromhex(address[start : start + 8])[::-1] for start in range(0, len(address), 8)]
            yield b"".join(words), int(port, 16)


def _children():
    """The pid and the title of every child of the master."""
    master = systemctl.show(UNIT)["MainPID"]
    for pid in os.listdir("/proc") if master else ():
        if pid.isdigit() and _field(pid, 4) == master:
            try:
                with open("/proc/%s/cmdline" % pid, encoding="utf-8", errors="replace") as handle:
                    title = handle.read()
            except OSError:
                continue
            if "worker" in title:
                yield int(pid), title


def _field(pid, number):
    """A number of /proc/<pid>/stat, counted as in proc(5); 0 where the process is gone."""
    try:
        with open("/proc/%s/stat" % pid, encoding="utf-8", errors="replace") as handle:
            return int(handle.read().rpartition(")")[2].split()[number - 3])
    except (OSError, IndexError, ValueError):
        return 0


def _started(pid):
    """When a process began, in seconds since the epoch."""
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - _field(pid, 22) / os.sysconf("SC_CLK_TCK")
    return time.time() - age


def _size(path):
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def _complaints(written):
    """What nginx has put into its error log since it had that size, the grave lines only."""
    try:
        with open(ERROR_LOG, encoding="utf-8", errors="replace") as handle:
            handle.seek(written)
            lines = handle.read(65536).splitlines()
    except OSError:
        return ""
    told = [_GRAVE.search(line) for line in lines]
    return "; ".join(dict.fromkeys(match[1] for match in told if match))[
        :1000
    ]  # nginx tries a port five times, and says so
