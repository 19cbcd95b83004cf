# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare the CPU time of two binaries of one release under the same load: the step ``measure``.

They run in turns, as a smoke test does: beside the live release, with its sandbox, user and environment. Each
turn is a new process, as where its memory lies makes one process faster than the next.
"""

from __future__ import annotations

import http.client
import math
import shlex
from contextlib import closing

from ...common import placeholders, unit
from ...common.errors import SlipwayError
from ..deploy import smoke_test
from ..deploy.request import Request
from ..deploy.target import existing
from ..releases.history import History
from ..system import lock, procfs
from ..systemd import systemctl, transient

WARM_SECONDS = 0.25
MOST_REQUESTS = 20000
LOAD_SECONDS = 300
STOP_SECONDS = 5
KEEP_BYTES = 4096


def measure(options: dict, stream) -> dict:
    """The result of slipway.golang.pgo_measure; ``options`` are its options."""
    request = Request(options)
    release = request.layout.releases().get(request.layout.current() or "")
    if release is None:
        raise SlipwayError("%s has no live release on this host: deploy it first" % request.app)
    target = existing(release, History(request.layout.history).health_of(release.id))
    check = request.check_for(target)
    reason = smoke_test.reason_to_skip(request, check)
    if reason:
        raise SlipwayError("%s cannot run beside its live release: %s" % (request.app, reason))
    note = {"actor": options["actor"], "deploy_id": "", "to": "a measurement of %s" % release.id}
    with lock.held(request.layout.lock, note):
        return _Measurement(request, target, release, options, check.path or "/").result()


def _cpu_seconds(pid):
    try:
        return procfs.cpu_seconds(pid)
    except OSError:
        raise SlipwayError("Its process ended under the load") from None


class _Measurement:
    def __init__(self, request, target, release, options, path):
        self._request, self._target, self._release = request, target, release
        self._plain, self._optimised = options["plain"], options["optimised"]
        self._command = options["load"].get("command")
        self._path = options["load"].get("path") or path
        self._seconds = options["cpu_seconds"]
        self._rounds = options["rounds"]
        self._count = 0

    def result(self):
        """The CPU seconds of each turn, and how many requests were answered in it; 0 if that is unknown."""
        if not self._command:
            self._count = self._requests_for(self._seconds)
        turns = [self._round(number) for number in range(self._rounds)]
        return {
            "changed": False,
            "outcome": "ok",
            "release": self._release.id,
            "requests": self._count,
            "turns": turns,
        }

    def _requests_for(self, seconds):
        """How many requests use about so much CPU time."""
        with self._started(self._plain) as (port, pid):
            count, used = 10, 0.0
            while used < WARM_SECONDS and count < MOST_REQUESTS:
                count *= 2
                before = _cpu_seconds(pid)
                self._send(port, count)
                used = _cpu_seconds(pid) - before
        return min(MOST_REQUESTS, math.ceil(count * seconds / max(used, 0.01)))

    def _round(self, number):
        """One turn for each; every second time in the other order."""
        order = ("plain", "optimised") if number % 2 == 0 else ("optimised", "plain")
        used = {name: self._turn(getattr(self, "_" + name)) for name in order}
        return [used["plain"], used["optimised"]]

    def _turn(self, binary):
        with self._started(binary) as (port, pid):
            if not self._command:
                self._send(port, max(self._count // 10, 1))  # what only the first requests do
            before = _cpu_seconds(pid)
            if self._command:
                self._run(port)
            else:
                self._send(port, self._count)
            return round(_cpu_seconds(pid) - before, 3)

    def _started(self, binary):
        return smoke_test.started(self._request, self._target, self._release, binary)

    def _send(self, port, count):
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=LOAD_SECONDS)) as client:
            for dummy in range(count):
                try:
                    client.request("GET", self._path)
                    answer = client.getresponse()
                    answer.read()
                except (OSError, http.client.HTTPException) as error:
                    raise SlipwayError("GET %s was not answered: %r" % (self._path, error)) from None
                if answer.status >= 400:
                    raise SlipwayError(
                        "GET %s answered %d: name a path in slipway_load that the service answers"
                        % (self._path, answer.status)
                    )

    def _run(self, port):
        """The user's own load, as the service's user and in its sandbox."""
        words = [placeholders.fill(word, port=str(port)) for word in self._command]
        sections = unit.sections(self._request.app, self._request.unit, binary=self._release.binary)
        settings = unit.transient(sections, systemctl.version(), "-load")
        unit_name = self._request.app + "-load.service"
        start = transient.argv(
            unit_name,
            "Load for a measurement of " + self._release.id,
            settings,
            [word.replace("$", "$$") for word in words],
            ("--service-type=exec",),
        )
        ended = transient.run(unit_name, start, LOAD_SECONDS, STOP_SECONDS, KEEP_BYTES)
        if ended.code:
            raise SlipwayError(
                "The load ended with exit status %d: %s\n%s"
                % (ended.code, shlex.join(words), (ended.stderr or ended.stdout).strip())
            )
