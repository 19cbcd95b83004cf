# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The story of one deploy on one host: look, decide, stage, go live, judge; or put the old release back.

Read this first; the files beside it are its nouns.
"""

from __future__ import annotations

import contextlib
import time

from ..common.errors import Rejected, SlipwayError
from . import confirm, judge, lease, lock, preflight, prune, signature, smoke, stage, systemd, unit_file
from .foresee import look
from .journal import Journal
from .plan import to_put_back
from .wanted import Wanted, existing


class Reverted(SlipwayError):
    """The new release was not healthy; the old one is back and is."""

    OUTCOME = "reverted"


class Down(SlipwayError):
    """The new release was not healthy, and there is no healthy old one."""

    OUTCOME = "down"


def activate(request, stream):
    """Bring the host to what is wanted; the result of slipway.golang.release."""
    act = deploy(Wanted(request), stream if request.get("payload") else None)
    return dict(act.facts(), changed=bool(act.actions), outcome="ok", unconfirmed=act.layout.is_pending())


def deploy(wanted, payload):
    """Bring the host to what is wanted; returns the Act. ``payload`` is the artifact as a binary stream, or None."""
    note = {"actor": wanted.actor, "deploy_id": wanted.deploy_id, "to": _label(wanted)}
    with contextlib.ExitStack() as alone:
        with _untouched(wanted):
            wanted.layout.create()
            alone.enter_context(lock.held(wanted.layout.lock, note, wanted.lock_wait))
            wanted.layout.sweep()
            target, seen, decision = look(wanted)
            act = Act(wanted, target, seen)
        if wanted.unless_confirmed and not (
            wanted.layout.is_pending() and seen.current == wanted.unless_confirmed
        ):
            confirm.disarm(wanted.layout)
        elif decision.changed:
            if wanted.fence:
                lease.check_fence(wanted.layout, wanted.fence)
            _carry_out(act, decision, payload)
    return act


@contextlib.contextmanager
def _untouched(wanted):
    """A tree that cannot be read or written is found before anything is done."""
    try:
        yield
    except OSError as error:
        raise Rejected(
            "%s cannot be deployed to: %s. Nothing was changed" % (wanted.layout.root, error)
        ) from error


def _carry_out(act, decision, payload):
    """Do what was decided, and write down how it ended."""
    outcome, message = "ok", ""
    try:
        act.stage(decision, payload)
        if decision.activate:
            _go_live(act, staged=bool(decision.stage))
            outcome = "unconfirmed" if act.layout.is_pending() else "ok"
    except SlipwayError as error:
        outcome, message = error.OUTCOME, str(error)
        error.facts.update(act.facts())
        raise
    except BaseException as error:
        outcome, message = "unknown", repr(error)
        raise
    finally:
        act.record(outcome, message)
    act.prune()


def _go_live(act, staged):
    """Hand over to the strategy; where the new release fails, put the old one back."""
    act.preflight(staged)
    try:
        if act.layout.is_pending():
            confirm.disarm(act.layout)
        act.wanted.strategy.go_live(act)
        if act.wanted.confirm_within and act.old:
            confirm.arm(act)
    except (SlipwayError, OSError) as error:
        if not act.switched:
            raise _rejected(act, error) from error
        raise _put_back(act, error) from error


def _rejected(act, error):
    facts = dict(getattr(error, "facts", {}))
    return Rejected("%s was refused: %s. %s" % (act.target.id, error, act.still_serving()), **facts)


def _put_back(act, error):
    """Bring the old release back after a switch; returns the error that tells how that went."""
    facts = dict(getattr(error, "facts", {}))
    if act.old is None:
        act.stand_down()
        return Down(
            "%s is not healthy: %s. There is no earlier release to go back to: the service is stopped"
            % (act.target.id, error),
            **facts,
        )
    try:
        with act.phase("put_back"):
            act.wanted.strategy.put_back(act)
    except (SlipwayError, OSError) as second:
        facts["evidence_of_old"] = getattr(second, "facts", {}).get("evidence")
        return Down(
            "%s is not healthy: %s. Putting %s back failed too: %s. NOTHING HEALTHY IS RUNNING on this host"
            % (act.target.id, error, act.old.id, second),
            **facts,
        )
    act.actions.append("put %s back" % act.old.id)
    return Reverted(
        "%s is not healthy: %s. %s was put back and is healthy" % (act.target.id, error, act.old.id), **facts
    )


class Act:
    """One deploy under way: what it knows, the steps that strategies are made of, and what it did so far."""

    def __init__(self, wanted, target, seen):
        self.wanted = wanted
        self.app = wanted.app
        self.layout = wanted.layout
        self.target = target
        self.look = seen
        self.started_from = seen.live
        self.journal = Journal(self.layout.journal)
        self.outcomes = self.journal.outcomes()
        self.old = self._release(to_put_back(seen.live, seen.previous, target.id, self.outcomes))
        self.switched = False
        self.started_at = 0.0
        self.verdict = None
        self.phases = {}
        self.actions = []
        self.warnings = []

    def _release(self, release_id):
        release = self.look.releases.get(release_id)
        return existing(release, self.journal.health_of(release_id)) if release else None

    # --- steps -----------------------------------------------------------------------------------------------------

    def stage(self, decision, payload):
        """Put the release into releases/, complete or not at all."""
        if decision.stage is None:
            return
        with self.phase("stage"), self.refusing():
            stage.stage(self.wanted, self.target, self.look.donor, payload)
        self.actions.append("staged %s" % self.target.id)

    def preflight(self, staged):
        """Everything that can be known to be wrong before the live service is touched."""
        with self.phase("preflight"), self.refusing():
            self.check_strategy()
            preflight.check(
                self.target, known_units=self.old.units if self.old else {}, unit_dir=self.layout.unit_dir
            )
            if (
                self.wanted.allowed_signers and not staged
            ):  # what was staged just now was verified before it got its name
                signature.verify(self.layout.path_of(self.target.id), self.wanted.allowed_signers)

    def check_strategy(self):
        """Refuse to take over where that could not be done without a gap that nobody asked for, or where nothing leads back."""
        if self.wanted.confirm_within and self.old and self.old.strategy != self.wanted.strategy.NAME:
            raise SlipwayError(
                "confirm_within cannot go together with a change of strategy: %s is live with %s, and no rollback leads from %s to that. "
                "Change the strategy without it first"
                % (self.old.id, self.old.strategy, self.wanted.strategy.NAME)
            )
        if self.old and self.old.strategy not in self.wanted.strategy.REPLACES:
            raise SlipwayError(
                "%s is live with the strategy %s, and %s cannot take over from that. Stay with it, or take the app off this host first, "
                "with state: absent" % (self.old.id, self.old.strategy, self.wanted.strategy.NAME)
            )

    def check_port(self, unit_name, port=None):
        """Refuse to start where a stranger holds the port."""
        if port or self.wanted.port:
            preflight.check_port(port or self.wanted.port, unit_name, self.look.unit["MainPID"])

    def smoke(self):
        """Run the new binary beside the live one first; a release that has been good here before needs no proof."""
        reason = smoke.why_not(self.wanted, self.wanted.check_for(self.target))
        if self.outcomes.get(self.target.id) == "ok":
            reason = "%s has served here before" % self.target.id
        if reason:
            self.actions.append("no smoke run: %s" % reason)
            return
        with self.phase("smoke"):
            smoke.run(self.wanted, self.target, self.layout.release(self.target.id))
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
            or self.look.unit.get("NeedDaemonReload") == "yes"
        ):
            unit_file.daemon_reload()
            self.actions.append("installed %s" % ", ".join(sorted(target.units)))

    def previous_after_success(self):
        """What `previous` names once the target is live: what was live before, if that was another release."""
        return self.old.id if self.old else self.look.previous

    def previous_after_putting_back(self):
        """What `previous` names once the old release is back: what it named before, if that is another release."""
        return self.look.previous if self.look.previous != self.old.id else None

    def start(self, unit_name, enable=True):
        """Start or restart, and let systemd start it at boot."""
        self.started_at = time.time()
        with self.phase("start"):
            systemd.start(unit_name)
            if enable and self.look.unit["UnitFileState"] != "enabled":
                systemd.enable(unit_name)
        self.actions.append("restarted %s" % unit_name)

    def start_again(self, unit_name):
        """Start what was live before, unless it was never stopped: then it serves, and where links could not be put back a start would stop it for good."""
        pid = systemd.show(unit_name)["MainPID"]
        if pid and pid == self.look.unit["MainPID"] and self.look.running_release == self.old.id:
            self.actions.append("%s was never stopped" % unit_name)
        else:
            self.start(unit_name)

    def judge(self, target, unit_name, port=None, hold=True):
        """Raise where the release is not healthy; ``hold``: it must also stay so for ``min_healthy``."""
        with self.phase("judge"):
            check = self.wanted.check_for(target, port=port)
            if not hold:
                check = check.replace(min_healthy=0.0)
            release = self.layout.release(target.id)
            self.verdict = judge.judge_release(
                check, release, target.names, unit_name, self.layout, self.started_at
            )

    def stand_down(self):
        """After a failed first deploy: no link and no process claims that something serves, nor after the next boot."""
        for unit_name in self.wanted.strategy.services(self.app):
            with contextlib.suppress(SlipwayError):
                systemd.stop(unit_name)
                systemd.disable(unit_name)
        try:
            self.layout.point("current", None)
        except OSError as error:
            self.warnings.append("current still names %s: %s" % (self.target.id, error))

    def prune(self):
        """Remove what nobody would go back to; a failure here is a warning, never a failed deploy."""
        try:
            removed = prune.prune(self.layout, self.journal.outcomes(), self.wanted.keep, self.target.id)
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
            raise _rejected(self, error) from error

    def record(self, outcome, message):
        """One line in the journal. A disk that is full now must not make a failure of a deploy that went well."""
        kind = "stage" if self.wanted.state == "staged" else "rollback" if self.wanted.release else "deploy"
        entry = {
            "act": kind,
            "actor": self.wanted.actor,
            "deploy_id": self.wanted.deploy_id,
            "from": self.started_from,
            "to": self.target.id,
            "outcome": outcome,
            "message": message[:2000],
            "phases": self.phases,
            "ready_ms": self.ready_ms,
            "health": self.wanted.options_for(self.target),
        }
        try:
            self.journal.append(entry)
        except OSError as error:
            self.warnings.append("The journal could not be written: %s" % error)

    @property
    def ready_ms(self):
        return self.verdict.ready_ms if self.verdict else None

    def still_serving(self):
        """The half sentence that the person on call needs first."""
        if self.look.unit["ActiveState"] == "active" and self.look.running_release:
            return "%s still serves, untouched" % self.look.running_release
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


def _label(wanted):
    if wanted.release:
        return wanted.release
    return ", ".join(sorted({artifact["version"] for artifact in wanted.artifacts}))
