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
import re
import time

from ...common import names
from ...common.errors import SlipwayError

DIRECTORY = "/var/log/nginx"
# At 400 bytes a line, this is a quarter of a million requests, which are read in two seconds.
MAX_BYTES = 100 << 20
_STEP = 1 << 20
# Lines of several workers may be in the log some seconds after a newer one.
_DISORDER = 5
_SERVER = re.compile(r"[0-9a-fA-F.:\[\]]{3,60}|unix:[!-~]{1,200}")


def requests(options: dict, stream) -> dict:
    """Release to its counts, in the last ``seconds`` of this host's clock; and by the server that answered.

    ``baseline``: count so many requests more, the last ones that are older than ``baseline_after`` seconds.
    """
    path = os.path.join(DIRECTORY, names.check_app(options["name"]) + ".access.log")
    if not os.path.exists(path):
        raise SlipwayError(
            "There is no access log %s: nginx does not serve %s here with slipway.golang.nginx_proxy, or "
            "access_log is off in slipway_proxy" % (path, options["name"])
        )
    now, wanted = time.time(), options.get("baseline") or 0
    begin, reached = now - options["seconds"], False
    older = min(begin, now - (options.get("baseline_after") or 0))
    recent, baseline = (_Counts(options.get("slow_after")) for dummy in range(2))
    log = _Log(path)
    for moment, entry in log.newest_first():
        if moment >= begin:
            recent.add(entry)
        elif moment < older and baseline.total < wanted:
            baseline.add(entry)
        reached = reached or moment < begin - _DISORDER
        if reached and baseline.total >= wanted:
            break
    if log.foreign and not log.lines:
        raise SlipwayError("No line of %s is one that the role nginx_proxy has nginx write" % path)
    return {
        "changed": False,
        "releases": recent.by_release(),
        "servers": recent.found,
        "baseline": baseline.found,
        "complete": log.complete or reached,
    }


class _Log:
    """A log and the one before it. ``complete``: whether there was not too much to read.

    ``lines``, ``foreign``: how many lines could be read, and could not.
    """

    def __init__(self, path):
        self._path = path
        self._left = MAX_BYTES
        self.complete = True
        self.lines = self.foreign = 0

    def newest_first(self):
        """Each line as its moment and its fields."""
        for path in (self._path, self._path + ".1"):
            if os.path.exists(path):
                for line in self._lines(path):
                    moment, entry = _parsed(line)
                    if moment is not None:
                        self.lines += 1
                        yield moment, entry
                    elif line:
                        self.foreign += 1

    def _lines(self, path):
        """The lines of a file from its end on, read in steps: a log may be large, and its end is enough."""
        with open(path, "rb") as handle:
            position, rest = handle.seek(0, os.SEEK_END), b""
            while position:
                size = min(_STEP, position)
                if size > self._left:
                    self.complete = False
                    return
                position -= size
                self._left -= size
                handle.seek(position)
                rest, *lines = (handle.read(size) + rest).split(b"\n")
                yield from reversed(lines)
        yield rest


class _Counts:
    """How requests were answered, by the release and the server that answered."""

    def __init__(self, slow_after):
        self._slow_after = slow_after
        self._of = {}
        self.total = 0

    def add(self, entry):
        self.total += 1
        key = _release_of(entry), _server_of(entry)
        counts = self._of.setdefault(key, {"requests": 0, "errors": 0, "slow": 0})
        counts["requests"] += 1
        if _number(entry.get("status")) >= 500:
            counts["errors"] += 1
        elif self._is_slow(entry):
            counts["slow"] += 1

    def _is_slow(self, entry):
        """A websocket, which is no slow answer, is in the log once it has ended."""
        if self._slow_after is None or entry.get("status") == "101":
            return False
        return _number(entry.get("request_time")) > self._slow_after

    @property
    def found(self):
        return [dict(of, release=release, server=server) for (release, server), of in self._of.items()]

    def by_release(self):
        sums = {}
        for (release, dummy), counts in self._of.items():
            found = sums.setdefault(release, dict.fromkeys(counts, 0))
            found.update({name: found[name] + count for name, count in counts.items()})
        return sums


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


def _server_of(entry):
    """The address of the last server that nginx asked; empty if it asked none."""
    server = str(entry.get("upstream") or "").replace(" : ", ", ").rpartition(", ")[2]
    return server if _SERVER.fullmatch(server) else ""


def _number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return 0.0
