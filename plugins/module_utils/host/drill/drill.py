# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One fault on this host: the step ``begin_drill``; and ``undo_drill``, which the host asks itself for.

Before anything breaks, the host knows how to make it whole, and when it will do so by itself.
"""

from __future__ import annotations

import contextlib
import os
import time

from ...common.errors import InvalidInput, SlipwayError
from ...common.faults import FAULTS, LONGEST_SECONDS, MARGIN_SECONDS, OF_BALANCERS
from ..deploy import info
from ..deploy.live import Live
from ..releases.history import History
from ..releases.layout import Layout
from ..system import account, lock
from . import armed, faults


class Refused(SlipwayError):
    """Nothing was broken."""

    OUTCOME = "refused"


class Aborted(SlipwayError):
    """It began, and ended at once: the host is as before."""

    OUTCOME = "aborted"


def begin_drill(options: dict, stream) -> dict:
    """Break what is asked for; ``options`` are those of slipway.golang.drill. In check mode only look."""
    drill = Drill(options)
    facts = drill.plan()
    result = {
        "changed": True,
        "outcome": "ok",
        "does": facts["does"],
        "release": drill.release,
        "ends_by_itself_after": options["seconds"] + MARGIN_SECONDS,
    }
    return result if options["check"] else dict(result, **drill.begin(facts))


def undo_drill(options: dict, stream) -> dict:
    """End the drill, if it has not ended yet. systemd runs this, and runs it again if it fails."""
    return {"changed": _undone(options["name"], options["facts"]), "outcome": "ok"}


def _undone(app, facts):
    """Whether there was something to end."""
    with armed.ending(app) as is_armed:
        if is_armed:
            faults.load(facts["fault"]).undo(facts)
            _mark(Layout(app, facts["root"]), facts, "ended", "")
        return is_armed


class Drill:
    """A fault that is about to begin."""

    def __init__(self, options: dict):
        if os.geteuid() != 0:
            raise SlipwayError(account.not_root("A drill needs root on the host, also in check mode"))
        if options["fault"] not in FAULTS:
            raise InvalidInput("fault", options["fault"], "use one of %s" % ", ".join(FAULTS))
        if not 1 <= options["seconds"] <= LONGEST_SECONDS:
            raise InvalidInput("seconds", options["seconds"], "use 1 to %d seconds" % LONGEST_SECONDS)
        self._options = options
        self._layout = Layout(options["name"], options.get("root"))
        self._fault = faults.load(options["fault"])
        self.release = None

    def plan(self) -> dict:
        """What there is to do; raises Refused where it must not be done now, or cannot be."""
        try:
            self._refuse_if_busy()
            live = None if self._options["fault"] in OF_BALANCERS else self._live()
            facts = self._fault.plan(live, self._options)
        except SlipwayError as error:
            raise self._refused(error) from error
        more = {"fault": self._options["fault"], "root": self._layout.root, "actor": self._options["actor"]}
        return dict(facts, id=self._options["id"], release=self.release, **more)

    def _refuse_if_busy(self):
        if armed.is_armed(self._layout.app):
            raise SlipwayError(
                "a drill of %s has not ended on this host; it ends by itself" % self._layout.app
            )
        lock.refuse_held(self._layout.lock)
        if self._layout.is_pending():
            raise SlipwayError("a release waits for its confirmation")

    def _live(self):
        """What serves; healthy, as nobody could say otherwise what the drill has broken."""
        live = Live(self._layout)
        self.release = live.release.id
        found = info.info(dict(self._options, history=0), None)
        if found["healthy"] is False:
            raise SlipwayError("%s is unhealthy: %s" % (live.unit, found["health_problem"]))
        return live

    def begin(self, facts: dict) -> dict:
        """Arm, mark, break. If it cannot be broken, it is whole again before this raises Aborted."""
        app = self._layout.app
        self._arm({"step": "undo_drill", "name": app, "facts": facts})
        began = time.monotonic()
        try:
            _mark(self._layout, facts, "begun", facts["does"])
            said = self._fault.begin(facts)
            if not armed.is_armed(app):  # on a host that stood still: its end came before all of it
                self._fault.undo(facts)
        except BaseException as error:
            _undone(app, facts)
            if isinstance(error, (SlipwayError, OSError)):
                raise Aborted("%s: %s. It was undone" % (facts["fault"], error)) from error
            raise
        return {"does": said or facts["does"], "lasted": time.monotonic() - began}

    def _arm(self, request):
        try:
            armed.arm(self._layout.app, request, self._options["seconds"])
        except (SlipwayError, OSError) as error:
            raise self._refused(error) from error

    def _refused(self, error):
        return Refused("%s was refused: %s. Nothing was broken" % (self._options["fault"], error))


def _mark(layout, facts, outcome, message):
    """Into the history, and so into what `logs` shows; not on a balancer, which has none."""
    if not os.path.isdir(layout.releases_dir):
        return
    entry = {
        "act": "drill",
        "actor": facts["actor"],
        "deploy_id": facts["id"],
        "release": facts["release"],
        "outcome": outcome,
        "message": "%s: %s" % (facts["fault"], message) if message else facts["fault"],
    }
    with contextlib.suppress(OSError):  # a full disk may be what the drill is about
        History(layout.history).append(entry)
