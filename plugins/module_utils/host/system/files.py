# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on disk: written whole, replaced, synced, removed."""

from __future__ import annotations

import os
import shutil


def write_file(path, data, mode):
    """A new file with exactly this content and mode, on disk before this returns."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as handle:
        handle.write(data)
        os.fchmod(handle.fileno(), mode)
        handle.flush()
        os.fsync(handle.fileno())


def replace(path, data, mode):
    """Create or replace a file atomically. A reader sees the old content or the new one, never a part.

    The new file is written under a hidden name first, which neither nginx, systemd nor certbot reads.
    """
    directory, name = os.path.split(path)
    new = os.path.join(directory, ".%s.slipway-new" % name)
    if os.path.lexists(new):
        os.unlink(new)
    write_file(new, data, mode)
    os.rename(new, path)
    sync_directory(directory)


def sync_directory(path):
    """Make renames and new names in a directory outlive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_text(path):
    with open(path, encoding="utf-8") as handle:
        return handle.read()


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
