# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit files on this host: verified by systemd first, then replaced in one step."""

from __future__ import annotations

import os
import re

from ...common.errors import SlipwayError
from ...common.unit.options import SINCE
from ..system import files
from . import systemctl

DIRECTORY = "/etc/systemd/system"
# `verify` also prints these lines, but the unit works: its binary comes with the release that is switched
# to later, and advice on old directives is no reason to refuse a deploy.
_HARMLESS = (
    r"Command \S.* is not executable: No such file or directory"
    r"|obsolete|legacy|deprecated|this is not safe|Command 'man .*' failed"
)
_UNKNOWN_KEY = r"Unknown (?:key name|key|lvalue) '([A-Za-z0-9]+)'"


def verify(texts: dict) -> None:
    """Let systemd verify unit files ({name: text}) that are not installed; raises with what it printed."""
    import tempfile  # here, as most deploys bring no new unit

    version = systemctl.version()
    argv = ["env", "LC_ALL=C", "SYSTEMD_COLORS=0", "SYSTEMD_LOG_LEVEL=notice", "SYSTEMD_LOG_LOCATION=0"]
    argv += ["systemd-analyze", "verify", "--man=no"]
    if version >= 250:
        argv.append("--recursive-errors=no")  # a unit that ours only names may have errors
    with tempfile.TemporaryDirectory(prefix="slipway-verify-") as directory:
        directory = os.path.realpath(directory)
        paths = [os.path.join(directory, name) for name in sorted(texts)]
        for path in paths:
            files.write_file(path, texts[os.path.basename(path)].encode("utf-8"), 0o644)
        answer = systemctl.run(argv + paths)
    about_ours = _about(texts, answer.stderr, directory)
    errors = [line for line in about_ours if not re.search(_HARMLESS, line) and not _too_new(line, version)]
    if errors:
        raise SlipwayError(
            "systemd refuses %s: %s" % (" and ".join(sorted(texts)), "; ".join(errors)),
            systemd=errors,
        )
    # The exit code of an older systemd also counts errors of units that ours only names.
    if answer.returncode == 127 or (answer.returncode and version >= 250 and not about_ours):
        output = answer.stderr.strip()[: systemctl.MAX_ERROR] or "it printed no reason"
        raise SlipwayError("systemd-analyze could not verify %s: %s" % (" and ".join(sorted(texts)), output))


def differences(texts: dict, directory: str = DIRECTORY) -> list:
    """The names of the unit files that are missing, or differ in text, owner or mode."""
    return [name for name in sorted(texts) if not _is_installed(name, texts[name], directory)]


def installed(name: str, directory: str = DIRECTORY) -> str:
    """The text of the unit file of that name; empty if there is none."""
    try:
        with open(os.path.join(directory, name), encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except FileNotFoundError:
        return ""


def exists(name: str, directory: str = DIRECTORY) -> bool:
    """Whether there is a unit file of that name, or a link."""
    return os.path.lexists(os.path.join(directory, name))


def install(texts: dict, directory: str = DIRECTORY) -> bool:
    """Install these unit files, each in one step; returns whether something changed."""
    changed = differences(texts, directory)
    for name in changed:
        refuse_masked(name, directory)
    for name in texts:
        path = os.path.join(directory, name)
        if name in changed:
            files.replace(path, texts[name].encode("utf-8"), 0o644)
        else:
            files.remove(files.beside_path(path))  # of a run that was killed
    return bool(changed)


def restore(path: str, content: bytes, mode: int, link: str | None) -> None:
    """Let a unit file be as it was, in one step; ``link``: where it led, if it was a link."""
    if link is None:
        files.replace(path, content, mode)
        return
    beside = files.beside_path(path)
    files.remove(beside)
    os.symlink(link, beside)
    os.rename(beside, path)
    files.sync_directory(os.path.dirname(path))


def remove(name: str, directory: str = DIRECTORY) -> bool:
    """Remove the unit file of that name; returns whether there was one. The administrator's drop-ins stay."""
    if not exists(name, directory):
        return False
    os.unlink(os.path.join(directory, name))
    files.sync_directory(directory)
    return True


def drop_ins_changed(name: str, directories: tuple = (DIRECTORY, "/run/systemd/system")) -> bool:
    """Whether there are drop-ins that systemd has not read yet, or that it has read and that are gone.

    NeedDaemonReload= says so too, but not if the drop-in's directory itself is new.
    """
    import glob  # here, as no deploy asks this

    answer = systemctl.run(["systemctl", "show", "--property=DropInPaths", name])
    known = set(answer.stdout.strip().partition("=")[2].split())
    present = set()
    for directory in directories:
        present.update(glob.glob(os.path.join(directory, glob.escape(name) + ".d", "*.conf")))
    return bool(present - known) or any(not os.path.exists(path) for path in known)


def daemon_reload() -> None:
    """Let systemd read the unit files again."""
    answer = systemctl.run(["systemctl", "daemon-reload"])
    if answer.returncode:
        raise SlipwayError(
            "systemctl daemon-reload failed: %s" % answer.stderr.strip()[: systemctl.MAX_ERROR]
        )


def _is_installed(name, text, directory):
    path = os.path.join(directory, name)
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return False
    is_ours = status.st_mode == 0o100644 and status.st_uid == os.geteuid()
    return is_ours and files.has_text(path, text)


def refuse_masked(name: str, directory: str = DIRECTORY) -> None:
    """Refuse a masked unit: the administrator decided that it must not start."""
    path = os.path.join(directory, name)
    if os.path.islink(path) and os.path.realpath(path) == "/dev/null":
        raise SlipwayError(
            "%s is masked on this host: run `systemctl unmask %s` first, if it is to run again" % (name, name)
        )


def _about(texts, stderr, directory):
    """The lines about these unit files, without the temporary directory."""
    names = "|".join(_name_or_instance(name) for name in texts)
    ours = re.compile("(?:%s/)?(?:%s):|.*Unit (?:%s) has" % (re.escape(directory), names, names))
    lines = [line for line in stderr.splitlines() if ours.match(line)]
    return [line.replace(directory + "/", "").strip() for line in lines]


def _name_or_instance(name):
    """A pattern of a unit's name. Of a template, `verify` loads an instance, and speaks of that one."""
    return re.escape(name).replace("@", r"@[\w-]*", 1)


def _too_new(line, version):
    """Whether the line is about a directive that this systemd is too old for. It is safe to ignore."""
    match = re.search(_UNKNOWN_KEY, line)
    return bool(match) and version < SINCE.get(match[1], 0)
