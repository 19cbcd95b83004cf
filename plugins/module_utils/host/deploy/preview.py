# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look and decide, and touch nothing: all of a probe, all of check mode, and the first half of a deploy."""

from __future__ import annotations

from ...common import environment
from ...common.errors import Rejected
from ..system import platform
from .plan import decide
from .request import Request
from .state import HostState
from .target import existing, target_of

# Beside the unpacked bytes: the release's own few files, and room for the file system's blocks.
HEADROOM = 8 << 20


def plan(options, stream):
    """What would be done; the result of slipway.golang.release where that is nothing, or in check mode."""
    request = Request(options)
    target, state, decision = observe(request)
    if decision.needs_artifact:
        check_space(request.layout, target)
    waiting = request.layout.is_pending() and not decision.changed
    return {
        "changed": decision.changed or waiting,
        "needs_artifact": decision.needs_artifact,
        "outcome": "ok",
        "reasons": decision.reasons + ["it was never confirmed"] * waiting,
        "artifact": target.artifact["digest"] if target.artifact else None,
        "release": target.id,
        "from": state.current,
        "current": state.current,
        "previous": state.previous,
        "diff": difference(target, state, decision),
        "here": _artifacts(state) if decision.needs_artifact else [],
        "host": {"goarch": platform.goarch(), "free_bytes": platform.free_bytes(request.layout.root)},
    }


def _artifacts(state):
    """The digests of the artifacts that the releases here were made of, that of the current one first."""
    order = sorted(state.releases.values(), key=lambda release: release.id != state.current)
    return list(dict.fromkeys(release.artifact for release in order))


def observe(request):
    """What is, what shall be, and what would be done: read-only, and it works on a host that was never set up."""
    releases = request.layout.releases()
    target = target_of(request, releases)
    state = HostState(request, target, releases)
    return target, state, decide(state, target, activate=request.state == "active")


def check_space(layout, target):
    """Refuse before the transfer what would fill the disk."""
    free, needed = platform.free_bytes(layout.root), target.artifact["unpacked_size"] + HEADROOM
    if free < needed:
        raise Rejected(
            "%s was refused: %s has %d MB free, and the release needs %d MB. Free some, or lower `keep`. Nothing was changed"
            % (target.id, layout.root, free >> 20, (needed >> 20) + 1)
        )


def difference(target, state, decision):
    """What would change, for --diff: small text, and never a value of the environment."""
    if not decision.changed:
        return {"before": "", "after": ""}
    old = existing(state.releases[state.current], None) if state.current in state.releases else None
    return {
        "before": _describe(state.current, old, target, "old"),
        "after": _describe(
            target.id if decision.activate else state.current,
            target if decision.activate else old,
            old,
            "new",
        ),
    }


def _describe(current, release, other, age):
    if release is None:
        return "current -> %s\n" % (current or "nothing")
    values, others = (
        environment.parse(release.environment),
        environment.parse(other.environment) if other else {},
    )
    lines = ["current -> %s" % current]
    lines += [
        "%s=(%s value, hidden)" % (key, "same" if others.get(key) == values[key] else age)
        for key in sorted(values)
    ]
    return "\n".join(lines) + "\n" + "".join("\n# %s\n%s" % item for item in sorted(release.units.items()))
