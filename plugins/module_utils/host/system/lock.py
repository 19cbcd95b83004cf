# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One deploy of an app at a time: a flock that dies with its owner, and a note of who holds it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time

from ...common.errors import SlipwayError
from .clock import timestamp


@contextlib.contextmanager
def held(path, note, wait=0.0):
    """Hold the lock while the block runs.

    ``note`` tells those whom we keep waiting who we are and what we do. ``wait`` is in seconds.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.fchmod(descriptor, 0o600)  # who may read it may hold it, and keep every deploy out
        _acquire(descriptor, path, time.monotonic() + wait)
        os.ftruncate(descriptor, 0)
        os.pwrite(
            descriptor,
            (json.dumps(dict(note, pid=os.getpid(), since=timestamp()), sort_keys=True) + "\n").encode(
                "utf-8"
            ),
            0,
        )
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # the note is for others; what was done under the lock counts
                os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _acquire(descriptor, path, deadline):
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise SlipwayError(
                    "Another deploy holds %s: %s. Nothing was changed. Wait for it, or set lock_wait to wait here"
                    % (path, _describe(_read(descriptor)))
                ) from None
            time.sleep(0.1)


def _describe(note):
    if not note:
        return "it does not say who it is"
    return "%s, since %s, pid %s, deploying %s" % (
        note.get("actor") or "unknown",
        note.get("since"),
        note.get("pid"),
        note.get("to") or "?",
    )


def _read(descriptor):
    try:
        note = json.loads(os.pread(descriptor, 65536, 0).decode("utf-8"))
    except ValueError:
        return None
    return note if isinstance(note, dict) else None
