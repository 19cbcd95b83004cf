# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the requests of the last minutes were answered, by release: counted from nginx's access log.

The log of a site (``nginx/template.py``) names the release of each answer. A log that was rotated within
these minutes goes on in the file beside it, which logrotate compresses a day later only.
"""

from __future__ import annotations

import datetime
import json
import os
import time

from ...common import names
from ...common.errors import SlipwayError

DIRECTORY = "/var/log/nginx"
# At 400 bytes a line, this is a quarter of a million requests, which are read in two seconds.
MAX_BYTES = 100 << 20
_STEP = 1 << 20


def requests(options: dict, stream) -> dict:
    """Release to its counts, in the last ``seconds`` of this host's clock."""
    path = os.path.join(DIRECTORY, names.check_app(options["name"]) + ".access.log")
    if not os.path.exists(path):
        raise SlipwayError(
            "There is no access log %s: nginx does not serve %s here with slipway.golang.nginx_proxy, or "
            "access_log is off in slipway_proxy" % (path, options["name"])
        )
    begin = time.time() - options["seconds"]
    reader = _Reader(begin)
    counts = _counted(reader.lines(path), begin, options.get("slow_after"))
    return {"changed": False, "releases": counts, "complete": reader.complete}


class _Reader:
    """The lines since a moment, oldest first. ``complete``: whether there were not too many of them."""

    def __init__(self, begin):
        self._begin = begin
        self._left = MAX_BYTES
        self.complete = True

    def lines(self, path):
        """Of the log, and of the one before it if the log begins later."""
        newest, reached = self._read(path)
        older = []
        if not reached and self.complete and os.path.exists(path + ".1"):
            older, dummy = self._read(path + ".1")
        return older + newest

    def _read(self, path):
        """Lines from the end back to the moment, and whether the log goes back so far."""
        with open(path, "rb") as handle:
            position = handle.seek(0, os.SEEK_END)
            pieces, reached = [], False
            while position and not reached:
                size = min(_STEP, position)
                if size > self._left:
                    self.complete = False
                    break
                position -= size
                self._left -= size
                handle.seek(position)
                pieces.append(handle.read(size))
                first = [*pieces[-1].split(b"\n", 2), b""][1 if position else 0]  # of whole lines
                moment = _parsed(first)[0]
                reached = moment is not None and moment < self._begin
        lines = b"".join(reversed(pieces)).split(b"\n")
        return (lines[1:] if position else lines), reached


def _counted(lines, begin, slow_after):
    counts = {}
    for line in lines:
        moment, entry = _parsed(line)
        if moment is None or moment < begin:
            continue
        found = counts.setdefault(_release_of(entry), {"requests": 0, "errors": 0, "slow": 0})
        found["requests"] += 1
        if _number(entry.get("status")) >= 500:
            found["errors"] += 1
        elif slow_after is not None and _number(entry.get("request_time")) > slow_after:
            found["slow"] += 1
    return counts


def _parsed(line):
    """The moment of a line, and the line as a dictionary; None if it is no line of this log."""
    try:
        entry = json.loads(line.decode("utf-8", "replace"))
        return datetime.datetime.fromisoformat(entry["time"]).timestamp(), entry
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None, {}


def _release_of(entry):
    """What the service says of itself; empty if nginx answered, or the service names no release."""
    release = entry.get("release")
    known = isinstance(release, str) and (
        names.VERSION.fullmatch(release) or names.RELEASE_ID.fullmatch(release)
    )
    return release if known else ""


def _number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return 0.0
