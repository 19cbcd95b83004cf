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
from ..system.files import sync_directory, write_file
from ..systemd import systemctl
from . import process
from .template import DIRECTORY

DEFAULT_SITE = DIRECTORY + "/sites-enabled/default"
_COMMENT = re.compile(r"(?<!\S)#.*")
_LISTEN = re.compile(r"(?<![^\s;{}])listen\s+([^\s;][^;]*);")
_PORT = re.compile(r"[0-9]{1,5}")
# On its standard error, or as a line of the log once that is open.
_COMPLAINT = re.compile(
    r"^(?:nginx:|[0-9/]+ [0-9:]+) \[(?:emerg|alert|crit|error)\] (?:[0-9]+#[0-9]+: )?(.*)$", re.MULTILINE
)


# Pairs of a directory and the place where nginx shall see it, then nginx's own arguments.
_BIND = 'while [ $# -gt 2 ]; do mount --bind "$1" "$2" || exit; shift 2; done; exec "$@"'


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


def shown(text):
    """The text for a diff, which knows UTF-8 only."""
    return (text or "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def make_directory(path):
    """A directory that nginx's workers can enter, whatever umask root has."""
    if not os.path.isdir(path):
        os.makedirs(path)
        os.chmod(path, 0o755)


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
    make_directory(directory)
    beside = os.path.join(
        directory, ".%s.slipway-new" % os.path.basename(path)
    )  # no name that nginx includes
    if os.path.lexists(beside):
        os.unlink(beside)
    if isinstance(text, Link):
        os.symlink(text, beside)
    else:
        write_file(beside, text.encode("utf-8", "surrogateescape"), 0o644)
    os.rename(beside, path)
    sync_directory(directory)


def try_out(files):
    """Let nginx judge its configuration as it would be with these files; raises Refused. Nothing in use is touched.

    The candidates are copies of the files' directories in a mount namespace of its own, so that nginx sees them, and names them, under
    their real paths.
    """
    with tempfile.TemporaryDirectory(prefix="slipway-nginx-", dir="/run") as scratch:
        mounts = []
        for directory in sorted({os.path.dirname(path) for path in files}):
            make_directory(directory)
            candidate, real = os.path.join(scratch, os.path.basename(directory)), os.path.realpath(directory)
            shutil.copytree(real, candidate, symlinks=True)
            mounts += [candidate, real]
        for path, text in files.items():
            _place(os.path.join(scratch, os.path.relpath(path, DIRECTORY)), text)
        included = _judge(
            ["unshare", "--mount", "--", "sh", "-c", _BIND, "sh", *mounts, process.binary(), "-T"]
        )
    for path, text in files.items():
        if text is not None and not re.search(
            r"^# configuration file \S*/%s:$" % re.escape(os.path.basename(path)), included, re.MULTILINE
        ):
            raise SlipwayError(
                "nginx does not read %s: have nginx.conf include %s/conf.d/*.conf in its block http. Nothing was changed"
                % (path, DIRECTORY)
            )


def try_current():
    """Let nginx judge its configuration as it is; raises Refused."""
    _judge([process.binary(), "-t"])


def _judge(argv):
    """All that nginx says to that on its standard output."""
    answer = systemctl.run(argv)
    found = _COMPLAINT.search(answer.stderr)
    if answer.returncode and found:
        raise Refused(found[1], answer.stderr)
    if answer.returncode:
        why = answer.stderr.strip()[:500] or "exit code %d" % answer.returncode
        raise SlipwayError(
            "nginx could not try the configuration, which needs a mount namespace (%s). Nothing was changed"
            % why
        )
    return answer.stdout


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
        for match in _LISTEN.finditer(_COMMENT.sub("", text)):
            address, *options = match[1].split()
            port = address.rpartition(":")[2] if not address.startswith("unix:") else ""
            yield path, int(port) if _PORT.fullmatch(port) else 80, "default_server" in options


def _included():
    """nginx.conf, and what distributions have it include."""
    if os.path.isfile(DIRECTORY + "/nginx.conf"):
        yield DIRECTORY + "/nginx.conf"
    for directory in ("conf.d", "sites-enabled"):
        folder = os.path.join(DIRECTORY, directory)
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            path = os.path.join(folder, name)
            if os.path.isfile(path) and (directory != "conf.d" or name.endswith(".conf")):
                yield path


def directs(directive, files, ours):
    """Whether a file that is not ``ours`` has this directive for all of HTTP."""
    pattern = re.compile(r"^\s*%s\s" % directive, re.MULTILINE)
    others = [path for path in _included() if path != ours and path not in files]
    return any(pattern.search(read(path) or "") for path in others)


def mentioning(word, files):
    """The files that have this word, with ``files`` in place."""
    return [
        path
        for path in sorted(set(_included()) | set(files))
        if word in ((files[path] if path in files else read(path)) or "")
    ]


def has_pristine_default_site():
    """Whether the distribution's welcome page is switched on, and nobody has edited it."""
    if not os.path.islink(DEFAULT_SITE):
        return False
    target = os.path.realpath(DEFAULT_SITE)
    if (
        target != DIRECTORY + "/sites-available/default"
        or not os.path.isfile(target)
        or not shutil.which("dpkg")
    ):
        return False
    answer = systemctl.run(
        ["dpkg", "--verify", "nginx-common"]
    )  # which fails where nginx comes from elsewhere
    return answer.returncode == 0 and target not in answer.stdout
