# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files and directories: written so that a reader sees the old content or the new one; and where one is."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from typing import IO, Callable, Iterator

from ..common.errors import SlipwayError


def directory_with(name: str, below: str, is_there: Callable[[str], bool] = os.path.exists) -> str:
    """The nearest directory that has an entry of this name: ``below`` or one above it; "" for none."""
    directory = below
    while not is_there(os.path.join(directory, name)):
        parent = os.path.dirname(directory)
        if parent == directory:
            return ""
        directory = parent
    return directory


def write(path: str, content: bytes, mode: int = 0o644) -> bool:
    """Put bytes at a path in one step; returns whether the file changed."""
    try:
        with open(path, "rb") as handle:
            if handle.read() == content:
                return False
    except OSError:
        pass
    with replacing(path, mode) as handle:
        handle.write(content)
    return True


@contextlib.contextmanager
def locked(directory: str, check_mode: bool = False) -> Iterator[None]:
    """Keep other processes that lock this directory out of the block; in check mode do nothing."""
    if check_mode:
        yield
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def replacing(path: str, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """A new file that is moved to ``path`` when the block succeeds, and removed when it fails."""
    directory = os.path.dirname(path)
    try:
        os.makedirs(directory, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(prefix=".slipway-", dir=directory)
    except OSError as error:
        raise SlipwayError("Cannot write to %s: %s" % (directory, error.strerror)) from error
    try:
        with os.fdopen(descriptor, "wb") as handle:
            yield handle
        os.chmod(partial, mode)  # whatever the umask
        os.replace(partial, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        if isinstance(error, OSError):
            raise SlipwayError("Cannot write %s: %s" % (path, error.strerror)) from error
        raise
