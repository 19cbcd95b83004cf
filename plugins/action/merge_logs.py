# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""slipway.golang.merge_logs: print the lines of all hosts in one order, and those that come while it follows.

It connects to no host: it reads what the tasks of the playbook registered, and what their processes write.
"""

from __future__ import annotations

import collections
import json
import os
import time

from ansible import constants
from ansible.utils.color import stringc

from ..plugin_utils import console, follow, log_lines, moments
from ..plugin_utils.controller_action import ControllerAction

ARGUMENTS = {
    "json": {"type": "bool", "default": False},
    "follow": {"type": "int", "default": 0},
    "begun": {"type": "float", "default": 0},
}
NO_LINES = (
    "no lines: slipway_since says how far to look back (10m without it); slipway_level, slipway_grep and "
    "slipway_release leave lines out"
)
AT_ONCE = 500
# Of what is returned while it follows.
MOST_RETURNED = 100000


class ActionModule(ControllerAction):
    """Prints what the hosts of the play said, and follows them."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, arguments = self.validate_argument_spec(ARGUMENTS)
        hosts = task_vars["ansible_play_hosts_all"]
        answers = {host: task_vars["hostvars"][host].get("slipway__logged") or {} for host in hosts}
        output = Output(hosts, arguments["json"])
        for answer in answers.values():
            output.text.know(answer.get("releases") or [])
        with self.failing_into(result):
            self._all(answers, arguments, output)
        output.flush()
        missing = {host: reason(answer) for host, answer in answers.items() if "packed" not in answer}
        found = {"changed": False, "count": output.count, "lost": dict(output.lost), "missing": missing}
        if console.is_for_programs():
            found["lines"] = list(output.values)
        return dict(result, **found)

    def _all(self, answers, arguments, output):
        """What the hosts said first, then what is to be known about it, then what comes."""
        for host, answer in answers.items():
            for words in notes(host, answer):
                output.note(words)
        rows = log_lines.merged(
            [log_lines.rows(host, answer["packed"]) for host, answer in answers.items() if "packed" in answer]
        )
        begun, acts = arguments["begun"], []
        for row in rows:
            output.row(row)
            if row.kind == log_lines.ACT:
                acts.append(row)
        for host, answer in answers.items():
            if "packed" not in answer:
                output.note("%s is missing here: %s" % (host, reason(answer)))
        if not arguments["follow"]:
            if not output.count and any("packed" in answer for answer in answers.values()):
                output.note(NO_LINES)
            return
        self._follow(answers, begun, begun + arguments["follow"], acts, output)

    def _follow(self, answers, begun, until, acts, output):
        pipes = {host: follow.pipe_of(constants.DEFAULT_LOCAL_TMP, host) for host in answers}
        pipes = {host: path for host, path in pipes.items() if os.path.exists(path)}
        left = max(round(until - time.time()), 0)
        words = "following %d hosts for %d s, until %s; Ctrl-C ends it"
        output.note(words % (len(pipes), left, moments.iso(int(until * 1e6))[11:19]))
        output.flush()
        away = [host for host, answer in answers.items() if "packed" not in answer]
        for words, rows in follow.Watch(pipes, begun, until, away, acts).rounds():
            for note in words:
                output.note(note)
            for row in rows:
                output.row(row)
            output.flush()


class Output:
    """Prints rows and notes, some hundred at once, and counts them."""

    def __init__(self, hosts, as_json):
        self.text = log_lines.Text(hosts)
        self.count = 0
        self.lost: collections.Counter = collections.Counter()
        self.values: collections.deque = collections.deque(maxlen=MOST_RETURNED)
        self._as_json = as_json
        self._keeps = console.is_for_programs()
        self._waiting = [""]

    def row(self, row):
        self.count += row.kind in (log_lines.LINE, log_lines.UNIT)
        if row.kind == log_lines.LOST:
            self.lost[row.host] += row.extra
        if self._as_json or self._keeps:
            value = log_lines.value(row)
            self.values.append(value)
        if self._as_json:
            self._add(json.dumps(value))
        else:
            for line in self.text.lines(row):
                self._add(_colored(line, row))

    def note(self, words):
        """About a host, or the whole."""
        self._add(json.dumps({"kind": "note", "message": words}) if self._as_json else log_lines.mark(words))

    def _add(self, line):
        self._waiting.append(line)
        if len(self._waiting) >= AT_ONCE:
            self.flush()

    def flush(self):
        if self._waiting:
            console.show("\n".join(self._waiting))
        self._waiting = []


def _colored(line, row):
    if row.kind in (log_lines.LINE, log_lines.UNIT) and (row.level is None or row.level > 4):
        return line
    color = constants.COLOR_ERROR if row.level is not None and row.level < 4 else constants.COLOR_WARN
    return stringc(line, constants.COLOR_HIGHLIGHT if row.kind == log_lines.ACT else color)


def reason(answer):
    """Why a host gave no lines."""
    said = str(answer.get("msg") or "it gave no answer").strip().splitlines()[0]
    return ("unreachable: " if answer.get("unreachable") else "") + said


def notes(host, answer):
    """What is to be known about the lines of a host."""
    if answer.get("begins"):
        words = "%s: its journal begins at %s UTC: what was logged before is gone"
        words %= host, moments.iso(int(answer["begins"]))[:19].replace("T", " ")
        kept = ". It is kept in memory only, and a reboot empties it: see Storage= in journald.conf(5)"
        yield words + (kept if answer.get("volatile") else "")
    if answer.get("older_left_out"):
        yield "%s: older lines are left out: raise slipway_lines to see them" % host
    if answer.get("release_known") is False:
        others = ", ".join(map(str, answer.get("known_releases") or []))
        yield "%s never had this release%s" % (host, ". It had " + others if others else "")
    ahead = int(answer.get("clock_ahead_seconds") or 0)
    if ahead:
        words = "%s: its clock is %d s %s the clock here: its lines stand where its own clock puts them"
        yield words % (host, abs(ahead), "ahead of" if ahead > 0 else "behind")
