# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which release wrote a line: what the line says, else its process, else the history by time."""

from __future__ import annotations

import os

from ...common import names
from ..releases.history import ACTIVATIONS
from ..system import clock

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from ..releases.layout import Layout
    from ..systemd.journal import Entry

# Programs that are a service's process before its own one, and for which journald still takes it: it looks
# at a process at most once a second.
_BEFORE_THE_SERVICE = ("systemd", "systemd-executor", "sh", "dash", "bash", "systemd-tmpfiles")
_LIVE = ("ok", "unconfirmed")
# How many releases are named to somebody who asks for one that never was here.
NAMED = 5


class Acts:
    """The deploys and rollbacks of a host, by time."""

    def __init__(self, entries: list):
        self.all = [act for act in map(_act, entries) if act]

    def live_at(self, at: float) -> str | None:
        """The release that was live at a time, or that an act was about to make so; None before the first."""
        live = None
        for act in self.all:
            if act["act"] not in ACTIVATIONS or at < act["from_seconds"]:
                continue
            if at <= act["seconds"] + 1:  # the history has whole seconds
                return act.get("to")
            live = act.get("to") if act.get("outcome") in _LIVE else act.get("from")
        return live

    def between(self, since: float, until: float | None) -> list:
        """The acts that ended in a time; what was only staged changed nothing."""
        return [
            act
            for act in self.all
            if act["seconds"] >= int(since)
            and (until is None or act["seconds"] <= until)
            and act["act"] != "stage"
        ]

    def newest(self) -> list:
        """The ids of some releases that this host had, the newest first."""
        found = [act["to"] for act in reversed(self.all) if isinstance(act.get("to"), str)]
        return list(dict.fromkeys(filter(names.RELEASE_ID.fullmatch, found)))[:NAMED]


def _act(entry):
    """An entry of the history with its end and its beginning in seconds; None if it has no time."""
    ended = clock.seconds(entry.get("at"))
    if ended is None or not isinstance(entry.get("act"), str):
        return None
    phases = entry.get("phases")
    took = sum(ms for ms in phases.values() if isinstance(ms, int)) if isinstance(phases, dict) else 0
    return dict(entry, seconds=ended, from_seconds=ended - took / 1000.0)


class Releases:
    """Finds the release of lines: by the program of the line, of its process, or of its invocation."""

    def __init__(self, layout: Layout, acts: Acts):
        self._start = os.path.realpath(layout.releases_dir) + "/"
        self._acts = acts
        self._of_process: dict = {}
        self._of_invocation: dict = {}
        self.known = _known(layout, acts)

    def learn(self, entry: Entry) -> None:
        """What the program of an entry says about other lines of its process and of its invocation."""
        release_id = self._of_program(entry.exe)
        if release_id:
            self._of_process[entry.invocation, entry.pid] = release_id
            # The newest counts: the last lines of the process before may have this invocation too.
            if entry.at >= self._of_invocation.get(entry.invocation, (0, ""))[0]:
                self._of_invocation[entry.invocation] = (entry.at, release_id)
            self.known.add(release_id)

    def learn_live(self, invocation: str, exe: str) -> None:
        """The same about a process that runs now."""
        release_id = self._of_program(exe)
        if release_id:
            self._of_invocation.setdefault(invocation, (0, release_id))

    def is_open(self, entry: Entry) -> bool:
        """Whether a later look may say more: the program of an entry is none of a release, nor another's."""
        return entry.invocation not in self._of_invocation and _may_be_a_release(entry.exe)

    def of(self, entry: Entry, said: object = None) -> str | None:
        """The id of an entry's release; None if no release of Slipway's wrote it."""
        ran = (
            self._of_program(entry.exe)
            or self._of_process.get((entry.invocation, entry.pid))
            or self._of_invocation.get(entry.invocation, (0, None))[1]
        )
        if ran is None and _may_be_a_release(entry.exe):
            ran = self._acts.live_at(entry.at / 1e6)
        return self._said(said, ran) or ran

    def _said(self, said, ran):
        """The release that a line names: an id, or a version. Any other text there is the app's own."""
        if not isinstance(said, str) or said == ran or len(said) > 80:
            return None
        said = said if said in self.known or not said.startswith("v") else said[1:]
        if said in self.known:
            return said
        if ran and version_of(ran) == said:
            return ran
        return max((known for known in self.known if version_of(known) == said), default=None)

    def _of_program(self, exe):
        below = exe[len(self._start) :].split("/")[0] if exe.startswith(self._start) else ""
        return below if names.RELEASE_ID.fullmatch(below) else None


def version_of(release_id: str) -> str:
    return release_id.rpartition("-")[0]


def _may_be_a_release(exe):
    """Whether a release may have written it, for all that the path of the program says."""
    return not exe or os.path.basename(exe) in _BEFORE_THE_SERVICE


def _known(layout, acts):
    """The releases that are here, and those that were."""
    try:
        found = set(os.listdir(layout.releases_dir))
    except OSError:
        found = set()
    found.update(act[key] for act in acts.all for key in ("from", "to") if isinstance(act.get(key), str))
    return {name for name in found if names.RELEASE_ID.fullmatch(name)}
