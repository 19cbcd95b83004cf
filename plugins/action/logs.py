# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of slipway.golang.logs: one remote execution; and one a round, where it follows."""

from __future__ import annotations

import os
import time

from ansible import constants
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

from ..module_utils.common import log_line
from ..module_utils.common.errors import InvalidInput, SlipwayError
from ..plugin_utils import follow, log_lines, moments
from ..plugin_utils.engine_action import EngineAction
from ..plugin_utils.kinds import Unfit

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "root": {"type": "path"},
    "since": {"type": "str", "default": "10m"},
    "until": {"type": "str"},
    "level": {"type": "str", "choices": list(reversed(log_line.LEVELS))},
    "grep": {"type": "str"},
    "release": {"type": "str"},
    "lines": {"type": "int", "default": 1000},
    "follow": {"type": "int", "default": 0},
    "packed": {"type": "bool", "default": False},
}
# A difference of clocks that is smaller may be the time that the answer took.
SMALLEST_DIFFERENCE = 2
# Of a round: what is more comes in the next one.
LINES_OF_A_ROUND = 20000


class ActionModule(EngineAction):
    """Ask one host for the lines of its service."""

    def run(self, tmp=None, task_vars=None):
        result = ActionBase.run(self, tmp, task_vars)
        arguments = self.validated(ARGUMENTS)
        with self.failing_into(result):
            answer = self._first_answer(_request(arguments), arguments["follow"], task_vars)
            host = task_vars["inventory_hostname"]
            if not arguments["packed"] and "packed" in answer:
                answer["lines"] = [log_lines.value(row) for row in log_lines.rows(host, answer.pop("packed"))]
            result.update(answer)
        return self.with_discovery(dict(result, changed=False))

    def _first_answer(self, request, seconds, task_vars):
        """What there is already; from there on a process of its own follows, also if the host is away."""
        asked, cursor = time.time(), None
        begun = request["until"]["at"] if seconds else 0
        try:
            answer = self.execute(request, None, task_vars)
            cursor = answer.get("cursor")
        except AnsibleConnectionFailure:
            if seconds:
                self._follow(request, begun, seconds, None, task_vars)
            raise
        if answer.get("failed"):
            return answer
        if seconds:
            self._follow(request, begun, seconds, cursor, task_vars)
        return dict(answer, clock_ahead_seconds=_ahead(answer.pop("now"), asked, time.time()))

    def _follow(self, request, begun, seconds, cursor, task_vars):
        path = follow.pipe_of(constants.DEFAULT_LOCAL_TMP, task_vars["inventory_hostname"])
        rounds = Rounds(lambda asked: self.execute(asked, None, task_vars), request, begun, cursor)
        follow.start(path, rounds.ask, begun + seconds, os.getppid())


class Rounds:
    """Asks for what is new, round by round, wherever the last answer ended."""

    def __init__(self, execute, request, begun, cursor):
        self._execute = execute
        self._request = dict(request, after=True, lines=LINES_OF_A_ROUND)
        self._since, self._cursor = begun, cursor

    def ask(self, until):
        """The answer of a round; with a ``problem`` if there is none."""
        request = dict(self._request, since={"at": self._since}, until={"at": until}, cursor=self._cursor)
        try:
            answer = self._execute(request)
        except (AnsibleError, SlipwayError) as error:
            return {"problem": _first_line(error)}
        if answer.get("failed"):
            return {"problem": _first_line(answer.get("msg") or "")}
        self._since, self._cursor = until, answer.get("cursor")
        return {"packed": answer["packed"]}


def _first_line(error):
    return (str(error).strip().splitlines() or ["it gave no reason"])[0][:300]


def _request(arguments):
    """The options as the engine takes them."""
    if arguments["lines"] < 1:
        raise InvalidInput("lines", arguments["lines"], "use 1 or more")
    if arguments["follow"] < 0:
        raise InvalidInput("follow", arguments["follow"], "use seconds, or 0 for not at all")
    until = _moment(arguments, "until") if arguments["until"] else None
    if arguments["follow"] and until is None:
        until = {"at": time.time()}
    if arguments["follow"] and "at" not in until:
        raise InvalidInput("until", arguments["until"], "with follow, use a time")
    since, level = _moment(arguments, "since"), log_line.number(arguments["level"])
    if arguments["follow"] and "ago" in since:  # before what is followed, whatever the time is on the host
        since = {"at": until["at"] - since["ago"]}
    return dict(arguments, step="logs", since=since, until=until, level=level)


def _moment(arguments, name):
    try:
        return moments.parse(arguments[name])
    except Unfit as error:
        raise InvalidInput(name, arguments[name], str(error)) from error


def _ahead(now, asked, answered):
    """By how many seconds the host's clock is ahead of this one; 0 if that may be the time on the way."""
    ahead = now - answered if now > answered else min(now - asked, 0)
    return round(ahead) if abs(ahead) >= SMALLEST_DIFFERENCE else 0
