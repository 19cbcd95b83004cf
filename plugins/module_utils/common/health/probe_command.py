# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One probe by a command: exit code 0 is health."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time

from .attempt import SHOWN, Attempt

KEPT = 4 * SHOWN  # bytes: a character has four at most
LOOK_AGAIN = 0.005


def probe(check, deadline):
    """Run the command to its end, or to the deadline: then it and all that it started are killed."""
    try:
        process = subprocess.Popen(
            check.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return Attempt(False, "%s could not be started: %s" % (check.target, error.strerror))
    with process.stdout:
        said = _listen(process, deadline)
    if said is None:
        _kill(process)
        return Attempt(False, "%s did not end within %g s" % (check.target, check.timeout))
    if process.returncode == 0:
        return Attempt(True)
    ended = (
        "exited with %d" % process.returncode
        if process.returncode > 0
        else "was ended by signal %d" % -process.returncode
    )
    said = said.decode("utf-8", "replace").strip()[-SHOWN:]
    return Attempt(False, "%s %s%s" % (check.target, ended, ": " + said if said else ""))


def _listen(process, deadline):
    """The last of what the command says, once it has ended; None where it has not by the deadline.

    That it ends is what counts, not that its output does: something that it leaves running may hold that open for good. And only
    the last is kept, as a command that goes mad can say a gigabyte in a second.
    """
    os.set_blocking(process.stdout.fileno(), False)
    said = b""
    while True:
        ended = process.poll() is not None  # asked before reading, so that its last words are not missed
        heard = _hear(process.stdout.fileno())
        said = (said + heard)[-KEPT:]
        if ended:
            return said
        if time.monotonic() >= deadline:
            return None
        if not heard:
            time.sleep(LOOK_AGAIN)


def _hear(descriptor):
    """What there is to read at this moment: at most what a pipe holds."""
    try:
        return os.read(descriptor, 1 << 16)
    except BlockingIOError:
        return b""


def _kill(process):
    with contextlib.suppress(
        OSError
    ):  # a command that became another user is not ours to kill, and not ours to wait for
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1)
