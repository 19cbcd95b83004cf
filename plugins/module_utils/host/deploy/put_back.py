# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put the old release back when the new one is unhealthy after the switch: which one, and how that ended."""

from __future__ import annotations

from ...common.errors import SlipwayError
from . import adopt


class Reverted(SlipwayError):
    """The new release was not healthy; the old one is live again and healthy."""

    OUTCOME = "reverted"


class Down(SlipwayError):
    """The new release was not healthy, and there is no healthy old one."""

    OUTCOME = "down"


def to_put_back(current: str | None, previous: str | None, target: str, outcomes: dict) -> str | None:
    """The id of the release to roll back to if the target fails; None if there is none.

    That is the live release. But if an interrupted deploy left that one live and it was never found
    healthy, it is the release that was live before. A target that is live already and was good once has
    nothing to roll back to: whatever is wrong with it now came from outside.
    """
    if outcomes.get(current) != "ok" and outcomes.get(previous) == "ok" and previous != target:
        return previous
    return current if current != target else None


def put_back(deployment, error):
    """Put the old release back after a switch; returns the error to raise, which says how that ended."""
    facts = dict(getattr(error, "facts", {}))
    reason = "%s is not healthy: %s" % (deployment.target.id, error)
    if deployment.adoption:
        return _put_adopted_back(deployment, reason, facts)
    if deployment.old is None:
        deployment.stand_down()
        return Down(
            "%s. There is no earlier release to roll back to: the service is stopped. Fix it and deploy again"
            % reason,
            **facts,
        )
    try:
        with deployment.phase("put_back"):
            deployment.request.strategy.put_back(deployment)
    except (SlipwayError, OSError) as second:
        facts["evidence_of_old"] = getattr(second, "facts", {}).get("evidence")
        return Down(
            "%s. Rolling back to %s failed too: %s. NOTHING HEALTHY IS RUNNING on this host. "
            "See the journal of the service, then deploy a release that works"
            % (reason, deployment.old.id, second),
            **facts,
        )
    deployment.actions.append("rolled back to %s" % deployment.old.id)
    return Reverted("%s. Rolled back to %s, which is healthy" % (reason, deployment.old.id), **facts)


def _put_adopted_back(deployment, reason, facts):
    """Let the service that was here before run again; returns the error to raise."""
    adoption, kept_in = deployment.adoption, deployment.layout.adopted
    try:
        with deployment.phase("put_back"):
            adopt.put_back(deployment, adoption)
    except (SlipwayError, OSError) as second:
        facts["evidence_of_old"] = getattr(second, "facts", {}).get("evidence")
        return Down(
            "%s. Putting back %s, which ran here before, failed too: %s. NOTHING HEALTHY IS RUNNING on this "
            "host. Its unit is kept in %s: see there and the journal, then deploy a release that works"
            % (reason, adoption.service, second, kept_in),
            **facts,
        )
    if not adoption.active:
        return Down(
            "%s. %s of before was put back. It did not run, and does not now. Fix the release, deploy again"
            % (reason, adoption.service),
            **facts,
        )
    return Reverted(
        "%s. %s of before was put back, runs again, and systemd says that it is active. "
        "Its unit is also kept in %s" % (reason, adoption.service, kept_in),
        **facts,
    )
