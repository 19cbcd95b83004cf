# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Transient units: processes beside the live service that have its sandbox, user and environment."""

from __future__ import annotations

import os
import selectors
import subprocess
import time

from ...common.errors import SlipwayError
from . import systemctl

# Where systemd keeps the text of a transient unit for as long as it has the unit.
DIRECTORY = "/run/systemd/transient"
CHUNK = 65536
# systemd ends the unit when its time is over; this long after that, it is stopped from here.
GRACE_SECONDS = 10


def argv(unit_name: str, description: str, settings: list, command: list, options: tuple = ()) -> list:
    """The command line of systemd-run. ``settings``: KEY=value; ``command``: a binary and its arguments.

    systemd-run expands variables in the arguments, but no specifiers: a dollar sign has to be doubled.
    """
    start = ["systemd-run", "--quiet", "--collect", "--unit=" + unit_name, "--description=" + description]
    return [*start, *options, *("--property=" + value for value in settings), "--", *command]


def is_there(unit_name: str) -> bool:
    """Whether systemd still has a transient unit of that name."""
    return os.path.exists(os.path.join(DIRECTORY, unit_name))


class Ended:
    """How a command ended: its exit status, the end of its output, and whether its time was over."""

    def __init__(self, code: int, stdout: bytes, stderr: bytes, timed_out: bool, cut: bool):
        self.code = code
        self.stdout = stdout.decode("utf-8", "replace")
        self.stderr = stderr.decode("utf-8", "replace")
        self.timed_out = timed_out
        self.cut = cut


def run(unit_name: str, start: list, seconds: float, stop_seconds: float, keep: int) -> Ended:
    """Run a command line of ``argv`` to its end, and keep the last ``keep`` bytes of each output.

    It may take ``seconds`` until systemd ends it, and then ``stop_seconds`` until systemd kills it. So it
    also ends where nobody waits for it any more.
    """
    limits = ("RuntimeMaxSec=%s" % seconds, "TimeoutStopSec=%s" % stop_seconds)
    place = start.index("--")
    line = start[:place] + ["--wait", "--pipe", *("--property=" + value for value in limits)] + start[place:]
    begun = time.monotonic()
    try:
        process = subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except FileNotFoundError:
        raise SlipwayError(
            "There is no command %s on this host: Slipway needs systemd and its tools" % line[0]
        ) from None
    with process:
        tails = [_Tail(process.stdout, keep), _Tail(process.stderr, keep)]
        if not _read(tails, begun + seconds + stop_seconds + GRACE_SECONDS):
            systemctl.stop(unit_name)
            if not _read(tails, time.monotonic() + GRACE_SECONDS):
                process.kill()
    timed_out = time.monotonic() - begun >= seconds and process.returncode != 0
    stdout, stderr = (tail.kept for tail in tails)
    return Ended(process.returncode, stdout, stderr, timed_out, any(tail.cut for tail in tails))


class _Tail:
    """The last bytes that a pipe has brought."""

    def __init__(self, pipe, keep):
        self.pipe = pipe
        self.kept = b""
        self.cut = False
        self.ended = False
        self._keep = keep

    def read(self):
        piece = os.read(self.pipe.fileno(), CHUNK)
        self.ended = not piece
        self.kept += piece
        if len(self.kept) > self._keep:
            self.kept, self.cut = self.kept[-self._keep :], True


def _read(tails, deadline):
    """Read until all pipes have ended; False if that is not before the deadline."""
    with selectors.DefaultSelector() as selector:
        for tail in tails:
            if not tail.ended:
                selector.register(tail.pipe, selectors.EVENT_READ, tail)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for key, dummy in selector.select(left):
                key.data.read()
                if key.data.ended:
                    selector.unregister(key.fileobj)
    return True
