# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait until a release that was just started is healthy: its process, its binary and its answers.

A process that cannot become healthy any more is noticed before the deadline: one that listens on another
port, or waits for a file that another process has locked.
"""

from __future__ import annotations

import os
import time

from ...common import health
from ...common.errors import SlipwayError
from ..releases import running
from ..system import procfs
from ..systemd import systemctl
from . import evidence as journals

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from typing import Any

    from ..releases.layout import Layout, Release
    from .request import Request

_SHOWN_STATE = ("ActiveState", "SubState", "Result", "MainPID", "NRestarts", "ExecMainStatus")
_SHOWN_PROBES = 5
# A crash may print a stack of thousands of lines below its reason.
_JOURNAL_LINES = 5000
# systemd writes the end of a process to the journal a moment after it.
_JOURNAL_WAIT = 0.5
_LOOK_SECONDS = 0.2
# So long must nothing change for a verdict before the deadline.
_WRONG_PORT_SECONDS = 1.0
_BLOCKED_SECONDS = 3.0
_SHARED_SECONDS = 0.5
_PROBE_AGAIN_SECONDS = 2.0
_ENDED = "its process ended"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
# ExecMainCode=, which has the numbers of waitid(2)
_CODES = {"1": "exited", "2": "killed", "3": "dumped"}


class Unhealthy(SlipwayError):
    """The release did not come up, or did not stay up. The facts carry the evidence."""


def wait_healthy(check, release_names: tuple, unit_name: str, since: float, usual_port: int | None = None):
    """Wait until the unit's process is healthy and stays so. Returns the Verdict and the pid.

    Raises Unhealthy. ``since``: when it was started, in seconds since the epoch; older journal lines are no
    evidence. ``usual_port``: where the service listens when it is live, if the check asks another port. The
    process that answered must be the one that was started: if that one is alive at the end, systemd has
    neither restarted nor stopped the unit.
    """
    state = systemctl.show(unit_name)
    process = _Process(state["MainPID"], check, usual_port)
    # systemd counts in microseconds, on the clock of time.monotonic().
    started = int(state.get("ExecMainStartTimestampMonotonic") or 0) / 1e6
    verdict = health.wait_until_ready(
        check, release=release_names, alive=process.reason_to_stop, since=started or None
    )
    reason = process.ended() if verdict.ok else verdict.reason
    if reason:
        found = evidence(unit_name, verdict, since, ended=process.ended())
        found.update(process.findings())
        raise Unhealthy(found.pop("reason", reason), **_facts(found))
    return verdict, process.pid


def _facts(found):
    remedy = found.pop("remedy", None)
    return dict({"evidence": found}, **({"hint": remedy} if remedy else {}))


def wait_release_healthy(
    check,
    release: Release,
    release_names: tuple,
    unit_name: str,
    layout: Layout,
    since: float,
    is_verified: bool = False,
):
    """The same for a live release: the process must also run this release's binary. Returns the Verdict.

    ``is_verified``: that binary was hashed in this run.
    """
    verdict, pid = wait_healthy(check, release_names, unit_name, since)
    if running.running_release(layout, pid) != release.id or not running.binary_intact(
        release, pid, is_verified
    ):
        raise Unhealthy(
            "the running process %d does not run the binary of %s" % (pid, release.id),
            **_facts(evidence(unit_name, verdict, since)),
        )
    return verdict


class _Process:
    """The process that was started: whether it lives, and whether it can become healthy as it goes on."""

    def __init__(self, pid, check, usual_port):
        self.pid = pid
        self._check = check
        self._usual_port = usual_port
        self._wants_port = check.type in ("http", "tcp")
        self._arrived = not self._wants_port
        self._looked_at = self._probed_at = 0.0
        self._ports, self._ports_since = set(), 0.0
        self._awaited, self._awaited_since = None, 0.0

    def ended(self):
        return None if self.pid and os.path.isdir("/proc/%d" % self.pid) else _ENDED

    def reason_to_stop(self):
        """Why it makes no sense to wait any longer; None as long as it does. Cheap: it is called often."""
        now = time.monotonic()
        if self.ended():
            return _ENDED
        if self._arrived or now - self._looked_at < _LOOK_SECONDS:
            return None
        self._look(now)
        if self._is_settled_elsewhere(now):
            return "its process listens on %s and not on port %d" % (_ports(self._ports), self._check.port)
        if self._awaited and self._awaited.blocked and now - self._awaited_since >= _BLOCKED_SECONDS:
            return "its process waits for %s" % _locked(self._awaited)
        return None

    def findings(self) -> dict:
        """What was seen of it, for the evidence. A process that ended keeps what was seen last."""
        found: dict = {}
        if self._looked_at and not self._arrived and (self._ports or not self.ended()):
            found["listens_on"] = sorted(self._ports)
        waited = self._looked_at - self._awaited_since
        if self._awaited and (self._awaited.blocked or waited >= _SHARED_SECONDS):
            found["waits_for"] = dict(self._awaited._asdict(), holder=_locked(self._awaited))
        return found

    def _look(self, now):
        self._looked_at = now
        family = procfs.family(self.pid)
        ports = procfs.listening_ports(family)
        if self.ended():
            return
        self._arrived = self._check.port in ports
        if ports != self._ports:
            self._ports, self._ports_since = ports, now
        awaited = None if ports else procfs.awaited_file(family)
        if awaited != self._awaited:
            self._awaited, self._awaited_since = awaited, now

    def _is_settled_elsewhere(self, now):
        """Whether it serves on another port, and not only waits there until it has started.

        Many services open a port for metrics or profiles at once, and their own only when they are ready.
        """
        if not self._ports or self._arrived or now - self._ports_since < _WRONG_PORT_SECONDS:
            return False
        if self._check.host not in _LOOPBACK or procfs.listeners(self._check.port):
            return False  # something in front of the service listens there, such as nginx or systemd
        return self._usual_port in self._ports or self._answers_elsewhere(now)

    def _answers_elsewhere(self, now):
        """Whether another of its ports passes the check. Only a path of its own says that it is the one."""
        check = self._check
        if check.type != "http" or check.path == "/" or check.method not in ("GET", "HEAD"):
            return False
        if now - self._probed_at < _PROBE_AGAIN_SECONDS:
            return False
        self._probed_at = now
        # Whatever release it names: its answer need only be a healthy one.
        return any(health.probe_once(check.replace(port=port)).ok for port in sorted(self._ports)[:3])


def _ports(ports):
    return "port%s %s" % ("s" if len(ports) > 1 else "", ", ".join("%d" % port for port in sorted(ports)))


def _locked(awaited):
    if not awaited.pid:
        return "%s, which another process has locked" % awaited.path
    return "%s, which %s (pid %d) has locked" % (
        awaited.path,
        procfs.command_of(awaited.pid),
        awaited.pid,
    )


def evidence(unit_name: str, verdict, since: float, ended: str | None = None) -> dict:
    """What a person on call would look up first. ``verdict``: None where nothing was probed yet.

    ``ended``: that the process ended, if it did. Then it also has the ``reason`` in more words, and the
    ``remedy`` if there is one.
    """
    state = systemctl.show(unit_name)
    lines = _journal(unit_name, since, state, ended)
    found = {
        "unit": unit_name,
        "state": {key: state[key] for key in _SHOWN_STATE if key in state},
        "probes": verdict.to_dict()["attempts"][-_SHOWN_PROBES:] if verdict else [],
        "journal": journals.excerpt(lines),
        "next": "journalctl -u %s -e" % unit_name,
    }
    remedy = journals.remedy(lines)
    if ended:
        found["reason"], for_exit = journals.in_words(ended, _exit(state) or journals.exit_of(lines), lines)
        remedy = remedy or for_exit
    return dict(found, remedy=remedy) if remedy else found


def _journal(unit_name, since, state, ended):
    deadline = time.monotonic() + (_JOURNAL_WAIT if ended else 0)
    while True:
        lines = systemctl.journal_tail(unit_name, since, _JOURNAL_LINES)
        complete = journals.exit_of(lines) or (_exit(state) and lines)
        if complete or time.monotonic() >= deadline:
            return lines
        time.sleep(0.05)


def _exit(state):
    """How the main process ended, as long as systemd has started no other one; None if it does not say."""
    if state["MainPID"] or not state.get("ExecMainStatus"):
        return None
    status = int(state["ExecMainStatus"])
    code = _CODES.get(state.get("ExecMainCode"))
    if code is None and status:
        code = "exited"
    return (code, status) if code else None


def explain(error: Unhealthy, request: Request, port: int | None, smoke: bool) -> None:
    """Add to the error what to change, in the user's own words, if the evidence says what is wrong."""
    found: Any = error.facts.get("evidence") or {}
    checked = not smoke and port is not None and request.health.get("port") == port != request.port
    hint = journals.advice(found, port, request.port_variable, smoke, checked, said=str(error))
    taken = journals.port_in_use(found.get("journal") or [])
    if not hint and taken and taken != port:
        pids = procfs.listeners(taken)
        holder = "%s (pid %d)" % (procfs.command_of(min(pids)), min(pids)) if pids else "another process"
        hint = journals.advice_for_taken_port(taken, holder, port, request.port_variable, smoke)
    if hint:
        error.facts["hint"] = hint
