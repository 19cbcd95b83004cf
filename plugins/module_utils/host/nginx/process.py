# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nginx that runs on this host: its version, whether it has loaded a configuration, its connections."""

from __future__ import annotations

import os
import re
import shutil
import socket
import time

from ...common.errors import SlipwayError
from ..system import procfs
from ..systemd import systemctl
from .template import Facts

UNIT = "nginx.service"
ERROR_LOG = "/var/log/nginx/error.log"
_SEVERE = re.compile(r"\[(?:emerg|alert)\] [0-9]+#[0-9]+: (.{,300})")
_SHUTTING_DOWN = "is shutting down"
_RELOAD_TIMEOUT = 10.0


def binary():
    """Path of nginx; None if it is not installed."""
    return shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def facts():
    """What a configuration depends on: the version of nginx, and whether the host has IPv6."""
    path = binary()
    version = re.search(r"nginx/([0-9]+(?:\.[0-9]+)*)", systemctl.run([path, "-v"]).stderr) if path else None
    known = {"version": tuple(int(part) for part in version[1].split("."))} if version else {}
    return Facts(ipv6=os.path.exists("/proc/net/if_inet6"), **known)


def is_active():
    return systemctl.show(UNIT)["ActiveState"] in ("active", "reloading")


def workers():
    """The pids of the workers that accept new requests."""
    return {pid for pid, title in _workers_of_master() if _SHUTTING_DOWN not in title}


def has_not_loaded(paths):
    """Whether a file, or its removal, is newer than the workers, as after an interrupted run."""
    started = [_started(pid) for pid in workers()]
    changed = [_changed(path) for path in paths]
    now = time.time()
    return bool(started) and any(max(started) < moment < now for moment in changed)


def _changed(path):
    """When a file changed; for one that was removed, when its directory changed."""
    existing = path if os.path.exists(path) else os.path.dirname(path)
    return os.stat(existing).st_ctime if os.path.exists(existing) else 0.0


def reload():
    """Reload or start nginx and wait until it serves what is on disk; raises with nginx's own error."""
    before, log_size = workers(), _size(ERROR_LOG)
    if not is_active():
        try:
            systemctl.start(UNIT, "start")
        except SlipwayError as error:
            raise SlipwayError("nginx did not start: %s" % (_severe_errors(log_size) or error)) from error
        return
    result = systemctl.run(["systemctl", "reload", UNIT])
    if result.returncode:
        reason = _severe_errors(log_size) or result.stderr.strip()[:1000]
        raise SlipwayError("nginx did not reload: %s" % reason)
    # A reload is only a signal. nginx has acted on it when new workers serve.
    deadline = time.monotonic() + _RELOAD_TIMEOUT
    while not _has_new_workers(before):
        if time.monotonic() > deadline:
            reason = _severe_errors(log_size) or "no reason in %s" % ERROR_LOG
            raise SlipwayError("nginx did not take the new configuration: %s" % reason)
        time.sleep(0.02)


def _has_new_workers(before):
    now = workers()
    return bool(now) and not now & before


def connections(address):
    """How many connections this host has to a server, nginx's or others; None if they cannot be counted."""
    if address.startswith("unix:"):
        return None
    host, _colon, port = address.rpartition(":")
    try:
        addresses = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except OSError:
        return None
    ends = {
        (socket.inet_pton(family, target[0]), int(port))
        for family, _type, _protocol, _name, target in addresses
    }
    return sum(item.remote in ends for item in procfs.tcp_sockets(procfs.ESTABLISHED))


def _workers_of_master():
    """The pid and the title of every worker of the master process."""
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
    """A number of /proc/<pid>/stat, counted as in proc(5); 0 if the process is gone."""
    try:
        with open("/proc/%s/stat" % pid, encoding="utf-8", errors="replace") as handle:
            return int(handle.read().rpartition(")")[2].split()[number - 3])
    except (OSError, IndexError, ValueError):
        return 0


def _started(pid):
    """When a process started, in seconds since the epoch."""
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - _field(pid, 22) / os.sysconf("SC_CLK_TCK")
    return time.time() - age


def _size(path):
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def _severe_errors(log_size):
    """The lines of levels emerg and alert in the error log since it had that size."""
    try:
        with open(ERROR_LOG, encoding="utf-8", errors="replace") as handle:
            handle.seek(log_size)
            lines = handle.read(65536).splitlines()
    except OSError:
        return ""
    severe = [_SEVERE.search(line) for line in lines]
    # Each only once: nginx tries to bind a port five times, and logs every failure.
    return "; ".join(dict.fromkeys(match[1] for match in severe if match))[:1000]
