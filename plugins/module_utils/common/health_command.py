# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One probe by a command: exit code 0 is health."""

from __future__ import annotations

import os
import signal
import subprocess
import time

from .health import Attempt

SHOWN = 300


def probe(check, deadline):
    """Run the command to its end, or to the deadline: then it and all that it started are killed."""
    try:
        process = subprocess.Popen(check.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    except OSError as error:
        return Attempt(False, "%s could not be started: %s" % (check.target, error.strerror))
    with process:
        try:
            output, dummy = process.communicate(timeout=max(deadline - time.monotonic(), 0.001))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return Attempt(False, "%s did not end within %g s" % (check.target, check.timeout))
    if process.returncode:
        said = output.decode("utf-8", "replace").strip()[-SHOWN:]
        return Attempt(False, "%s exited with %d%s" % (check.target, process.returncode, ": " + said if said else ""))
    return Attempt(True)
