# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a service logged on this host, with the release of each line, and its deploys: the step ``logs``.

Without a cursor the journal is read from its newest entry backwards, so that no more is read than is asked
for. The first lines of a process come last then: what it runs is known by that time.
"""

from __future__ import annotations

import os
import time

from ...common import log_line, log_query, strategies
from ...common.errors import SlipwayError
from ..releases.history import History
from ..releases.layout import Layout
from ..system import account
from ..systemd import journal, systemctl
from .line_release import Acts, Releases, version_of

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from typing import BinaryIO

MOST_CHARACTERS = 32 << 20
LONGEST_REASON = 300
# Kinds of rows: what the service wrote, what others wrote about its units, messages that were dropped, acts.
LINE, UNIT, LOST, ACT = "line", "unit", "lost", "act"
_OF_ACTS = ("act", "from", "to", "release", "outcome", "ready_ms", "actor")


def logs(options: dict, stream: BinaryIO) -> dict:
    """The result of slipway.golang.logs. ``options``: its options, times as numbers, and a ``cursor``."""
    if os.geteuid() != 0:
        raise SlipwayError(account.not_root("The journal and the history of a service are root's"))
    layout = Layout(options["name"], options.get("root"))
    query = Query(options, layout)
    acts = Acts(History(layout.history).entries())
    releases = Releases(layout, acts)
    found = _Found(query, strategies.units(layout.app), releases)
    found.read()
    rows = found.rows() + [_row_of(act) for act in acts.between(found.since_shown(), query.until)]
    rows.sort(key=lambda row: row[0])
    return {
        "packed": log_query.packed(rows),
        "releases": _named(rows),
        "cursor": found.cursor,
        "older_left_out": found.is_cut,
        "lost": sum(row[5] for row in rows if row[1] == LOST),
        "release_known": query.is_known(releases),
        "known_releases": [] if query.is_known(releases) else acts.newest(),
        "now": time.time(),
        **_beginning(query, found, acts, layout),
    }


class Query:
    """What is asked for."""

    def __init__(self, options: dict, layout: Layout):
        now = time.time()
        self.cursor = options.get("cursor")
        self.is_after = bool(options.get("after"))  # only what is newer than `since`
        self.until = log_query.moment(options["until"], now) if options.get("until") else None
        self.since = log_query.moment(options["since"], now)
        if self.until is not None:  # journalctl refuses an end before the beginning, which clocks may give
            self.since = min(self.since, self.until)
        self.lines = options["lines"]
        self._level = options.get("level")
        self._pattern = log_query.compiled(options.get("grep"))
        self.release = _resolved(options.get("release"), layout)
        self._any_release = options.get("release") is None

    def argv(self) -> list:
        """For journalctl."""
        times = [] if self.cursor else ["--since=@%.6f" % self.since]
        if self.until is not None:
            times.append("--until=@%.6f" % self.until)
        if self.is_after:
            return times + (["--after-cursor=" + self.cursor] if self.cursor else [])
        return times + ["--reverse"]

    def wants(self, line: Line) -> bool:
        """Whether a line is to be shown. One without a level is: a panic has none."""
        if self.is_after and not self.cursor and line.at <= self.since * 1e6:
            return False
        if line.kind == LOST:
            return True
        if self._level is not None and line.level is not None and line.level > self._level:
            return False
        return self._pattern is None or bool(self._pattern.search(line.text))

    def wants_release(self, release_id: str | None) -> bool:
        if self._any_release:
            return True
        return release_id is not None and self.release in (release_id, version_of(release_id))

    def is_known(self, releases: Releases) -> bool:
        """Whether the release that is asked for is, or was, on this host."""
        return self._any_release or any(self.wants_release(known) for known in releases.known)


def _resolved(name, layout):
    return {"current": layout.current, "previous": layout.previous}.get(name, lambda: name)()


class Line:
    """An entry of the journal, as far as it is shown."""

    __slots__ = ("at", "entry", "extra", "kind", "level", "said", "text")

    def __init__(self, entry: journal.Entry, units: tuple):
        self.at, self.entry = entry.at, entry
        self.text, self.said, self.extra = entry.message, None, None
        if entry.dropped:
            self.kind, self.level, self.extra = LOST, None, entry.dropped
        elif entry.is_of(units):
            self.kind = LINE
            fields = log_line.fields_of(self.text)
            self.level = log_line.level_of(self.text, fields, entry.priority)
            self.said = fields.get("release") if fields else None
        else:
            self.kind, self.level, self.extra = UNIT, entry.priority, entry.identifier
        if len(self.text) > log_query.LONGEST:
            cut = len(self.text) - log_query.LONGEST
            self.text = "%s… (%d more characters)" % (self.text[: log_query.LONGEST], cut)
        entry.message = ""  # not twice


class _Found:
    """The lines that a query finds."""

    def __init__(self, query: Query, units: tuple, releases: Releases):
        self._query, self._units, self._releases = query, units, releases
        self._lines: list = []
        self.cursor = query.cursor
        self.is_cut = False

    def read(self) -> None:
        """Read as many lines as are asked for; those whose release is not known yet are not counted."""
        query, releases = self._query, self._releases
        settled = size = 0
        is_open = False
        for number, entry in enumerate(journal.entries(self._units, *query.argv())):
            releases.learn(entry)
            line = Line(entry, self._units)
            wanted = query.wants(line)
            if wanted and (settled >= query.lines or size >= MOST_CHARACTERS):
                self.is_cut = True
                break
            if number == 0 or query.is_after:
                self.cursor = entry.cursor
            if not wanted:
                continue
            if releases.is_open(entry) and line.kind != LOST:
                is_open = True
            elif line.kind != LOST and not query.wants_release(self._release_of(line)):
                continue
            else:
                settled += 1
            size += len(line.text)
            self._lines.append(line)
        if is_open:
            self._look_at_processes()

    def _look_at_processes(self):
        """What runs now: of a process that has just begun, journald does not know the program yet."""
        for unit in self._units:
            if unit.endswith(".service"):
                state = systemctl.show(unit)
                self._releases.learn_live(state.get("InvocationID", ""), _program_of(state["MainPID"]))

    def _release_of(self, line):
        return self._releases.of(line.entry, line.said)

    def rows(self) -> list:
        """``[microseconds, kind, level, release, text, extra]`` of each line, the oldest first."""
        rows = []
        for line in self._lines if self._query.is_after else reversed(self._lines):
            release_id = None if line.kind == LOST else self._release_of(line)
            if line.kind == LOST or self._query.wants_release(release_id):
                rows.append([line.at, line.kind, line.level, release_id, line.text, line.extra])
        return rows

    def since_shown(self) -> float:
        """Since when nothing is left out, in seconds."""
        if self.is_cut and not self._query.is_after:
            return min(line.at for line in self._lines) / 1e6
        return self._query.since


def _named(rows):
    """The releases in lines and acts."""
    found = {row[3] for row in rows}
    found.update(row[5].get(key) for row in rows if row[1] == ACT for key in ("from", "to", "release"))
    return sorted(found - {None})


def _program_of(pid):
    try:
        return os.readlink("/proc/%d/exe" % pid) if pid else ""
    except OSError:
        return ""


def _row_of(act):
    """An act of the history. Its message may quote what another program printed: only the first line."""
    shown = {key: act[key] for key in _OF_ACTS if act.get(key) is not None}
    message = str(act.get("message") or "")
    if message:
        shown["message"] = message.splitlines()[0][:LONGEST_REASON]
    return [act["seconds"] * 1000000, ACT, None, None, "", shown]


def _beginning(query, found, acts, layout):
    """Since when the journal has entries, if that is later than what was asked for and lines may be gone."""
    begins = None if query.is_after or found.is_cut else journal.begins()
    if begins is None or begins / 1e6 <= query.since or not _was_here_before(begins / 1e6, acts, layout):
        return {"begins": None, "volatile": False}
    return {"begins": begins, "volatile": journal.is_volatile()}


def _was_here_before(at, acts, layout):
    return os.path.isdir(layout.adopted) or any(act["from_seconds"] < at for act in acts.all[:1])
