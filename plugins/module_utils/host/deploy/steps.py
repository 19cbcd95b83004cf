# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One deploy under way: the steps that strategies are made of, and what it did so far."""

from __future__ import annotations

import contextlib
import time

from ...common.errors import Rejected, SlipwayError
from ..artifact import signature, stage
from ..releases import prune
from ..releases.history import History
from ..systemd import systemctl, unit_file
from . import health_gate, preflight, smoke_test
from .plan import to_put_back
from .target import existing


def rejected(deployment, error):
    facts = dict(getattr(error, "facts", {}))
    return Rejected(
        "%s was refused: %s. %s" % (deployment.target.id, error, deployment.still_serving()), **facts
    )


class Deployment:
    """One deploy under way: what it knows, the steps that strategies are made of, and what it did so far."""

    def __init__(self, request, target, state):
        self.request = request
        self.app = request.app
        self.layout = request.layout
        self.target = target
        self.state = state
        self.started_from = state.live
        self.history = History(self.layout.history)
        self.outcomes = self.history.outcomes()
        self.old = self._release(to_put_back(state.live, state.previous, target.id, self.outcomes))
        self.switched = False
        self.started_at = 0.0
        self.verdict = None
        self.phases = {}
        self.actions = []
        self.warnings = []

    def _release(self, release_id):
        release = self.state.releases.get(release_id)
        return existing(release, self.history.health_of(release_id)) if release else None

    # --- steps -----------------------------------------------------------------------------------------------------

    def stage(self, plan, payload):
        """Put the release into releases/, complete or not at all."""
        if plan.stage is None:
            return
        with self.phase("stage"), self.refusing():
            stage.stage(self.request, self.target, self.state.donor, payload)
        self.actions.append("staged %s" % self.target.id)

    def preflight(self, staged):
        """Everything that can be known to be wrong before the live service is touched."""
        with self.phase("preflight"), self.refusing():
            self.check_strategy()
            preflight.check(
                self.target, known_units=self.old.units if self.old else {}, unit_dir=self.layout.unit_dir
            )
            if (
                self.request.allowed_signers and not staged
            ):  # what was staged just now was verified before it got its name
                signature.verify(self.layout.path_of(self.target.id), self.request.allowed_signers)

    def check_strategy(self):
        """Refuse to take over where that could not be done without a gap that nobody asked for, or where nothing leads back."""
        if self.request.confirm_within and self.old and self.old.strategy != self.request.strategy.NAME:
            raise SlipwayError(
                "confirm_within cannot go together with a change of strategy: %s is live with %s, and no rollback leads from %s to that. "
                "Change the strategy without it first"
                % (self.old.id, self.old.strategy, self.request.strategy.NAME)
            )
        if self.old and self.old.strategy not in self.request.strategy.REPLACES:
            raise SlipwayError(
                "%s is live with the strategy %s, and %s cannot take over from that. Stay with it, or take the app off this host first, "
                "with state: absent" % (self.old.id, self.old.strategy, self.request.strategy.NAME)
            )

    def check_port(self, unit_name, port=None):
        """Refuse to start where a stranger holds the port."""
        if port or self.request.port:
            preflight.check_port(port or self.request.port, unit_name, self.state.unit["MainPID"])

    def smoke_test(self):
        """Run the new binary beside the live one first; a release that has been good here before needs no proof."""
        reason = smoke_test.reason_to_skip(self.request, self.request.check_for(self.target))
        if self.outcomes.get(self.target.id) == "ok":
            reason = "%s has served here before" % self.target.id
        if reason:
            self.actions.append("no smoke run: %s" % reason)
            return
        with self.phase("smoke"):
            smoke_test.run(self.request, self.target, self.layout.release(self.target.id))
        self.actions.append("smoke run passed")

    def switch(self, target, previous):
        """Let links and unit files name a release. From here on a failure means putting back."""
        self.switched = True
        with self.phase("switch"):
            self.layout.point("previous", previous)
            self.layout.point("current", target.id)
            self._install_units(target)
        self.actions.append("current -> %s" % target.id)

    def switch_back(self, previous):
        """The same for the old release, as far as a disk in trouble lets us: whether it serves is for the judge to say."""
        steps = (
            lambda: self.layout.point_back(self.old.id, previous),
            lambda: self._install_units(self.old),
        )
        with self.phase("switch"):
            for step in steps:
                try:
                    step()
                except OSError as error:
                    self.warnings.append("On the way back to %s: %s" % (self.old.id, error))
        self.actions.append("current -> %s" % self.layout.current())

    def _install_units(self, target):
        if (
            unit_file.install(target.units, self.layout.unit_dir)
            or self.state.unit.get("NeedDaemonReload") == "yes"
        ):
            unit_file.daemon_reload()
            self.actions.append("installed %s" % ", ".join(sorted(target.units)))

    def previous_after_success(self):
        """What `previous` names once the target is live: what was live before, if that was another release."""
        return self.old.id if self.old else self.state.previous

    def previous_after_putting_back(self):
        """What `previous` names once the old release is back: what it named before, if that is another release."""
        return self.state.previous if self.state.previous != self.old.id else None

    def start(self, unit_name, enable=True):
        """Start or restart, and let systemd start it at boot."""
        self.started_at = time.time()
        with self.phase("start"):
            systemctl.start(unit_name)
            if enable and self.state.unit["UnitFileState"] != "enabled":
                systemctl.enable(unit_name)
        self.actions.append("restarted %s" % unit_name)

    def start_again(self, unit_name):
        """Start what was live before, unless it was never stopped: then it serves, and where links could not be put back a start would stop it for good."""
        pid = systemctl.show(unit_name)["MainPID"]
        if pid and pid == self.state.unit["MainPID"] and self.state.running_release == self.old.id:
            self.actions.append("%s was never stopped" % unit_name)
        else:
            self.start(unit_name)

    def wait_healthy(self, target, unit_name, port=None, hold=True):
        """Raise where the release is not healthy; ``hold``: it must also stay so for ``min_ready_seconds``."""
        with self.phase("health"):
            check = self.request.check_for(target, port=port)
            if not hold:
                check = check.replace(min_ready_seconds=0.0)
            release = self.layout.release(target.id)
            self.verdict = health_gate.wait_release_healthy(
                check, release, target.names, unit_name, self.layout, self.started_at
            )

    def stand_down(self):
        """After a failed first deploy: no link and no process claims that something serves, nor after the next boot."""
        for unit_name in self.request.strategy.services(self.app):
            with contextlib.suppress(SlipwayError):
                systemctl.stop(unit_name)
                systemctl.disable(unit_name)
        try:
            self.layout.point("current", None)
        except OSError as error:
            self.warnings.append("current still names %s: %s" % (self.target.id, error))

    def prune(self):
        """Remove what nobody would go back to; a failure here is a warning, never a failed deploy."""
        try:
            removed = prune.prune(self.layout, self.history.outcomes(), self.request.keep, self.target.id)
        except OSError as error:
            self.warnings.append("Old releases could not be removed: %s" % error)
        else:
            self.actions.extend("pruned %s" % release_id for release_id in removed)

    # --- what it tells ---------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def phase(self, name):
        """Measure a step, in milliseconds."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.phases[name] = self.phases.get(name, 0) + int((time.monotonic() - start) * 1000)

    @contextlib.contextmanager
    def refusing(self):
        """Turn what goes wrong before the switch into a refusal that says what still serves."""
        try:
            yield
        except (SlipwayError, OSError) as error:
            raise rejected(self, error) from error

    def record(self, outcome, message):
        """One line in the journal. A disk that is full now must not make a failure of a deploy that went well."""
        kind = "stage" if self.request.state == "staged" else "rollback" if self.request.release else "deploy"
        entry = {
            "act": kind,
            "actor": self.request.actor,
            "deploy_id": self.request.deploy_id,
            "from": self.started_from,
            "to": self.target.id,
            "outcome": outcome,
            "message": message[:2000],
            "phases": self.phases,
            "ready_ms": self.ready_ms,
            "health": self.request.options_for(self.target),
        }
        try:
            self.history.append(entry)
        except OSError as error:
            self.warnings.append("The journal could not be written: %s" % error)

    @property
    def ready_ms(self):
        return self.verdict.ready_ms if self.verdict else None

    def still_serving(self):
        """The half sentence that the person on call needs first."""
        if self.state.unit["ActiveState"] == "active" and self.state.running_release:
            return "%s still serves, untouched" % self.state.running_release
        return "Nothing was serving before, and nothing was started"

    def facts(self):
        """The result, whether it went well or not."""
        return {
            "release": self.target.id,
            "from": self.started_from,
            "current": self.layout.current(),
            "previous": self.layout.previous(),
            "actions": self.actions,
            "phases": self.phases,
            "ready_ms": self.ready_ms,
            "warnings": self.warnings,
            "probes": self.verdict.to_dict()["attempts"] if self.verdict else [],
        }
