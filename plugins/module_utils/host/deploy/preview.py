# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Observe and plan without changing anything: all of check mode, and the first half of a deploy."""

from __future__ import annotations

import contextlib

from ...common import canonical, environment
from ...common.errors import Rejected, SlipwayError
from ..releases.history import History
from ..releases.running import listed_digest
from ..system import lock, platform
from ..systemd import foreign
from . import adopt
from .plan import Plan, decide
from .request import Request
from .state import HostState
from .target import Target, existing, target_of

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from ..releases.layout import Layout

# Beside the unpacked bytes: the release's own few files, and room for the file system's blocks.
HEADROOM = 8 << 20


def plan(options: dict, stream) -> dict:
    """What would be done; the result of slipway.golang.release if that is nothing, or in check mode."""
    request = Request(options)
    target, state, decision = observe(request)
    if decision.needs_artifact:
        check_space(request.layout, target)
    actions = _check_ahead(request, target, state, decision) if options.get("check") else []
    to_confirm = request.layout.is_pending() and not decision.changed
    return {
        "changed": decision.changed or to_confirm,
        "needs_artifact": decision.needs_artifact,
        "outcome": "ok",
        "actions": actions,
        "reasons": ["it was never confirmed"] if to_confirm else decision.reasons + _adopted(state, decision),
        "artifact": target.artifact["digest"] if target.artifact else None,
        "release": target.id,
        "from": state.current,
        "current": state.current,
        "previous": state.previous,
        "diff": difference(target, state, decision),
        "migrations": History(request.layout.history).migrations(target.id),
        "here": _artifacts(state) if decision.needs_artifact else [],
        "healthy": state.live_problem() is None if options.get("report_health") else None,
        "binaries": _binaries(state) if decision.needs_artifact else {},
        "host": {"goarch": platform.goarch(), "free_bytes": platform.free_bytes(request.layout.root)},
    }


def _artifacts(state):
    """The digests of the artifacts that the releases here were made from, that of the current one first."""
    order = sorted(state.releases.values(), key=lambda release: release.id != state.current)
    return list(dict.fromkeys(release.artifact for release in order))


def _binaries(state):
    """Binary to artifact, both as digests: what has the same binary needs no transfer of it."""
    found = {}
    for release in state.releases.values():
        with contextlib.suppress(SlipwayError, KeyError):  # damaged
            found[listed_digest(release)] = release.artifact
    return found


def _check_ahead(request, target, state, decision):
    """Refuse in check mode what apply would refuse before it starts anything; a migration relies on that.

    Returns which units would be started and stopped.
    """
    if decision.changed and not request.lock_wait:
        lock.refuse_held(request.layout.lock)
    if decision.activate:
        from .steps import Deployment  # here, as no other plan needs it

        return Deployment(request, target, state).check_ahead()
    return []


def observe(request: Request) -> tuple[Target, HostState, Plan]:
    """The target, the host's state and the plan. Read-only, and it works on a host that was never set up."""
    request.layout.refuse_other_tree()
    releases = request.layout.releases()
    target = target_of(request, releases)
    state = HostState(request, target, releases)
    if request.state == "active":
        adopt.check(request, target, state)
    return target, state, decide(state, target, activate=request.state == "active")


def _adopted(state, decision):
    if not decision.activate or state.foreign is None:
        return []
    return ["it takes over %s" % state.foreign.described()]


def check_space(layout: Layout, target: Target) -> None:
    """Refuse, before the transfer, an artifact that would fill the disk."""
    artifact = target.artifact or {}
    free, needed = platform.free_bytes(layout.root), artifact["unpacked_size"] + HEADROOM
    if free < needed:
        raise Rejected(
            "%s was refused: %s has %d MB free, and the release needs %d MB. "
            "Nothing was changed. Free some space, or lower slipway_keep (option keep)"
            % (target.id, layout.root, free >> 20, (needed >> 20) + 1)
        )


def difference(target: Target, state: HostState, decision: Plan) -> dict:
    """What would change, for --diff: a small text, and never a value of the environment."""
    if not decision.changed:
        return {"before": "", "after": ""}
    old = existing(state.releases[state.current], None) if state.current in state.releases else None
    before = _describe(state.current, old, target, "old")
    if decision.activate:
        before += foreign.shown(state.foreign) if state.foreign else ""
        return {"before": before, "after": _describe(target.id, target, old, "new")}
    return {"before": before, "after": _describe(state.current, old, old, "new")}


def _describe(current, release, other, age):
    """The lines of one side of the diff. ``age`` marks the values that the other side has not."""
    if release is None:
        return "current -> %s\n" % (current or "nothing")
    values = environment.parse(release.environment)
    others = environment.parse(other.environment) if other else {}
    lines = ["current -> %s" % current]
    for key in sorted(values):
        mark = "same" if others.get(key) == values[key] else age
        lines.append("%s=(%s value, hidden)" % (key, mark))
    # Only the digests: a configuration file may have secrets too.
    for path, text in sorted(release.config.items()):
        lines.append("config/%s=(sha256 %s)" % (path, canonical.sha256(text)[:12]))
    return "\n".join(lines) + "\n" + "".join("\n# %s\n%s" % item for item in sorted(release.units.items()))
