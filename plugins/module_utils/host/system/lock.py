# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One deploy of an app at a time: a flock, which ends with its process, and a note of who holds it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time

from ...common.errors import SlipwayError
from .clock import timestamp

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from typing import Iterator

POLL_SECONDS = 0.1
MAX_NOTE = 65536
_HELD = (
    "Another deploy holds %s: %s. Nothing was changed. Wait until it ends, or set "
    "rollout_lock_wait_seconds (option lock_wait)"
)


@contextlib.contextmanager
def held(path: str, note: dict, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock while the block runs.

    ``note`` says to those who have to wait who holds the lock: ``actor``, and ``to``, the release that is
    deployed.
    ``wait`` is in seconds.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.fchmod(descriptor, 0o600)  # whoever can read it can lock it, and block every deploy
        _acquire(descriptor, path, time.monotonic() + wait)
        _write_note(descriptor, dict(note, pid=os.getpid(), since=timestamp()))
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # the note is for others; what was done under the lock counts
                os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def refuse_held(path: str) -> None:
    """Raise if another process holds the lock now. Asks the kernel: to try the lock would be in the way."""
    try:
        with open(path, "rb") as handle, open("/proc/locks", encoding="ascii") as locks:
            inode = ":%d " % os.fstat(handle.fileno()).st_ino
            held_now = any(" FLOCK " in line and inode in line for line in locks)
            note = _read_note(handle.fileno())
    except OSError:
        return
    if held_now:
        raise SlipwayError(_HELD % (path, _describe(note)))


def _acquire(descriptor, path, deadline):
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise SlipwayError(_HELD % (path, _describe(_read_note(descriptor)))) from None
            time.sleep(POLL_SECONDS)


def _describe(note):
    if not note:
        return "holder unknown"
    return "%s, since %s, pid %s, deploying %s" % (
        note.get("actor") or "unknown",
        note.get("since"),
        note.get("pid"),
        note.get("to") or "?",
    )


def _write_note(descriptor, note):
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, (json.dumps(note, sort_keys=True) + "\n").encode("utf-8"), 0)


def _read_note(descriptor):
    try:
        note = json.loads(os.pread(descriptor, MAX_NOTE, 0).decode("utf-8"))
    except ValueError:
        return None
    return note if isinstance(note, dict) else None
