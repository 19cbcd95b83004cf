# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One rollout of an app at a time over a whole fleet: a lease that one of its hosts keeps, and that lapses when nobody renews it.

A lock would die with the connection, and a rollout is many of them. Every new owner gets a higher number, the fencing token; hosts that a newer
rollout has been to refuse an older one that wakes up after its lease has lapsed.
"""

from __future__ import annotations

import json
import os
import time

from ...common.errors import InvalidInput, SlipwayError
from ..system import lock
from ..system.clock import timestamp
from ..system.files import read_text, remove, sync_directory, write_file
from .layout import Layout

SHORTEST = 10


class Held(SlipwayError):
    """Somebody else has the lease; ``owner`` in the facts says who."""


def acquire_lease(request, stream):
    """Take the lease, or renew it where ``id`` is its owner already; waits ``wait`` seconds for whoever has it."""
    layout = Layout(request["name"], request.get("root"))
    if request["ttl"] < SHORTEST:
        raise InvalidInput("ttl", request["ttl"], "use %d seconds or more" % SHORTEST)
    layout.create()
    deadline = time.monotonic() + request["wait"]
    while True:
        with _alone(layout):
            record = _read(layout)
            if not _is_taken(record, request):
                return _write(layout, record, request)
        if time.monotonic() >= deadline:
            raise _refusal(layout, record, request)
        time.sleep(0.5)


def release_lease(request, stream):
    """Let the next one have it at once. Whose lease has lapsed gives nothing back."""
    layout = Layout(request["name"], request.get("root"))
    if not os.path.lexists(layout.lease):
        return {"changed": False, "outcome": "ok"}
    with _alone(layout):
        record = _read(layout)
        mine = record.get("id") == request["id"]
        if mine:
            _store(layout, dict(record, id="", expires=0))
    return {"changed": mine, "outcome": "ok"}


def check_fencing_token(layout, number):
    """Refuse a rollout that an overtaken lease belongs to; remember the newest one."""
    newest = _newest_token(layout)
    if number < newest:
        raise SlipwayError(
            "A newer rollout of %s has been to this host: its number is %d, and the one of this rollout is %d, as its lease has lapsed meanwhile. "
            "Nothing was changed. Deploy again if this one shall win" % (layout.app, newest, number)
        )
    if number > newest:
        _replace(layout.fencing_token, "%d\n" % number)


def _is_taken(record, request):
    if not record.get("id") or record["id"] in (request["id"], request.get("instead_of")):
        return False
    left = record["expires"] - time.time()
    return 0 < left <= record["ttl"]  # more than it ever had: the clock was set back


def _write(layout, record, request):
    renewed = record.get("id") == request["id"]
    if request["renew"] and not renewed:
        raise _refusal(layout, record, request)
    # The clock gives numbers that are comparable even where the fleet's lease moves from one host to another.
    counter = (
        record["counter"]
        if renewed
        else max(record.get("counter", 0) + 1, _newest_token(layout) + 1, int(time.time()))
    )
    since = record["since"] if renewed else timestamp()
    ttl = request["ttl"]
    owner = {key: request[key] for key in ("id", "actor", "description", "process")}
    _store(layout, dict(owner, since=since, expires=time.time() + ttl, ttl=ttl, counter=counter))
    return {"changed": not renewed, "outcome": "ok", "id": request["id"], "counter": counter}


def _refusal(layout, record, request):
    if not record.get("id"):
        return Held("The lease of this rollout of %s has lapsed" % layout.app)
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record["expires"]))
    words = (
        "Another rollout of %s is under way: %s, by %s, since %s. Its lease ends at %s unless it is renewed."
    )
    hint = (
        "Wait for it, here with slipway_lease_wait_seconds. If you know that it is dead: rm %s on this host"
        % layout.lease
    )
    return Held(
        words % (layout.app, record["description"], record["actor"], record["since"], until),
        owner=record,
        hint=hint,
    )


def _alone(layout):
    return lock.held(layout.lease + ".lock", {"to": "the lease"}, 10)


def _read(layout):
    """What the file says; nothing where it is not there, or is damaged."""
    try:
        record = json.loads(read_text(layout.lease))
        return (
            record
            if isinstance(record["counter"], int)
            and isinstance(record["expires"] + record.get("ttl", 0), (int, float))
            else {}
        )
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _store(layout, record):
    _replace(layout.lease, json.dumps(record, sort_keys=True) + "\n")


def _newest_token(layout):
    try:
        return int(read_text(layout.fencing_token))
    except (OSError, ValueError):
        return 0


def _replace(path, text):
    remove(path + ".new")
    write_file(path + ".new", text.encode("utf-8"), 0o600)
    os.rename(path + ".new", path)
    sync_directory(os.path.dirname(path))
