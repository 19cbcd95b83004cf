# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration files of a release: only root may change them, only the service's group reads them."""

from __future__ import annotations

import os

from ...common import placeholders
from ..system.files import read_bytes, remove, sync_directory, write_file


def write(directory: str, files: dict, port: int | None, gid: int, final: str | None = None) -> None:
    """Make the directory with these files (path to text), `{port}` and `{config}` filled in.

    It must not exist. ``final``: the path that it will have, if it is renamed.
    """
    made = [directory]
    _make(directory, gid)
    for path in sorted(files):
        parent = directory
        for segment in path.split("/")[:-1]:
            parent = os.path.join(parent, segment)
            if parent not in made:
                made.append(parent)
                _make(parent, gid)
        place = os.path.join(directory, path)
        write_file(place, _filled(files[path], port, final or directory), 0o640)
        os.chown(place, -1, gid)
    for parent in reversed(made):
        sync_directory(parent)


def replace(directory: str, files: dict, port: int | None, gid: int) -> None:
    """The same in place of a directory that nothing uses; without files there is none afterwards."""
    beside = directory + ".new"
    remove(beside)
    if files:
        write(beside, files, port, gid, final=directory)
    remove(directory)
    if files:
        os.rename(beside, directory)
    sync_directory(os.path.dirname(directory))


def intact(directory: str, files: dict, port: int | None) -> bool:
    """Whether the directory has what ``write`` put there."""
    return all(
        read_bytes(os.path.join(directory, path)) == _filled(files[path], port, directory) for path in files
    )


def _make(directory, gid):
    os.mkdir(directory, 0o750)
    os.chown(directory, -1, gid)
    os.chmod(directory, 0o750)


def _filled(text, port, directory):
    port_text = "" if port is None else str(port)
    return placeholders.fill(text, port=port_text, config=directory).encode("utf-8")
