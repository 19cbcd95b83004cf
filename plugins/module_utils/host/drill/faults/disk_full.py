# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file system of the service's state is full, but for one percent: a file of ours takes the rest."""

from __future__ import annotations

import errno
import os
import stat

from ....common.errors import SlipwayError
from ...systemd import systemctl

# Whatever the service is called, nothing of its own has this name.
NAME = ".slipway-drill"
STATE = "/var/lib"
PIECE = 1 << 20


def plan(live, options):
    found = systemctl.properties(live.unit, ("StateDirectory",))["StateDirectory"].split()
    if not found:
        raise SlipwayError(
            "%s has no state directory (slipway_unit.state_directory): there is nothing to fill" % live.unit
        )
    # A service with a user of its own making has a link there.
    directory = os.path.realpath(os.path.join(STATE, found[0]))
    path = os.path.join(directory, NAME)
    if os.path.lexists(path):
        raise SlipwayError("%s is there already: remove it" % path)
    size = _to_fill(directory)
    return {"path": path, "size": size, "does": "fills %s with %d MB" % (directory, size >> 20)}


def _to_fill(directory):
    """What is free for anybody, without one percent of the whole."""
    try:
        found = os.statvfs(directory)
    except OSError as error:
        raise SlipwayError("%s cannot be read: %s" % (directory, error.strerror)) from None
    size = (found.f_bavail - found.f_blocks // 100) * found.f_frsize
    if size <= 0:
        raise SlipwayError("the file system of %s is full already" % directory)
    return size


def begin(facts):
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(facts["path"], flags, 0o600), "wb") as handle:
        try:
            os.posix_fallocate(handle.fileno(), 0, facts["size"])
        except OSError as error:
            # Full before its time is full; any other reason is none to stop at.
            if error.errno != errno.ENOSPC:
                raise SlipwayError("%s cannot be filled: %s" % (facts["path"], error.strerror)) from None


def undo(facts):
    """The directory is the service's, which may have put something else there: only root's file is ours."""
    try:
        status = os.lstat(facts["path"])
    except FileNotFoundError:
        return
    if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid():
        os.unlink(facts["path"])
