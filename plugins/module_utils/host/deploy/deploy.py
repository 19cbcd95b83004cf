# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The story of one deploy on one host: look, decide, stage, go live, judge; or put the old release back.

Read this first; the files beside it are its nouns.
"""

from __future__ import annotations

import contextlib

from ...common.errors import Rejected, SlipwayError
from ..releases import lease
from ..system import lock
from . import confirm
from .preview import observe
from .request import Request
from .steps import Deployment, rejected


class Reverted(SlipwayError):
    """The new release was not healthy; the old one is back and is."""

    OUTCOME = "reverted"


class Down(SlipwayError):
    """The new release was not healthy, and there is no healthy old one."""

    OUTCOME = "down"


def apply(options, stream):
    """Bring the host to what is wanted; the result of slipway.golang.release."""
    deployment = deploy(Request(options), stream if options.get("payload") else None)
    return dict(
        deployment.facts(),
        changed=bool(deployment.actions),
        outcome="ok",
        unconfirmed=deployment.layout.is_pending(),
    )


def deploy(request, payload):
    """Bring the host to what is wanted; returns the Act. ``payload`` is the artifact as a binary stream, or None."""
    note = {"actor": request.actor, "deploy_id": request.deploy_id, "to": _label(request)}
    with contextlib.ExitStack() as alone:
        with _untouched(request):
            request.layout.create()
            alone.enter_context(lock.held(request.layout.lock, note, request.lock_wait))
            request.layout.sweep()
            target, state, plan = observe(request)
            deployment = Deployment(request, target, state)
        if request.unless_confirmed and not (
            request.layout.is_pending() and state.current == request.unless_confirmed
        ):
            confirm.disarm(request.layout)
        elif plan.changed:
            if request.fencing_token:
                lease.check_fencing_token(request.layout, request.fencing_token)
            _carry_out(deployment, plan, payload)
    return deployment


@contextlib.contextmanager
def _untouched(request):
    """A tree that cannot be read or written is found before anything is done."""
    try:
        yield
    except OSError as error:
        raise Rejected(
            "%s cannot be deployed to: %s. Nothing was changed" % (request.layout.root, error)
        ) from error


def _carry_out(deployment, plan, payload):
    """Do what was decided, and write down how it ended."""
    outcome, message = "ok", ""
    try:
        deployment.stage(plan, payload)
        if plan.activate:
            _go_live(deployment, staged=bool(plan.stage))
            outcome = "unconfirmed" if deployment.layout.is_pending() else "ok"
    except SlipwayError as error:
        outcome, message = error.OUTCOME, str(error)
        error.facts.update(deployment.facts())
        raise
    except BaseException as error:
        outcome, message = "unknown", repr(error)
        raise
    finally:
        deployment.record(outcome, message)
    deployment.prune()


def _go_live(deployment, staged):
    """Hand over to the strategy; where the new release fails, put the old one back."""
    deployment.preflight(staged)
    try:
        if deployment.layout.is_pending():
            confirm.disarm(deployment.layout)
        deployment.request.strategy.go_live(deployment)
        if deployment.request.confirm_within and deployment.old:
            confirm.arm(deployment)
    except (SlipwayError, OSError) as error:
        if not deployment.switched:
            raise rejected(deployment, error) from error
        raise _put_back(deployment, error) from error


def _put_back(deployment, error):
    """Bring the old release back after a switch; returns the error that tells how that went."""
    facts = dict(getattr(error, "facts", {}))
    if deployment.old is None:
        deployment.stand_down()
        return Down(
            "%s is not healthy: %s. There is no earlier release to go back to: the service is stopped"
            % (deployment.target.id, error),
            **facts,
        )
    try:
        with deployment.phase("put_back"):
            deployment.request.strategy.put_back(deployment)
    except (SlipwayError, OSError) as second:
        facts["evidence_of_old"] = getattr(second, "facts", {}).get("evidence")
        return Down(
            "%s is not healthy: %s. Putting %s back failed too: %s. NOTHING HEALTHY IS RUNNING on this host"
            % (deployment.target.id, error, deployment.old.id, second),
            **facts,
        )
    deployment.actions.append("put %s back" % deployment.old.id)
    return Reverted(
        "%s is not healthy: %s. %s was put back and is healthy"
        % (deployment.target.id, error, deployment.old.id),
        **facts,
    )


def _label(request):
    if request.release:
        return request.release
    return ", ".join(sorted({artifact["version"] for artifact in request.artifacts}))
