# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the objects of a rollout say: whether it is complete, and why it will not be. Pure.

A cluster goes on trying without end. What it will not get over by itself is said at once: an image that is
not there, a policy, a quota, a process that ends.
"""

from __future__ import annotations

import calendar
import re
import time
import typing

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
# These do not pass by waiting.
_FINAL = (
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
)
_PULL = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable")
_NOT_THERE = re.compile(
    r"not found|denied|unauthorized|forbidden|no such host|does not exist|invalid", re.IGNORECASE
)
_REFUSED = re.compile(r"exceeded quota|forbidden|violates|denied the request|is invalid", re.IGNORECASE)
# A process that ended once may have met a database that was not there yet.
_MOST_RESTARTS = 1


class Problem(typing.NamedTuple):
    """Why a rollout will not complete. ``pod``: whose logs say more; None where no pod is to blame."""

    reason: str
    pod: str | None = None
    restarted: bool = False


class Rollout:
    """The objects of one rollout, as the cluster has them at one moment."""

    def __init__(self, deployment: dict, replica_sets: list[dict], pods: list[dict]):
        self.deployment = deployment
        self.status = deployment.get("status") or {}
        self.is_seen = self.status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
        wanted = (deployment["metadata"].get("annotations") or {}).get(REVISION)
        own = [
            item
            for item in replica_sets
            if _is_owned(item, deployment)
            and (item["metadata"].get("annotations") or {}).get(REVISION) == wanted
        ]
        self.replica_set = own[0] if own and self.is_seen else None
        hash_ = self.replica_set["metadata"]["labels"].get(HASH) if self.replica_set else None
        self.pods = [
            item
            for item in pods
            if hash_
            and item["metadata"].get("labels", {}).get(HASH) == hash_
            and not item["metadata"].get("deletionTimestamp")
        ]

    @property
    def wanted(self):
        return self.deployment["spec"].get("replicas", 1)

    @property
    def is_complete(self):
        """All pods are of this release, ready for long enough, and no other pod is left."""
        names = ("replicas", "updatedReplicas", "availableReplicas")
        counts = {self.status.get(name, 0) for name in names}
        return self.is_seen and self.replica_set is not None and counts == {self.wanted}

    @property
    def ready_pods(self):
        return [item for item in self.pods if condition(item, "Ready") == "True"]

    def overdue(self, deadline: float, first_seen: dict[str, float], now: float) -> list[dict]:
        """Pods whose process has had its time and is not ready. ``first_seen``: when it was seen running."""
        return [
            item
            for item in self.pods
            if condition(item, "Ready") != "True"
            and now - first_seen.get(item["metadata"]["uid"], now) > deadline
        ]

    def problem(self) -> Problem | None:
        """What it will not get over by itself."""
        for item in self.pods:
            found = pod_problem(item)
            if found:
                return found
        refused = self._refused()
        if refused:
            return Problem(refused)
        progressing = _condition(self.deployment, "Progressing")
        if self.is_seen and progressing.get("reason") == "ProgressDeadlineExceeded":
            return self.waits_for() or Problem("it made no progress: %s" % progressing.get("message", ""))
        return None

    def _refused(self):
        """Why the cluster makes no pod: a policy or a quota."""
        for item in (self.replica_set, self.deployment if self.is_seen else None):
            found = _condition(item, "ReplicaFailure") if item else {}
            if found.get("status") == "True" and _REFUSED.search(found.get("message", "")):
                return "the cluster makes no pod of it: %s" % found["message"]
        return ""

    def waits_for(self) -> Problem | None:
        """What the first pod that is not ready waits for; for one that has waited long enough."""
        for item in self.pods:
            if condition(item, "Ready") == "True":
                continue
            name = item["metadata"]["name"]
            scheduled = _condition(item, "PodScheduled")
            if scheduled.get("status") == "False":
                return Problem("no node takes the pod %s: %s" % (name, scheduled.get("message", "")))
            for status in container_statuses(item):
                waiting = (status.get("state") or {}).get("waiting")
                if waiting and waiting.get("reason") not in (None, "PodInitializing"):
                    return Problem("%s: %s" % (waiting["reason"], waiting.get("message", "")), name)
            return Problem("the pod %s did not become ready" % name, name, restarts(item) > 0)
        return None

    def wrong_images(self, digest: str) -> list[str]:
        """The ready pods that run another image than the release has."""
        return [
            "%s runs %s" % (item["metadata"]["name"], image_id(item))
            for item in self.ready_pods
            if not image_id(item).endswith(digest)
        ]

    def ready_ms(self) -> int | None:
        """The longest time from a process's start until its pod was ready; the cluster counts seconds."""
        times = [_ready_seconds(item) for item in self.ready_pods]
        known = [seconds for seconds in times if seconds is not None]
        return max(known) * 1000 if known else None


def pod_problem(item: dict) -> Problem | None:
    """What a pod will not get over by itself."""
    name = item["metadata"]["name"]
    for status in container_statuses(item):
        state = status.get("state") or {}
        waiting = state.get("waiting") or {}
        reason, message = waiting.get("reason", ""), waiting.get("message", "")
        if reason in _FINAL:
            return Problem("%s: %s" % (reason, message))
        if reason in _PULL and (reason != "ErrImagePull" or _NOT_THERE.search(message)):
            return Problem("the image cannot be pulled: %s" % (message or reason))
        ended = (status.get("lastState") or {}).get("terminated") or state.get("terminated")
        if reason == "CrashLoopBackOff" or (ended and status.get("restartCount", 0) > _MOST_RESTARTS):
            return Problem("its process ends: %s" % _how(ended or {}), name, restarted=True)
    return None


def _how(ended):
    if ended.get("reason") == "OOMKilled":
        return "it needs more memory than slipway_unit.memory_max"
    if ended.get("signal"):
        return "signal %s" % ended["signal"]
    return "exit status %s" % ended.get("exitCode", "unknown")


def container_statuses(item: dict) -> list[dict]:
    """Of the init containers first: the others wait for them."""
    status = item.get("status") or {}
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def own_status(item: dict) -> dict:
    """That of the service's own container."""
    return next(iter((item.get("status") or {}).get("containerStatuses") or []), {})


def restarts(item: dict) -> int:
    return sum(status.get("restartCount", 0) for status in container_statuses(item))


def image_id(item: dict) -> str:
    return own_status(item).get("imageID", "")


def is_running(item: dict) -> bool:
    """Whether the service's own process has begun."""
    status = own_status(item)
    return bool((status.get("state") or {}).get("running")) or status.get("restartCount", 0) > 0


def condition(item: dict, kind: str) -> str:
    return _condition(item, kind).get("status", "")


def _condition(item, kind):
    conditions = (item.get("status") or {}).get("conditions") or []
    return next((found for found in conditions if found["type"] == kind), {})


def _is_owned(item, owner):
    return any(
        each.get("uid") == owner["metadata"].get("uid")
        for each in item["metadata"].get("ownerReferences") or []
    )


def _ready_seconds(item):
    began = ((own_status(item).get("state") or {}).get("running") or {}).get("startedAt")
    ready = _condition(item, "Ready").get("lastTransitionTime")
    if not (began and ready):
        return None
    return max(_seconds(ready) - _seconds(began), 0)


def _seconds(stamp):
    return calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))
