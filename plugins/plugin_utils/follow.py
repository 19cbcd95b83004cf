# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Follow the logs of all hosts at once: a process for each host asks it every two seconds.

Ansible runs a task on as many hosts at once as it has forks, and prints something about each task. So these
processes run beside it. Each writes what its host answers into a pipe in the temporary directory of this run;
one task reads all of them, and prints the lines in one order (``Watch``).
"""

from __future__ import annotations

import collections
import contextlib
import errno
import hashlib
import json
import os
import selectors
import signal
import time
import typing

from ..module_utils.common.errors import SlipwayError
from . import log_lines, this_run

INTERVAL = 2
# After a round has ended: lines are in the journal a moment after they were written.
SETTLE = 0.2
# How long the others wait for a host that does not answer, and a process for somebody to read its pipe.
PATIENCE = 10
_READ = 1 << 16


def pipe_of(directory: str, host: str) -> str:
    """The path of the pipe with the answers of a host."""
    return os.path.join(directory, "slipway-logs-" + hashlib.sha256(host.encode("utf-8")).hexdigest()[:16])


def start(path: str, ask: typing.Callable[[float], dict], until: float, ansible: int) -> None:
    """Begin to ask a host, in a process of its own, until a time.

    ``ask``: from the end of a round to what the host answers; ``ansible``: the process that runs the plays,
    without which this one ends too.
    """
    try:
        os.mkfifo(path, 0o600)
    except FileExistsError:  # this host is followed already
        return
    run = this_run.identity(ansible)
    if os.fork():
        return
    with contextlib.suppress(BaseException):  # nobody is there to be told
        _detach()
        _answer(path, ask, until, lambda: this_run.identity(ansible) == run)
    os._exit(0)


def _detach():
    """Leave the task's process: it may end, and what it has open is not waited for."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def _answer(path, ask, until, is_wanted):
    pipe = _opened(path, is_wanted)
    reached = 0.0
    while pipe is not None and reached < until and is_wanted():
        reached = min(_round_after(max(time.time(), reached)), until)
        time.sleep(max(reached + SETTLE - time.time(), 0))
        line = json.dumps(dict(ask(reached), reached=reached)) + "\n"
        _write(pipe, line.encode("ascii"))


def _round_after(now):
    """Rounds end at the same time for all hosts."""
    return (now // INTERVAL + 1) * INTERVAL


def _opened(path, is_wanted):
    """The pipe, as soon as somebody reads it; None if nobody does."""
    while is_wanted():
        try:
            pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                return None
            time.sleep(0.1)
        else:
            os.set_blocking(pipe, True)
            return pipe
    return None


def _write(pipe, data):
    while data:
        data = data[os.write(pipe, data) :]


class Watch:
    """Reads the pipes of all hosts, and gives what is complete: rows in order, and hosts that come and go.

    A row is given when every host has answered for its time, so that the order is exact. A host that cannot
    be reached, or that is late, is not waited for.
    """

    def __init__(self, pipes: dict[str, str], begun: float, until: float, away=(), acts=()):
        """``pipes``: host to path; ``begun``: what is older was shown already, in seconds; ``until``: when
        they end; ``away``: hosts that could not be reached just now; ``acts``: those shown already.
        """
        self._hosts = [_Host(host, path, begun, until) for host, path in pipes.items()]
        for host in self._hosts:
            host.is_away = host.name in away
            host.acts.update(row for row in map(_key, acts) if row[0] == host.name)

    def rounds(self) -> typing.Iterator[tuple[list[str], list[log_lines.Row]]]:
        """Notes about hosts, and the rows that belong before all that comes later."""
        with selectors.DefaultSelector() as selector:
            for host in self._hosts:
                selector.register(host.pipe, selectors.EVENT_READ, host)
            while selector.get_map():
                for key, dummy in selector.select(1):
                    if not key.data.read():
                        selector.unregister(key.data.pipe)
                found = self._complete()
                if any(found):
                    yield found
        yield self._complete(at_the_end=True)

    def _complete(self, at_the_end=False):
        waited_for = [host.reached for host in self._hosts if host.is_waited_for()]
        horizon = float("inf") if at_the_end or not waited_for else min(waited_for)
        notes = [note for host in self._hosts for note in host.notes()]
        return notes, list(log_lines.merged([host.take(horizon) for host in self._hosts]))


def _key(row):
    """What tells one act from another: the history knows whole seconds only."""
    return row.host, row.at, json.dumps(row.extra, sort_keys=True)


class _Host:
    """What a host has answered and nobody has taken yet."""

    def __init__(self, name, path, begun, until):
        self.name = name
        self.pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.reached = begun
        self.is_away = False
        self.acts: set = set()
        self._until = until
        self._heard = time.monotonic()
        self._is_open = True
        self._rest = b""
        self._rows: collections.deque = collections.deque()
        self._notes: list = []

    def is_waited_for(self):
        return self._is_open and not self.is_away and time.monotonic() - self._heard < PATIENCE

    def read(self):
        """Take what the pipe has; False at its end."""
        piece = os.read(self.pipe, _READ)
        if not piece:
            self._is_open = False
            os.close(self.pipe)
            if self.reached < self._until:
                self._notes.append("%s is not followed any more: its process has ended" % self.name)
            return False
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._hear(json.loads(line))
        return True

    def _hear(self, answer):
        self._heard, self.reached = time.monotonic(), answer["reached"]
        problem = answer.get("problem")
        if problem and not self.is_away:
            self._notes.append("%s is away: %s. It is asked again every round" % (self.name, problem))
        if self.is_away and not problem:
            self._notes.append("%s is back" % self.name)
        self.is_away = bool(problem)
        if problem:
            return
        try:
            self._rows.extend(filter(self._is_new, log_lines.rows(self.name, answer["packed"])))
        except SlipwayError as error:
            self._notes.append(str(error))

    def _is_new(self, row):
        """A round that begins in the second of an act has that act once more."""
        if row.kind != log_lines.ACT:
            return True
        is_new = _key(row) not in self.acts
        self.acts.add(_key(row))
        return is_new

    def notes(self):
        notes, self._notes = self._notes, []
        return notes

    def take(self, horizon):
        """The rows that are not newer than the horizon, in seconds."""
        rows = []
        while self._rows and self._rows[0].at <= horizon * 1e6:
            rows.append(self._rows.popleft())
        return rows
