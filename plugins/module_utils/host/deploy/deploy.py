# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deploy one release on one host: observe, plan, stage, activate and wait until it is healthy, or roll back.

Read this first. ``steps.py`` has the steps, ``strategies/`` how a new release takes over from the old one.
"""

from __future__ import annotations

import contextlib

from ...common.errors import Rejected, SlipwayError
from ..releases import lease, metrics
from ..system import lock
from . import confirm
from .preview import observe
from .put_back import put_back
from .record import record
from .request import Request
from .steps import Deployment, rejected

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from typing import BinaryIO


def apply(options: dict, stream: BinaryIO) -> dict:
    """Bring the host to the requested state; the result of slipway.golang.release."""
    deployment = deploy(Request(options), stream if options.get("payload") else None)
    return dict(
        deployment.facts(),
        changed=bool(deployment.actions),
        outcome="ok",
        unconfirmed=_is_unconfirmed(deployment),
    )


def _is_unconfirmed(deployment):
    """Whether the release is live, and waits to be confirmed. One that has a share is not live yet."""
    return deployment.layout.is_pending() and not deployment.request.share


def deploy(request: Request, payload: BinaryIO | None) -> Deployment:
    """Bring the host to the requested state. ``payload`` is the artifact, if it was sent."""
    note = {"actor": request.actor, "deploy_id": request.deploy_id, "to": _label(request)}
    with contextlib.ExitStack() as stack:
        with _rejecting_os_errors(request):
            request.layout.create()
            stack.enter_context(lock.held(request.layout.lock, note, request.lock_wait))
            request.layout.sweep()
            target, state, plan = observe(request)
            _refuse_stale_plan(request, target, state)
            deployment = Deployment(request, target, state)
        if _is_late(request, state):
            confirm.disarm(request.layout)
        elif plan.changed:
            if request.fencing_token:
                lease.check_fencing_token(request.layout, request.fencing_token)
            _carry_out(deployment, plan, payload)
    return deployment


@contextlib.contextmanager
def _rejecting_os_errors(request):
    """A directory that cannot be read or written is noticed before anything is done."""
    try:
        yield
    except OSError as error:
        raise Rejected(
            "%s cannot be deployed to: %s. Nothing was changed" % (request.layout.root, error)
        ) from error


def _refuse_stale_plan(request, target, state):
    """A plan that somebody has read is carried out as it was shown, or not at all.

    The host may have moved meanwhile, by another rollout or by hand. What is there already is no reason: a
    second try of the same finds nothing to do.
    """
    expects = request.expects
    if not expects or state.current == target.id == expects["release"]:
        return
    found = {"release": target.id, "current": state.current}
    for name, words in (
        ("current", "current was %s, and is %s"),
        ("release", "the target was %s, and is %s"),
    ):
        if found[name] != expects[name]:
            was, now = expects[name] or "nothing", found[name] or "nothing"
            raise Rejected(
                "The plan is out of date: %s. Nothing was changed here. Run the deploy again, and read "
                "the new plan" % (words % (was, now))
            )


def _is_late(request, state):
    """Whether this host asks itself for something that has been decided meanwhile."""
    if request.ends_share:
        return state.share is None or state.share.release != request.ends_share
    return bool(request.unless_confirmed) and not _is_still_unconfirmed(request, state)


def _is_still_unconfirmed(request, state):
    """Whether the release that the confirmation deadline was set for still waits for it."""
    return request.layout.is_pending() and state.current == request.unless_confirmed


def _carry_out(deployment, plan, payload):
    """Do what was planned, and record the outcome in the history."""
    outcome, message = "ok", ""
    try:
        if deployment.share_ends:
            deployment.request.strategy.end_share(deployment)  # at once: it may be a bad one
        deployment.stage(plan, payload)
        if plan.activate or (plan.complete and not _complete(deployment)):
            _activate(deployment, staged=bool(plan.stage))
        if plan.activate or plan.complete:
            outcome = "unconfirmed" if _is_unconfirmed(deployment) else "ok"
    except SlipwayError as error:
        outcome, message = error.OUTCOME, str(error)
        error.facts.update(deployment.facts())
        raise
    except BaseException as error:
        outcome, message = "unknown", repr(error)
        raise
    finally:
        record(deployment, outcome, message)
        deployment.warnings += metrics.publish(deployment.layout, deployment.request.textfile)
    if plan.activate or plan.complete:
        deployment.end_adoption()
    deployment.prune()
    deployment.note_verified()


def _complete(deployment):
    """Finish an interrupted deploy without a restart; False if the live release does not stay healthy."""
    strategy = deployment.request.strategy
    try:
        deployment.wait_healthy(
            deployment.target, deployment.state.unit_name, port=strategy.port(deployment.layout)
        )
    except SlipwayError:
        return False
    strategy.retire_leftovers(deployment)
    if deployment.share:
        deployment.install_units(deployment.target)
        confirm.disarm(deployment.layout)
    deployment.actions.append("completed the deploy of %s" % deployment.target.id)
    return True


def _activate(deployment, staged):
    """Hand over to the strategy; if the new release fails, put the old one back."""
    deployment.preflight(staged)
    if deployment.request.share:
        _give_share(deployment)
        return
    deployment.keep_foreign()
    try:
        # While there is a share, the timer is to end it if this is interrupted.
        if deployment.layout.is_pending() and not deployment.share:
            confirm.disarm(deployment.layout)
        deployment.request.strategy.go_live(deployment)
        if deployment.share:
            confirm.disarm(deployment.layout)
        if deployment.request.confirm_within and deployment.old:
            confirm.arm(deployment)
    except (SlipwayError, OSError) as error:
        if deployment.share:
            confirm.disarm(deployment.layout)
        if not deployment.switched:
            deployment.leave_foreign()
            raise rejected(deployment, error) from error
        raise put_back(deployment, error) from error


def _give_share(deployment):
    """Give the release a share of the requests. If it fails, or nobody goes on, the old one has all again."""
    with deployment.rejecting():
        deployment.request.strategy.require_share(deployment)
        confirm.arm(deployment)
        try:
            deployment.request.strategy.give_share(deployment)
        except BaseException:
            confirm.disarm(deployment.layout)
            raise


def _label(request):
    """What is deployed, for those who wait for the lock."""
    if request.release:
        return request.release
    return ", ".join(sorted({artifact["version"] for artifact in request.artifacts}))
