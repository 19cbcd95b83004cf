# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One deploy in progress: the steps that strategies are made of, and what was done so far.

What only some steps need is imported there, as a plan also makes a Deployment, to check ahead.
"""

from __future__ import annotations

import contextlib
import os
import time

from ...common.errors import Rejected, SlipwayError
from ..releases import prune, verified
from ..releases.history import History
from ..releases.layout import Release
from ..systemd import systemctl, unit_file
from . import adopt, preflight
from .put_back import to_put_back
from .target import existing

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from typing import BinaryIO, Iterator

    from .plan import Plan
    from .request import Request
    from .state import HostState
    from .target import Target


def rejected(deployment: Deployment, error: BaseException) -> Rejected:
    """The error for what goes wrong before the switch: it also says what still serves."""
    facts = dict(getattr(error, "facts", {}))
    message = "%s was refused: %s. %s" % (deployment.target.id, error, deployment.still_serving())
    return Rejected(message, **facts)


class Deployment:
    """One deploy in progress. Strategies are made of its steps."""

    def __init__(self, request: Request, target: Target, state: HostState):
        self.request = request
        self.app = request.app
        self.layout = request.layout
        self.target = target
        self.state = state
        self.started_from = state.live
        self.history = History(self.layout.history)
        self.outcomes = self.history.outcomes()
        self.adoption = state.adoption if self.outcomes.get(state.current) != "ok" else None
        self.adopted_pid = adopt.own_pid(self.layout) if self.is_adopting else 0
        self.old = self._old_release()
        self.switched = False
        self.share = state.share
        self.runs_already = False
        self.server = None
        self.started_at = 0.0
        self.verdict = None
        self.phases: dict[str, int] = {}
        self.actions: list[str] = []
        self.warnings: list[str] = []

    @property
    def is_adopting(self) -> bool:
        """Whether the target takes the place of a service that is not Slipway's."""
        return bool(self.adoption or self.state.foreign)

    def _old_release(self):
        if self.is_adopting:
            return None  # no release was healthy here since
        live, previous = self.state.live, self.state.previous
        return self._release(to_put_back(live, previous, self.target.id, self.outcomes))

    def _release(self, release_id):
        release = self.state.releases.get(release_id)
        return existing(release, self.history.health_of(release_id)) if release else None

    # --- steps
    # --------------------------------------------------------------------------------------------------

    def stage(self, plan: Plan, payload: BinaryIO | None) -> None:
        """Put the release into releases/, complete or not at all."""
        if plan.stage is None:
            return
        from ..artifact import stage

        with self.phase("stage"), self.rejecting():
            stage.stage(self.request, self.target, self.state.donor, payload)
        self.actions.append("staged %s" % self.target.id)

    def preflight(self, staged: bool) -> None:
        """Check everything that can be known to be wrong before the live service is touched."""
        with self.phase("preflight"), self.rejecting():
            self._preflight()
            # What was staged just now was verified before it got its name.
            if self.request.allowed_signers and not staged:
                from ..artifact import signature

                signature.verify(self.layout.path_of(self.target.id), self.request.allowed_signers)

    def check_ahead(self) -> list[str]:
        """Refuse what ``preflight`` and the strategy would refuse. Nothing is staged yet.

        Returns what would be done to which unit.
        """
        with self.rejecting():
            self._preflight()
            self.request.strategy.require(self)
            return self.request.strategy.planned(self)

    def planned_start(self, unit_name: str) -> str:
        """What ``start`` comes to, given what runs now."""
        runs = self.state.unit["ActiveState"] == "active"
        return "%s %s" % ("restart" if runs else "start", unit_name)

    def _preflight(self):
        self.check_strategy()
        known_units = self.old.units if self.old else {}
        preflight.check(self.target, known_units=known_units, unit_dir=self.layout.unit_dir)

    def keep_foreign(self) -> None:
        """Keep what is not Slipway's, before anything takes its place."""
        if self.state.foreign is None:
            return
        with self.phase("adopt"), self.rejecting():
            self.adoption = adopt.keep(self.layout, self.state.foreign, self.request.actor)
        self.actions.append("kept %s in %s" % (self.adoption.service, self.layout.adopted))

    def leave_foreign(self) -> None:
        """The release was refused: what is not Slipway's serves on, and a later run decides anew."""
        if self.state.foreign is not None and self.adoption:
            with contextlib.suppress(OSError):
                self.adoption.mark(adopt.REJECTED)

    def end_adoption(self) -> None:
        """The release is healthy: what was kept stays as evidence. If that fails, the next run does it."""
        adoption = self.adoption or self.state.adoption
        if adoption:
            try:
                adoption.mark(adopt.DONE)
            except OSError as error:
                self.warnings.append("The adoption could not be recorded: %s" % error)

    def check_strategy(self) -> None:
        """Refuse a change of strategy that needs a gap in service, or from which no rollback leads back."""
        strategy = self.request.strategy
        if self.request.confirm_within and self.old and self.old.strategy != strategy.NAME:
            option = "slipway_confirm_within_seconds (option confirm_within)"
            raise SlipwayError(
                "%s cannot be used with a change of strategy: %s is live with %s, and %s cannot roll back to "
                "that. Change the strategy without it first"
                % (
                    "slipway_shares (option share)" if self.request.share else option,
                    self.old.id,
                    self.old.strategy,
                    strategy.NAME,
                )
            )
        if self.old and self.old.strategy not in strategy.REPLACES:
            raise SlipwayError(
                "%s is live with the strategy %s, and %s cannot take over from that. Keep it with "
                "slipway_strategy: %s (option strategy), or remove the app from this host first, with the "
                "playbook slipway.golang.remove (option state: absent)"
                % (self.old.id, self.old.strategy, strategy.NAME, self.old.strategy)
            )

    def _staged(self, target: Target) -> Release:
        release = self.layout.release(target.id)
        if release is None:
            raise SlipwayError("%s is damaged or gone" % self.layout.path_of(target.id))
        return release

    def check_port(self, unit_name: str, port: int | None = None) -> None:
        """Refuse to start if another process has the port."""
        port = port or self.target.port or self.request.port
        if port:
            preflight.check_port(port, unit_name, self.state.unit["MainPID"])

    def smoke_test(self) -> None:
        """Run the new binary beside the live one first, unless this release has been healthy here before."""
        from . import smoke_test

        reason = smoke_test.reason_to_skip(self.request, self.request.check_for(self.target))
        if self.outcomes.get(self.target.id) == "ok":
            reason = "%s has served here before" % self.target.id
        if reason:
            self.actions.append("no smoke test: %s" % reason)
            return
        with self.phase("smoke"):
            smoke_test.run(self.request, self.target, self._staged(self.target))
        self.actions.append("smoke test passed")

    def switch(self, target: Target, previous: str | None) -> None:
        """Let links and unit files name a release. From here on a failure means a rollback."""
        self.switched = True
        with self.phase("switch"):
            self.layout.point("previous", previous)
            self.layout.point("current", target.id)
            self.install_units(target)
        self.actions.append("current -> %s" % target.id)

    def switch_back(self, previous: str | None) -> None:
        """The same for the old release, as far as the host allows: what fails is a warning.

        The old release has to be started in any case; the health check then says whether it serves.
        """
        with self.phase("switch"):
            with self._warning():
                self.layout.point_back(self.old.id, previous)
            with self._warning():
                self.install_units(self.old)
        self.actions.append("current -> %s" % self.layout.current())

    @contextlib.contextmanager
    def _warning(self):
        try:
            yield
        except (SlipwayError, OSError) as error:
            self.warnings.append("While rolling back to %s: %s" % (self.old.id, error))

    def install_units(self, target: Target) -> None:
        self.keep_edited(target)
        changed = unit_file.install(target.units, self.layout.unit_dir)
        if changed or self.state.unit.get("NeedDaemonReload") == "yes":
            unit_file.daemon_reload()
            self.actions.append("installed %s" % ", ".join(sorted(target.units)))

    def remove_unit(self, unit_name: str) -> None:
        """Remove the unit file of a strategy that is not live any more, so that nobody starts it."""
        path = os.path.join(self.layout.unit_dir, unit_name)
        if os.path.lexists(path):
            self._keep_edited(unit_name)
            unit_file.remove(unit_name, self.layout.unit_dir)
            unit_file.daemon_reload()
            self.actions.append("removed %s" % path)
        if systemctl.show(unit_name)["LoadState"] == "loaded":
            self.warnings.append(
                "%s is still installed elsewhere, perhaps by a package. It is stopped and disabled; "
                "started by hand, it would take a port of %s" % (unit_name, self.app)
            )

    def keep_edited(self, target: Target) -> None:
        """Keep what somebody edited in the unit files that are about to be installed."""
        for name in unit_file.differences(target.units, self.layout.unit_dir):
            self._keep_edited(name)

    def _keep_edited(self, unit_name):
        copy = adopt.keep_edited(self.layout, self.state.releases, unit_name)
        if copy:
            path = os.path.join(self.layout.unit_dir, unit_name)
            self.actions.append("kept the edited %s as %s" % (path, copy))

    def previous_after_success(self) -> str | None:
        """What `previous` names once the target is live: what a rollback is to go to, so a good release.

        It is the one that was live before. Where that turned out to be bad, it is the newest good one.
        """
        if not self.old:
            return self.state.previous
        if not self.request.reverts:
            return self.old.id
        good = [release for release, outcome in self.outcomes.items() if outcome == "ok"]
        good = [release for release in good if release in self.state.releases]
        others = [release for release in good if release not in (self.old.id, self.target.id)]
        return self.state.previous if self.state.previous in others else (others or [None])[-1]

    def previous_after_putting_back(self) -> str | None:
        """What `previous` names after a rollback: what it named before, if that is another release."""
        return self.state.previous if self.state.previous != self.old.id else None

    def start(self, unit_name: str, enable: bool = True) -> None:
        """Start or restart a unit, and let systemd start it at boot."""
        self.started_at = time.time()
        with self.phase("start"):
            with self._explaining_start(unit_name):
                systemctl.start(unit_name, ready_within=self._longest_start())
            if enable and (self.is_adopting or self.state.unit["UnitFileState"] != "enabled"):
                systemctl.enable(unit_name)
        self.actions.append("restarted %s" % unit_name)

    @contextlib.contextmanager
    def _explaining_start(self, unit_name):
        """Add the journal to a failed start, and end it: systemd would run the release's commands again.

        An old release that does not start is left to systemd, which may succeed later.
        """
        try:
            yield
        except SlipwayError as error:
            from . import health_gate

            error.facts.setdefault("evidence", health_gate.evidence(unit_name, None, self.started_at))
            if self.layout.current() == self.target.id:
                with contextlib.suppress(SlipwayError):
                    if systemctl.show(unit_name)["ActiveState"] == "activating":
                        systemctl.stop(unit_name)
            raise

    def _longest_start(self):
        """How many seconds a process has to report that it is ready, if its unit is of Type=notify."""
        targets = [self.target] + ([self.old] if self.old else [])
        return max(self.request.check_for(target).deadline for target in targets)

    def start_again(self, unit_name: str) -> None:
        """Start what was live before, unless it was never stopped.

        If it was not, it still serves; and if the links could not be put back, a restart would end it for
        good.
        """
        if self._was_never_stopped(systemctl.show(unit_name)):
            self.actions.append("%s was never stopped" % unit_name)
        else:
            self.start(unit_name)

    def _was_never_stopped(self, unit):
        """Whether the process of the old release still runs. One that is being stopped is about to end."""
        return (
            unit["MainPID"] != 0
            and unit["MainPID"] == self.state.unit["MainPID"]
            and unit["ActiveState"] != "deactivating"
            and self.state.running_release == self.old.id
        )

    def wait_healthy(
        self, target: Target, unit_name: str, port: int | None = None, hold: bool = True
    ) -> None:
        """Raise if the release is not healthy; ``hold``: it must also stay so for ``min_ready_seconds``."""
        from . import health_gate

        with self.phase("health"):
            check = self.request.check_for(target, port=port)
            if not hold:
                check = check.replace(min_ready_seconds=0.0)
            release = self._staged(target)
            try:
                self.verdict = health_gate.wait_release_healthy(
                    check,
                    release,
                    target.names,
                    unit_name,
                    self.layout,
                    self.started_at,
                    # What is to go live was hashed when it was staged, or to find out that it is here.
                    is_verified=target is self.target,
                )
            except health_gate.Unhealthy as error:
                health_gate.explain(error, self.request, check.port, smoke=False)
                raise

    def stand_down(self) -> None:
        """After a failed first deploy: no link and no process claims to serve, also after the next boot."""
        for unit_name in self.request.strategy.services(self.app):
            with contextlib.suppress(SlipwayError):
                systemctl.stop(unit_name)
                systemctl.disable(unit_name)
        try:
            self.layout.point("current", None)
        except OSError as error:
            self.warnings.append("current still names %s: %s" % (self.target.id, error))

    def prune(self) -> None:
        """Remove releases that nobody would roll back to; a failure is a warning, never a failed deploy."""
        used = [self.target.id, *([self.share.release] if self.share else [])]
        try:
            removed = prune.prune(self.layout, self.history.outcomes(), self.request.keep, used)
        except OSError as error:
            self.warnings.append("Old releases could not be removed: %s" % error)
        else:
            self.actions.extend("pruned %s" % release_id for release_id in removed)

    def note_verified(self) -> None:
        """The target was hashed in this run: spare the next plan that."""
        release = self.layout.release(self.target.id)
        if release:
            verified.note(self.layout, release)

    # --- results
    # ------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure a step, in milliseconds."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.phases[name] = self.phases.get(name, 0) + int((time.monotonic() - start) * 1000)

    @contextlib.contextmanager
    def rejecting(self) -> Iterator[None]:
        """Turn what goes wrong before the switch into a Rejected that says what still serves."""
        try:
            yield
        except (SlipwayError, OSError) as error:
            raise rejected(self, error) from error

    @property
    def share_ends(self) -> bool:
        """Whether another release than the one that has a share is to serve."""
        return bool(self.share and self.share.release != self.target.id and self.request.state == "active")

    @property
    def ready_ms(self) -> int | None:
        if self.runs_already:
            return self.history.ready_ms_of(self.target.id)
        return self.verdict.ready_ms if self.verdict else None

    def still_serving(self) -> str:
        """The half sentence that the person on call needs first."""
        running = self.state.serving_release
        if running:
            return "%s still serves, untouched" % running
        if self.adopted_pid:
            return "%s.service still runs, untouched" % self.app
        return "Nothing was serving before, and nothing was started"

    def facts(self) -> dict:
        """The part of the result that success and failure share."""
        return {
            "release": self.target.id,
            "from": self.started_from,
            "current": self.layout.current(),
            "previous": self.layout.previous(),
            "actions": self.actions,
            "phases": self.phases,
            "ready_ms": self.ready_ms,
            "server": self.server,
            "ready_ms_before": self.history.ready_ms_of(self.started_from),
            "warnings": self.warnings,
            "probes": self.verdict.to_dict()["attempts"] if self.verdict else [],
        }
