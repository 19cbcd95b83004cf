# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of a service's pods, each with the release of its pod: the step ``logs``.

The cluster keeps them as long as a pod is there, and no longer.
"""

from __future__ import annotations

import calendar
import re
import time

from ...module_utils.common import log_line, log_query
from . import releases
from .state import State
from .verdict import HASH

MOST_PODS = 1000
_LINE = re.compile(
    r"\[pod/(?P<pod>[^/\]]+)/[^\]]*\] "
    r"(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?P<rest>\.\d+)?Z (?P<text>.*)"
)


def logs(kubectl, request: dict) -> dict:
    """The result of slipway.golang.logs."""
    now = time.time()
    query = Query(request, now)
    state = State(kubectl, request["object_name"])
    release_of = _releases_of_pods(kubectl, request["object_name"])
    wanted = {"current": state.current_id, "previous": getattr(state.previous, "id", None)}
    release = wanted.get(request.get("release"), request.get("release"))
    rows = query.rows(_printed(kubectl, request, query), release_of, release)
    known = [each.id for each in state.releases]
    is_known = release is None or any(release in (each, each.rpartition("-")[0]) for each in known)
    cut = len(rows) > request["lines"] and not request.get("after")
    rows = rows[-request["lines"] :] if cut else rows
    return {
        "packed": log_query.packed(rows),
        "releases": sorted({row[3] for row in rows} - {None}),
        "cursor": None,
        "older_left_out": cut,
        "lost": 0,
        "release_known": is_known,
        "known_releases": [] if is_known else known[-5:],
        "now": now,
        "begins": None,
        "volatile": False,
    }


class Query:
    """What is asked for; times are the controller's."""

    def __init__(self, request: dict, now: float):
        self.since = log_query.moment(request["since"], now)
        self.until = log_query.moment(request["until"], now) if request.get("until") else None
        self.after = bool(request.get("after"))
        self._level = request.get("level")
        self._pattern = log_query.compiled(request.get("grep"))

    def rows(self, printed: str, release_of: dict, release: str | None) -> list[list]:
        """``[microseconds, kind, level, release, text, extra]`` of each line, the oldest first."""
        found = (self._row(line, release_of) for line in printed.split("\n"))
        rows = [row for row in found if row and self._wants(row, release)]
        return sorted(rows, key=lambda row: row[0])

    def _row(self, line, release_of):
        match = _LINE.fullmatch(line)
        if not match:
            return None
        at = calendar.timegm(time.strptime(match["second"], "%Y-%m-%dT%H:%M:%S")) * 1000000
        at += int(float("0" + (match["rest"] or ".0")) * 1e6)
        text = match["text"][: log_query.LONGEST]
        fields = log_line.fields_of(text)
        release = release_of.get(match["pod"])
        return [at, "line", log_line.level_of(text, fields, None), release, text, match["pod"]]

    def _wants(self, row, release):
        at, _kind, level, own, text, _pod = row
        if at < self.since * 1e6 or (self.after and at == self.since * 1e6):
            return False
        if self.until is not None and at > self.until * 1e6:
            return False
        if self._level is not None and level is not None and level > self._level:
            return False
        if release is not None and (own is None or release not in (own, own.rpartition("-")[0])):
            return False
        return self._pattern is None or bool(self._pattern.search(text))


def _printed(kubectl, request, query):
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(query.since))
    flags = ["--since-time=" + since, "--tail=-1", "--timestamps", "--prefix", "--ignore-errors"]
    flags.append("--max-log-requests=%d" % MOST_PODS)
    selector = releases.selector(request["object_name"])
    return kubectl.call("logs", "-l", selector, "-c", request["object_name"], *flags)


def _releases_of_pods(kubectl, name):
    """Pod to the release that its ReplicaSet names."""
    found = kubectl.get("replicasets,pods", "-l", "app.kubernetes.io/name=" + name)
    of_hash = {
        item["metadata"]["labels"].get(HASH): (item["metadata"].get("annotations") or {}).get(
            releases.RELEASE
        )
        for item in found
        if item["kind"] == "ReplicaSet"
    }
    return {
        item["metadata"]["name"]: of_hash.get((item["metadata"].get("labels") or {}).get(HASH))
        for item in found
        if item["kind"] == "Pod"
    }
