# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a deploy leaves in the history: its own entry, and one for each release that it ends as a bad one."""

from __future__ import annotations

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from .steps import Deployment

MAX_MESSAGE = 2000


def record(deployment: Deployment, outcome: str, message: str) -> None:
    """Append to the history. If the disk is full now, a deploy that went well has still not failed."""
    request = deployment.request
    entry = {
        "act": _kind(request),
        "actor": request.actor,
        "deploy_id": request.deploy_id,
        "from": deployment.started_from,
        "to": deployment.target.id,
        "outcome": outcome,
        "message": (message or _share_given(request))[:MAX_MESSAGE],
        "phases": deployment.phases,
        "ready_ms": deployment.ready_ms,
        "health": request.health_options_for(deployment.target),
    }
    try:
        for release_id, reason in _ended(deployment, outcome):
            # From now on it is none of the good ones.
            bad = dict(entry, act="deploy", to=release_id, outcome="reverted", phases={}, ready_ms=None)
            deployment.history.append(dict(bad, message=reason[:MAX_MESSAGE]))
        deployment.history.append(entry)
    except OSError as error:
        deployment.warnings.append("The history could not be written: %s" % error)


def _kind(request):
    if request.state == "staged":
        return "stage"
    return "share" if request.share else "rollback" if request.release else "deploy"


def _share_given(request):
    return "%d%% of requests" % request.share if request.share else ""


def _ended(deployment, outcome):
    """The releases that go, each with the reason; none if the old one did not become live again."""
    request, share = deployment.request, deployment.share if deployment.share_ends else None
    because = ": " + request.reason if request.reason else ""
    if request.reverts and deployment.old and outcome == "ok":
        yield deployment.old.id, "rolled back with its rollout" + because
    if share and share.release and outcome == "ok":
        yield share.release, "its share of %d%% of requests was ended%s" % (share.percent, because)
