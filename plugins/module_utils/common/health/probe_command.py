# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One probe by a command: exit code 0 means healthy."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time

from .attempt import SHOWN, Attempt
from .options import Check

KEPT = 4 * SHOWN  # bytes: a character has four at most
POLL_SECONDS = 0.005


def probe(check: Check, deadline: float) -> Attempt:
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
    with process.stdout as pipe:  # type: ignore[union-attr]  # there is one, as it was asked for
        output = _output_until_exit(process, pipe.fileno(), deadline)
    if output is None:
        _kill(process)
        return Attempt(False, "%s did not end within %g s" % (check.target, check.timeout))
    if process.returncode == 0:
        return Attempt(True)
    ended = (
        "exited with %d" % process.returncode
        if process.returncode > 0
        else "was ended by signal %d" % -process.returncode
    )
    shown = output.decode("utf-8", "replace").strip()[-SHOWN:]
    return Attempt(False, "%s %s%s" % (check.target, ended, ": " + shown if shown else ""))


def _output_until_exit(process: subprocess.Popen[bytes], descriptor: int, deadline: float) -> bytes | None:
    """The end of the command's output, once it has exited; None where it has not by the deadline.

    It waits for the exit, not for the end of the output: a process that the command leaves running may hold
    the output open. Only the end is kept, as a command may print a gigabyte in a second.
    """
    os.set_blocking(descriptor, False)
    output = b""
    while True:
        exited = process.poll() is not None  # asked before reading, so that the last output is not missed
        chunk = _read_available(descriptor)
        output = (output + chunk)[-KEPT:]
        if exited:
            return output
        if time.monotonic() >= deadline:
            return None
        if not chunk:
            time.sleep(POLL_SECONDS)


def _read_available(descriptor: int) -> bytes:
    """What there is to read now: at most what a pipe holds."""
    try:
        return os.read(descriptor, 1 << 16)
    except BlockingIOError:
        return b""


def _kill(process: subprocess.Popen[bytes]) -> None:
    # A command that changed its user may not be ours to kill, and then there is no use in waiting for it.
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1)
