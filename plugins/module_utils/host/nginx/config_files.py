# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files below /etc/nginx: read, compared, tested by nginx itself, and replaced atomically."""

from __future__ import annotations

import os
import re
import shutil
import tempfile

from ...common.errors import SlipwayError
from ..system import files as disk
from ..systemd import systemctl
from . import conflicts, process
from .template import DIRECTORY

# On standard error, or as a line of the log once that is open.
_ERROR_LINE = re.compile(
    r"^(?:nginx:|[0-9/]+ [0-9:]+) \[(?:emerg|alert|crit|error)\] (?:[0-9]+#[0-9]+: )?(.*)$", re.MULTILINE
)

# Pairs of a directory and the place where nginx is to see it, then nginx's own arguments.
_BIND = 'while [ $# -gt 2 ]; do mount --bind "$1" "$2" || exit; shift 2; done; exec "$@"'


OWNER = 0


class Link(str):
    """In place of a file's text: the target of a symbolic link."""


class InvalidConfiguration(SlipwayError):
    """nginx found an error in a configuration; ``error_line`` is what it says about it."""

    def __init__(self, error_line, output):
        super().__init__(error_line, nginx=output.strip().splitlines())
        self.error_line = error_line


def read(path):
    """The text of a file in any encoding; None if there is no such file."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as handle:
            return handle.read()
    except FileNotFoundError:
        return None


def displayable(text):
    """The text for a diff, which has to be UTF-8."""
    return (text or "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def make_directory(path):
    """A directory that nginx's workers can enter, even if root has a strict umask."""
    if not os.path.isdir(path):
        os.makedirs(path)
        os.chmod(path, 0o755)


def differences(files):
    """The paths of those files ({path: text, None for no file}) that are not on disk like this."""
    return [path for path in files if not _is_on_disk(path, files[path])]


def _is_on_disk(path, text):
    if text is None:
        return not os.path.lexists(path)
    if os.path.islink(path) or not os.path.isfile(path):
        return False
    status = os.lstat(path)
    return (status.st_mode & 0o7777, status.st_uid) == (0o644, OWNER) and read(path) == text


def install(files):
    """Write or remove these files, in this order; returns the files that undo it."""
    before = {path: Link(os.readlink(path)) if os.path.islink(path) else read(path) for path in files}
    for path in files:
        _install_file(path, files[path])
    return dict(reversed(list(before.items())))


def _install_file(path, text):
    directory = os.path.dirname(path)
    if text is None:
        if os.path.lexists(path):
            os.unlink(path)
            disk.sync_directory(directory)
        return
    make_directory(directory)
    if isinstance(text, Link):
        _install_link(path, text)
    else:
        disk.replace(path, text.encode("utf-8", "surrogateescape"), 0o644)


def _install_link(path, target):
    beside = disk.beside_path(path)
    disk.remove(beside)
    os.symlink(target, beside)
    os.rename(beside, path)
    disk.sync_directory(os.path.dirname(path))


def test_files(files):
    """Let nginx test its configuration with these files; raises InvalidConfiguration. Changes nothing.

    The candidates are copies of the files' directories, mounted over the real ones in a separate mount
    namespace, so that nginx reads them under their real paths and reports those.
    """
    with tempfile.TemporaryDirectory(prefix="slipway-nginx-", dir="/run") as scratch:
        mounts = []
        for directory in sorted({os.path.dirname(path) for path in files}):
            make_directory(directory)
            candidate, real = os.path.join(scratch, os.path.basename(directory)), os.path.realpath(directory)
            shutil.copytree(real, candidate, symlinks=True)
            mounts += [candidate, real]
        for path, text in files.items():
            _install_file(os.path.join(scratch, os.path.relpath(path, DIRECTORY)), text)
        in_namespace = ["unshare", "--mount", "--", "sh", "-c", _BIND, "sh", *mounts]
        configuration, warnings = _run_test(in_namespace + [process.binary(), "-T"])
    _check_names(configuration, warnings, files)
    for path, text in files.items():
        header = r"^# configuration file \S*/%s:$" % re.escape(os.path.basename(path))
        if text is not None and not re.search(header, configuration, re.MULTILINE):
            raise SlipwayError(
                "nginx does not read %s. Nothing was changed. "
                "Let nginx.conf include %s/conf.d/*.conf in its http block" % (path, DIRECTORY)
            )


def _check_names(configuration, warnings, files):
    """A name that two servers have is a warning for nginx. Here it is an error: one would get no request."""
    for name, line in conflicts.warned(warnings, files):
        paths = conflicts.others(configuration, name, files)
        raise SlipwayError(
            "%s is the name of another server already, in %s, and nginx would use only one of them; %s. "
            "nginx says: %s. Nothing was changed"
            % (
                name,
                " and ".join(paths) or "a file that nginx includes",
                conflicts.remedy(paths[0] if paths else ""),
                line,
            ),
            nginx=warnings.strip().splitlines(),
        )


def test_current():
    """Let nginx test its configuration as it is; raises InvalidConfiguration."""
    _run_test([process.binary(), "-t"])


def _run_test(argv):
    """Run nginx -t or -T; returns its standard output, and what it printed beside that."""
    result = systemctl.run(argv)
    error_line = _ERROR_LINE.search(result.stderr)
    if result.returncode and error_line:
        raise InvalidConfiguration(error_line[1], result.stderr)
    if result.returncode:
        reason = result.stderr.strip()[:500] or "exit status %d" % result.returncode
        raise SlipwayError(
            "nginx could not test the configuration: %s. Nothing was changed. "
            "The test needs a mount namespace, made by unshare of util-linux" % reason
        )
    return result.stdout, result.stderr
