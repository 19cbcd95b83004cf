# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on disk: written completely, synced, replaced, removed."""

from __future__ import annotations

import contextlib
import os


def write_file(path: str, data: bytes, mode: int) -> None:
    """Create a file with exactly this content and mode, on disk before this returns; it must not exist."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as handle:
        handle.write(data)
        os.fchmod(handle.fileno(), mode)
        handle.flush()
        os.fsync(handle.fileno())


def replace(path: str, data: bytes, mode: int) -> None:
    """Create or replace a file in one step, on disk before this returns.

    A reader, and a host after a power cut, sees the old file or the new one. A symbolic link is replaced, not
    followed.
    """
    beside = beside_path(path)
    remove(beside)  # of a run that was killed
    try:
        write_file(beside, data, mode)
        os.rename(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            remove(beside)
        raise
    sync_directory(os.path.dirname(path))


def beside_path(path: str) -> str:
    """Where ``replace`` writes first: a name that systemd, nginx and certbot pass over."""
    directory, name = os.path.split(path)
    return os.path.join(directory, ".%s.slipway-new" % name)


def sync_directory(path: str) -> None:
    """Make renames and new names in a directory survive a power cut."""
    _sync(path, os.O_DIRECTORY)


def sync_file(path: str) -> None:
    """Make a file's content survive a power cut."""
    _sync(path, os.O_NOFOLLOW)


def _sync(path, flag):
    descriptor = os.open(path, os.O_RDONLY | flag)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_bytes(path: str) -> bytes:
    with open(path, "rb") as handle:
        return handle.read()


def read_text(path: str) -> str:
    with open(path, encoding="utf-8") as handle:
        return handle.read()


def has_text(path: str, text: str) -> bool:
    """Whether there is a file with exactly this text."""
    try:
        return read_text(path) == text
    except (OSError, UnicodeDecodeError):
        return False


def remove(path: str) -> None:
    """Remove a file, a link or a whole directory, if it is there."""
    if os.path.isdir(path) and not os.path.islink(path):
        from shutil import rmtree  # here, as a plan removes nothing, and it imports every kind of archive

        rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
