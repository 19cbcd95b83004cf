# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files below /etc/nginx: tried by nginx itself before they replace those in use, then put in place whole."""

from __future__ import annotations

import os
import re
import shutil
import tempfile

from ...common.errors import SlipwayError
from .. import systemd
from ..layout import sync_directory, write_file
from . import server
from .site import DIRECTORY

DEFAULT_SITE = DIRECTORY + "/sites-enabled/default"
_LISTEN = re.compile(r"^[^#\n]*?\blisten\s+([^;#]+);", re.MULTILINE)
# On its standard error, or as a line of the log once that is open.
_COMPLAINT = re.compile(r"^(?:nginx:|[0-9/]+ [0-9:]+) \[(?:emerg|alert|crit|error)\] (?:[0-9]+#[0-9]+: )?(.*)$", re.MULTILINE)


class Link(str):
    """In place of a file's text: a symbolic link to there."""


class Refused(SlipwayError):
    """nginx found a fault in a configuration; ``complaint`` is its own line."""

    def __init__(self, complaint, everything):
        super().__init__(complaint, nginx=everything.strip().splitlines())
        self.complaint = complaint


def read(path):
    """The text of a file, whoever wrote it and however; None where there is none."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as handle:
            return handle.read()
    except FileNotFoundError:
        return None


def differences(files):
    """The paths of those files ({path: text, None for no file}) that are not there as they shall be."""
    return [path for path in files if not _is_as_wanted(path, files[path])]


def _is_as_wanted(path, text):
    if text is None:
        return not os.path.lexists(path)
    if os.path.islink(path) or not os.path.isfile(path):
        return False
    status = os.lstat(path)
    return (status.st_mode & 0o7777, status.st_uid) == (0o644, 0) and read(path) == text


def install(files):
    """Have these files, in this order; returns what takes it back. Whoever reads sees an old file or a new one."""
    before = {path: Link(os.readlink(path)) if os.path.islink(path) else read(path) for path in files}
    for path in files:
        _place(path, files[path])
    return dict(reversed(list(before.items())))


def _place(path, text):
    directory = os.path.dirname(path)
    if text is None:
        if os.path.lexists(path):
            os.unlink(path)
            sync_directory(directory)
        return
    os.makedirs(directory, mode=0o755, exist_ok=True)
    beside = os.path.join(directory, ".%s.slipway-new" % os.path.basename(path))  # no name that nginx includes
    if os.path.lexists(beside):
        os.unlink(beside)
    if isinstance(text, Link):
        os.symlink(text, beside)
    else:
        write_file(beside, text.encode("utf-8"), 0o644)
    os.rename(beside, path)
    sync_directory(directory)


def try_out(files):
    """Let nginx judge its configuration as it would be with these files; raises Refused. Nothing in use is touched.

    The candidate is a copy of /etc/nginx in a mount namespace of its own, so that nginx sees it, and names it, under its real path.
    """
    root = os.path.realpath(DIRECTORY)
    with tempfile.TemporaryDirectory(prefix="slipway-nginx-", dir="/run") as scratch:
        candidate = os.path.join(scratch, "nginx")
        shutil.copytree(root, candidate, symlinks=True)
        for path, text in files.items():
            _place(candidate + path[len(DIRECTORY) :], text)
        _judge(["unshare", "--mount", "--", "sh", "-c", 'mount --bind "$1" "$2" && exec "$3" -t', "sh", candidate, root, server.binary()])


def try_current():
    """Let nginx judge its configuration as it is; raises Refused."""
    _judge([server.binary(), "-t"])


def _judge(argv):
    answer = systemd.run(argv)
    if answer.returncode:
        found = _COMPLAINT.search(answer.stderr)
        raise Refused(found[1] if found else answer.stderr.strip()[:500] or "exit code %d" % answer.returncode, answer.stderr)


# --- what others wrote ----------------------------------------------------------------------------------------------


def default_ports(files, ours):
    """The ports that have a default server in a file that is not ``ours``, with ``files`` in place."""
    return {port for _path, port, is_default in _listens(files, skip=ours) if is_default}


def default_files(files, ours):
    """The files that have one."""
    return sorted({path for path, _port, is_default in _listens(files, skip=ours) if is_default})


def listens_on(port, files, ours):
    return any(found == port for _path, found, _default in _listens(files, skip=ours))


def _listens(files, skip):
    """(path, port, whether it is the default server) of every listen directive."""
    for path in sorted(set(_included()) | set(files)):
        text = files[path] if path in files else read(path)
        if path == skip or text is None:
            continue
        for match in _LISTEN.finditer(text):
            address, *options = match[1].split()
            port = address.rpartition(":")[2] if not address.startswith("unix:") else ""
            yield path, int(port) if port.isdigit() else 80, "default_server" in options


def _included():
    for directory in ("conf.d", "sites-enabled"):
        folder = os.path.join(DIRECTORY, directory)
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            path = os.path.join(folder, name)
            if os.path.isfile(path) and (directory != "conf.d" or name.endswith(".conf")):
                yield path


def directs(directive, files, ours):
    """Whether a file that is not ``ours`` has this directive for all of HTTP."""
    pattern = re.compile(r"^\s*%s\s" % directive, re.MULTILINE)
    others = [path for path in [DIRECTORY + "/nginx.conf", *_included()] if path != ours and path not in files]
    return any(pattern.search(read(path) or "") for path in others)


def mentioning(word, files):
    """The files that have this word, with ``files`` in place."""
    return [path for path in sorted(set(_included()) | set(files)) if word in ((files[path] if path in files else read(path)) or "")]


def has_pristine_default_site():
    """Whether the distribution's welcome page is switched on, and nobody has edited it."""
    if not os.path.islink(DEFAULT_SITE):
        return False
    target = os.path.realpath(DEFAULT_SITE)
    if target != DIRECTORY + "/sites-available/default" or not os.path.isfile(target) or not shutil.which("dpkg"):
        return False
    return target not in systemd.run(["dpkg", "--verify", "nginx-common"]).stdout
