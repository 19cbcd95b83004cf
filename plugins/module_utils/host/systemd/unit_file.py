# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit files on this host: proved by systemd first, then put in place whole."""

from __future__ import annotations

import glob
import os
import re
import tempfile

from ...common.errors import SlipwayError
from ...common.unit.options import SINCE
from ..system.files import read_text, sync_directory, write_file
from . import systemctl

DIRECTORY = "/etc/systemd/system"
# `verify` names our unit in these lines too, but the unit does its job: the binary comes with the release that is
# switched to later, and advice on old habits is no reason to refuse a deploy.
_HARMLESS = re.compile(
    r"Command \S.* is not executable: No such file or directory|obsolete|legacy|deprecated|this is not safe|Command 'man .*' failed"
)
_UNKNOWN_KEY = re.compile(r"Unknown (?:key name|key|lvalue) '([A-Za-z0-9]+)'")


def verify(texts):
    """Let systemd judge unit files ({name: text}) that are not installed; raises with its own words."""
    version = systemctl.version()
    argv = ["env", "LC_ALL=C", "SYSTEMD_COLORS=0", "SYSTEMD_LOG_LEVEL=notice", "SYSTEMD_LOG_LOCATION=0"]
    argv += ["systemd-analyze", "verify", "--man=no"]
    if version >= 250:
        argv.append("--recursive-errors=no")  # units that ours only names are not ours to judge
    with tempfile.TemporaryDirectory(prefix="slipway-verify-") as directory:
        directory = os.path.realpath(directory)
        paths = [os.path.join(directory, name) for name in sorted(texts)]
        for path in paths:
            write_file(path, texts[os.path.basename(path)].encode("utf-8"), 0o644)
        answer = systemctl.run(argv + paths)
    about_ours = _about(texts, answer.stderr, directory)
    complaints = [line for line in about_ours if not _HARMLESS.search(line) and not _too_new(line, version)]
    if complaints:
        raise SlipwayError(
            "systemd refuses %s: %s" % (" and ".join(sorted(texts)), "; ".join(complaints)),
            systemd=complaints,
        )
    # An older systemd also counts the errors of units that ours only names, so there its exit code says nothing.
    if answer.returncode == 127 or (answer.returncode and version >= 250 and not about_ours):
        words = answer.stderr.strip()[:1000] or "no word of explanation"
        raise SlipwayError("systemd-analyze could not verify %s: %s" % (" and ".join(sorted(texts)), words))


def differences(texts, directory=DIRECTORY):
    """The names of the unit files that are not there as they shall be."""
    return [name for name in sorted(texts) if not _as_wanted(os.path.join(directory, name), texts[name])]


def installed(name, directory=DIRECTORY):
    """The text of a unit file of that name; empty where there is none."""
    try:
        with open(os.path.join(directory, name), encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except FileNotFoundError:
        return ""


def exists(name, directory=DIRECTORY):
    """Whether there is a unit file of that name, a link included."""
    return os.path.lexists(os.path.join(directory, name))


def install(texts, directory=DIRECTORY):
    """Have these unit files; returns whether something changed. Whoever reads sees the old file or the new one."""
    changed = differences(texts, directory)
    for name in changed:
        refuse_masked(name, directory)
    for name in texts:
        beside = os.path.join(directory, ".%s.slipway-new" % name)
        if os.path.lexists(beside):  # of a run that was killed
            os.unlink(beside)
        if name in changed:
            write_file(beside, texts[name].encode("utf-8"), 0o644)
            os.rename(beside, os.path.join(directory, name))
    if changed:
        sync_directory(directory)
    return bool(changed)


def remove(name, directory=DIRECTORY):
    """Have no unit file of that name; returns whether there was one. Drop-ins are the administrator's and stay."""
    if not exists(name, directory):
        return False
    os.unlink(os.path.join(directory, name))
    sync_directory(directory)
    return True


def drop_ins_changed(name, directories=(DIRECTORY, "/run/systemd/system")):
    """Whether there are drop-ins that systemd has not read, or has read and are gone.

    NeedDaemonReload= says so too, but not where the drop-in's directory itself is new.
    """
    known = set(
        systemctl.run(["systemctl", "show", "--property=DropInPaths", name])
        .stdout.strip()
        .partition("=")[2]
        .split()
    )
    present = set()
    for directory in directories:
        present.update(glob.glob(os.path.join(directory, glob.escape(name) + ".d", "*.conf")))
    return bool(present - known) or any(not os.path.exists(path) for path in known)


def daemon_reload():
    """Let systemd read what changed."""
    answer = systemctl.run(["systemctl", "daemon-reload"])
    if answer.returncode:
        raise SlipwayError("systemctl daemon-reload failed: %s" % answer.stderr.strip()[:1000])


def _as_wanted(path, text):
    try:
        status = os.lstat(path)
        if status.st_mode != 0o100644 or status.st_uid != os.geteuid():
            return False
        return read_text(path) == text
    except (FileNotFoundError, UnicodeDecodeError):
        return False


def refuse_masked(name, directory):
    """Somebody wanted that this unit never starts: `systemctl mask` is not ours to undo."""
    path = os.path.join(directory, name)
    if os.path.islink(path) and os.path.realpath(path) == "/dev/null":
        raise SlipwayError(
            "%s is masked on this host: run `systemctl unmask %s` first, if it shall run again" % (name, name)
        )


def _about(texts, stderr, directory):
    """The lines that are about these unit files, without the temporary directory."""
    result = []
    for line in stderr.splitlines():
        if any(
            line.startswith(("%s/%s:" % (directory, name), name + ":")) or "Unit %s has" % name in line
            for name in texts
        ):
            result.append(line.replace(directory + "/", "").strip())
    return result


def _too_new(line, version):
    """A directive of ours that this systemd has yet to learn; it ignores the line, and that is known to be safe."""
    match = _UNKNOWN_KEY.search(line)
    return bool(match) and version < SINCE.get(match[1], 0)
