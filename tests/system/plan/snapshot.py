# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs on a host: every path with its times, size, owner, mode and digest, and every process, as JSON."""

import hashlib
import json
import os
import stat

# What changes although nobody deploys, or because somebody logs in.
LEFT_OUT = {
    "/proc": "the kernel's",
    "/sys": "the kernel's",
    "/dev": "the kernel's; terminals of logins",
    "/run": "in memory: sessions of logins, and what systemd notes of its own units",
    "/var/log": "sshd, PAM and journald record each login",
}
# Of these only the times of the directory itself.
TIMES_LEFT_OUT = {"/tmp": "the directory of the unit to verify is made and removed here"}
# The connection of Ansible, and the login session that belongs to it.
OF_A_LOGIN = ("sshd", "sshd-session", "sshd-auth", "(sd-pam)", "systemd --user")


def files(top="/"):
    found = {}
    for directory, names, others in os.walk(top):
        names[:] = [name for name in names if os.path.join(directory, name) not in LEFT_OUT]
        for path in [directory, *(os.path.join(directory, name) for name in others)]:
            found[path] = described(path)
    return found


def described(path):
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    times = None if path in TIMES_LEFT_OUT else [status.st_mtime_ns, status.st_ctime_ns]
    size = 0 if stat.S_ISDIR(status.st_mode) else status.st_size
    return [status.st_mode, status.st_uid, status.st_gid, size, times, content(path, status.st_mode)]


def content(path, mode):
    if stat.S_ISLNK(mode):
        return os.readlink(path)
    if not stat.S_ISREG(mode):
        return ""
    with open(path, "rb") as handle:
        return hashlib.sha256(handle.read()).hexdigest()


def processes():
    """Process to its command and its start; without this one, and the shell that runs it."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as handle:
                command = handle.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
            with open("/proc/%s/stat" % pid, encoding="utf-8", errors="replace") as handle:
                name, rest = handle.read().partition("(")[2].rsplit(")", 1)
        except (FileNotFoundError, ProcessLookupError):
            continue
        of_a_login = name in OF_A_LOGIN or any(word in command for word in OF_A_LOGIN)
        if int(pid) not in (os.getpid(), os.getppid()) and not of_a_login:
            found[pid] = [command or name, rest.split()[19]]
    return found


if __name__ == "__main__":
    print(json.dumps({"files": files(), "processes": processes()}))
