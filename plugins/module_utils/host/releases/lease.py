# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lease on an app: one rollout at a time over a whole fleet.

One host of the fleet keeps the lease, and it lapses unless it is renewed. A lock would end with the
connection, and a rollout is many of them. Every new owner gets a higher number, the fencing token: hosts
that a newer rollout has been to refuse an older one that goes on after its lease has lapsed.
"""

from __future__ import annotations

import json
import os
import time

from ...common.errors import InvalidInput, SlipwayError
from ...common.limits import SHORTEST_LEASE
from ..system import lock
from ..system.clock import timestamp
from ..system.files import read_text, remove, replace
from .layout import Layout

POLL_SECONDS = 0.5
LOCK_WAIT = 10


class LeaseTaken(SlipwayError):
    """Another rollout has the lease, or this one lost it. ``owner`` in the facts says who has it."""


def acquire_lease(request: dict, stream) -> dict:
    """Take the lease, or renew it if ``id`` has it; waits up to ``wait`` seconds for another owner."""
    layout = Layout(request["name"], request.get("root"))
    if request["ttl"] < SHORTEST_LEASE:
        raise InvalidInput("ttl", request["ttl"], "use %d seconds or more" % SHORTEST_LEASE)
    deadline = time.monotonic() + request["wait"]
    while True:
        layout.create()
        with _locked(layout):
            record = _read(layout)
            # Whoever had it may have removed the app meanwhile, and the lock's file with it.
            if not _is_taken(record, request) and os.path.lexists(layout.lease + ".lock"):
                return _write(layout, record, request)
        if time.monotonic() >= deadline:
            raise _refusal(layout, record, request)
        time.sleep(POLL_SECONDS)


def release_lease(request: dict, stream) -> dict:
    """Release the lease, so that the next rollout can take it at once. Another owner keeps it."""
    layout = Layout(request["name"], request.get("root"))
    if not os.path.lexists(layout.lease):
        return {"changed": False, "outcome": "ok"}
    with _locked(layout):
        record = _read(layout)
        mine = record.get("id") == request["id"]
        if mine and request.get("forget") and is_alone(layout):
            remove(layout.root)
        elif mine:
            _store(layout, dict(record, id="", expires=0))
    return {"changed": mine, "outcome": "ok"}


def is_alone(layout: Layout) -> bool:
    """Whether the app's directory is there for a lease only: the app is not on this host, or is removed."""
    files = (layout.lease, layout.lease + ".lock", layout.fencing_token, layout.lock)
    directories = (layout.releases_dir, layout.incoming)
    try:
        found = {os.path.join(layout.root, name) for name in os.listdir(layout.root)}
        full = any(os.listdir(path) for path in directories if os.path.isdir(path))
    except OSError:
        return False
    return layout.lease in found and found <= {*files, *directories} and not full


def check_fencing_token(layout: Layout, token: int) -> None:
    """Refuse a rollout if a newer one has been here; remember the newest token."""
    newest = _newest_token(layout)
    if token < newest:
        raise SlipwayError(
            "A newer rollout of %s has been to this host: its fencing token is %d, and that of this rollout "
            "is %d, because its lease has lapsed. Nothing was changed. Deploy again to replace the newer one"
            % (layout.app, newest, token)
        )
    if token > newest:
        replace(layout.fencing_token, b"%d\n" % token, 0o600)


def _is_taken(record, request):
    if not record.get("id") or record["id"] in (request["id"], request.get("instead_of")):
        return False
    left = record["expires"] - time.time()
    return 0 < left <= record["ttl"]  # more than the whole ttl: the clock was set back


def _write(layout, record, request):
    renewed = record.get("id") == request["id"]
    if request["renew"] and not renewed:
        raise _refusal(layout, record, request)
    owner = {key: request[key] for key in ("id", "actor", "description", "process")}
    term = {"ttl": request["ttl"], "expires": time.time() + request["ttl"]}
    if renewed:
        term.update(since=record["since"], counter=record["counter"])
    else:
        term.update(since=timestamp(), counter=_next_counter(layout, record))
    _store(layout, dict(owner, **term))
    return {"changed": not renewed, "outcome": "ok", "id": request["id"], "counter": term["counter"]}


def _next_counter(layout, record):
    """Numbers from the clock can be compared even if another host of the fleet keeps the lease now."""
    return max(record.get("counter", 0) + 1, _newest_token(layout) + 1, int(time.time()))


def _refusal(layout, record, request):
    if not record.get("id"):
        return LeaseTaken("The lease of this rollout of %s has lapsed. Start the rollout again" % layout.app)
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record["expires"]))
    message = (
        "Another rollout of %s is in progress: %s, by %s, since %s. Its lease ends at %s unless it is renewed"
        % (layout.app, record["description"], record["actor"], record["since"], until)
    )
    hint = (
        "Wait until it ends; slipway_lease_wait_seconds does so here. "
        "If you know that it is dead: rm %s on this host" % layout.lease
    )
    return LeaseTaken(message, owner=record, hint=hint)


def _locked(layout):
    return lock.held(layout.lease + ".lock", {"to": "the lease"}, LOCK_WAIT)


def _read(layout):
    """What the lease file says; nothing if it is absent or damaged."""
    try:
        record = json.loads(read_text(layout.lease))
        ends = record["expires"] + record.get("ttl", 0)
        is_valid = isinstance(record["counter"], int) and isinstance(ends, (int, float))
        return record if is_valid else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _store(layout, record):
    replace(layout.lease, (json.dumps(record, sort_keys=True) + "\n").encode("utf-8"), 0o600)


def _newest_token(layout):
    try:
        return int(read_text(layout.fencing_token))
    except (OSError, ValueError):
        return 0
