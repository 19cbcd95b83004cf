# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Leases of Kubernetes: one deploy of a service to a cluster at a time, and one rollout over all clusters.

As on hosts, there are two: the lock of one deploy, and the lease of a rollout, which one cluster keeps. Both
lapse unless they are renewed. The cluster refuses to replace a Lease that somebody else has changed.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import time

from ...module_utils.common.errors import InvalidInput, SlipwayError
from ...module_utils.common.limits import SHORTEST_LEASE
from .kubectl import Refused
from .releases import PREFIX, labels

LOCK_SECONDS = 60
POLL_SECONDS = 0.5
OWNER = PREFIX + "owner"
TOKEN = PREFIX + "fencing-token"


class LeaseTaken(SlipwayError):
    """Another rollout has the lease, or this one lost it. ``owner`` in the facts says who has it."""


class LostLock(SlipwayError):
    """Another deploy has begun, because this one's lock lapsed: nothing more is done."""

    OUTCOME = "unknown"


class Lease:
    """One Lease. ``owner``: its id, actor, description and process."""

    def __init__(self, kubectl, app: str, name: str, owner: dict, seconds: int):
        if seconds < SHORTEST_LEASE:
            raise InvalidInput("ttl", seconds, "use %d seconds or more" % SHORTEST_LEASE)
        self._kubectl = kubectl
        self._app = app
        self._name = name
        self._owner = owner
        self._seconds = seconds
        self._renewed = 0.0

    def acquire(self, wait: float = 0, renew: bool = False, instead_of: str = "", token: int = 0) -> dict:
        """Take it, or with ``renew`` keep it; returns the owner's record with its ``counter``."""
        deadline = time.monotonic() + wait
        while True:
            found = self._read()
            record = _record(found)
            if not self._is_taken(found, record, instead_of):
                if renew and record.get("id") != self._owner["id"]:
                    raise self._refusal({})
                _check_token(self._app, found, token)
                try:
                    return self._write(found, record, token)
                except Refused as error:
                    if error.reason not in ("Conflict", "AlreadyExists"):
                        raise
                    continue  # somebody was faster: see who has it now
            if time.monotonic() >= deadline:
                raise self._refusal(record)
            time.sleep(POLL_SECONDS)

    def keep(self) -> None:
        """Renew it if that is due; raises LostLock if it is somebody else's."""
        if time.monotonic() - self._renewed < self._seconds / 4.0:
            return
        try:
            self.acquire(renew=True)
        except LeaseTaken as error:
            message = "The lock of this deploy lapsed, and nothing more was done. %s" % error
            raise LostLock(message) from error  # pylint: disable=bad-exception-cause

    def release(self) -> bool:
        """Let the next one have it; another owner keeps it."""
        found = self._read()
        if _record(found).get("id") != self._owner["id"]:
            return False
        kept = dict(found["metadata"].get("annotations") or {}, **{OWNER: "{}"})
        self._replace(dict(found, metadata=dict(found["metadata"], annotations=kept), spec={}))
        return True

    def _read(self):
        found = self._kubectl.get("lease", self._name)
        return found[0] if found else None

    def _is_taken(self, found, record, instead_of):
        if not record.get("id") or record["id"] in (self._owner["id"], instead_of):
            return False
        left = record.get("expires", 0) - time.time()
        return 0 < left <= record.get("ttl", 0)  # more than the whole time: a clock was set back

    def _write(self, found, record, token):
        renewed = record.get("id") == self._owner["id"]
        now = time.time()
        owner = dict(self._owner, ttl=self._seconds, expires=now + self._seconds)
        owner["since"] = record["since"] if renewed else _stamp(now)
        owner["counter"] = record["counter"] if renewed else max(record.get("counter", 0) + 1, int(now))
        annotations = {OWNER: json.dumps(owner, sort_keys=True)}
        known = ((found or {}).get("metadata", {}).get("annotations") or {}).get(TOKEN, "0")
        annotations[TOKEN] = str(max(int(known) if known.isdigit() else 0, token))
        spec = {"holderIdentity": str(owner.get("actor", "")), "leaseDurationSeconds": self._seconds}
        metadata = {"name": self._name, "labels": labels(self._app), "annotations": annotations}
        if found:
            metadata["resourceVersion"] = found["metadata"]["resourceVersion"]
        self._replace({"metadata": metadata, "spec": spec}, new=not found)
        self._renewed = time.monotonic()
        return dict(owner, changed=not renewed)

    def _replace(self, item, new=False):
        whole = dict(item, apiVersion="coordination.k8s.io/v1", kind="Lease")
        self._kubectl.call("create" if new else "replace", "-f", "-", data=json.dumps(whole))

    def _refusal(self, record):
        if not record.get("id"):
            return LeaseTaken(
                "The lease of this rollout of %s has lapsed. Start the rollout again" % self._app
            )
        message = (
            "Another rollout of %s is in progress: %s, by %s, since %s. Its lease ends at %s unless it is "
            "renewed"
            % (
                self._app,
                record.get("description"),
                record.get("actor"),
                record.get("since"),
                _stamp(record["expires"]),
            )
        )
        hint = (
            "Wait until it ends; slipway_lease_wait_seconds does so here. If you know that it is dead: "
            "kubectl delete lease %s" % self._name
        )
        return LeaseTaken(message, owner=record, hint=hint)


@contextlib.contextmanager
def locked(kubectl, app: str, owner: dict, token: int = 0, wait: float = 0):
    """The lock of one deploy; gives the function that keeps it."""
    lock = Lease(kubectl, app, app + "-deploy", owner, LOCK_SECONDS)
    lock.acquire(wait=wait, token=token)
    try:
        yield lock.keep
    finally:
        with contextlib.suppress(SlipwayError):
            lock.release()


def _check_token(app, found, token):
    known = ((found or {}).get("metadata", {}).get("annotations") or {}).get(TOKEN, "0")
    newest = int(known) if known.isdigit() else 0
    if token and token < newest:
        raise SlipwayError(
            "A newer rollout of %s has been to this cluster: its fencing token is %d, and that of this "
            "rollout is %d, because its lease has lapsed. Nothing was changed. Deploy again to replace the "
            "newer one" % (app, newest, token)
        )


def _record(found):
    """Who has it; nothing if it is free or its record is damaged."""
    try:
        record = json.loads(found["metadata"]["annotations"][OWNER])
        valid = (
            isinstance(record.get("counter"), int) and record.get("expires", 0) + record.get("ttl", 0) >= 0
        )
        return record if valid else {}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}


def _stamp(seconds):
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
