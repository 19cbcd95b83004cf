# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait until a rollout in a cluster is complete, or until its pods say that it will not be."""

from __future__ import annotations

import contextlib
import time

from ansible.errors import AnsibleConnectionFailure

from ...module_utils.common.errors import SlipwayError
from . import releases
from .verdict import Problem, Rollout, is_running

POLL_SECONDS = 0.5
# How long the API may be away while a rollout runs.
PATIENCE = 120
LINES = 30
EVENTS = 5


class Unhealthy(SlipwayError):
    """The pods of a release are not ready, and will not be."""


class Watch:
    """``keep``: called between two looks, to keep the lock."""

    def __init__(self, kubectl, release: releases.Release, keep=lambda: None):
        self._kubectl = kubectl
        self._release = release
        self._name = release.deployment["metadata"]["name"]
        self._keep = keep
        self._running: dict[str, float] = {}
        self._answered = self._moved = time.monotonic()
        self._status: tuple = ()

    def until_ready(self) -> Rollout:
        """The rollout, complete, and proved by the digest that the pods run; or raises Unhealthy."""
        while True:
            rollout = self._look()
            self._refuse_standstill(rollout)
            if rollout:
                self._note_running(rollout)
                # What waits for the end of the old pods is complete without them.
                if rollout.is_complete:
                    return self._proved(rollout)
                problem = rollout.problem() or self._overdue(rollout)
                if problem:
                    raise self._unhealthy(problem)
            with contextlib.suppress(AnsibleConnectionFailure):
                self._keep()
            time.sleep(POLL_SECONDS)

    def _look(self):
        try:
            found = look(self._kubectl, self._name)
        except AnsibleConnectionFailure:
            if time.monotonic() - self._answered > PATIENCE:
                raise
            return None
        self._answered = time.monotonic()
        return found

    def _refuse_standstill(self, rollout):
        """A cluster whose controllers do nothing does not even say that there is no progress."""
        names = ("observedGeneration", "updatedReplicas", "availableReplicas")
        status = tuple(rollout.status.get(name) for name in names) if rollout else ()
        now = time.monotonic()
        if status != self._status:
            self._status, self._moved = status, now
        progress = self._release.deployment["spec"]["progressDeadlineSeconds"]
        if now - self._moved > progress + PATIENCE:
            raise Unhealthy("nothing has changed in the cluster for %d s" % (now - self._moved))

    def _note_running(self, rollout):
        for item in rollout.pods:
            if is_running(item):
                self._running.setdefault(item["metadata"]["uid"], time.monotonic())

    def _overdue(self, rollout):
        late = rollout.overdue(self._deadline(), self._running, time.monotonic())
        if not late:
            return None
        name = late[0]["metadata"]["name"]
        return Problem("it was not ready after %d s" % self._deadline(), name)

    def _deadline(self):
        """That of slipway_health, as the startup probe has it."""
        probe = releases.container(self._release.deployment).get("startupProbe") or {}
        seconds = probe.get("failureThreshold", 3) * probe.get("periodSeconds", 10)
        return probe.get("initialDelaySeconds", 0) + seconds

    def _proved(self, rollout):
        wrong = rollout.wrong_images(self._release.digest)
        if wrong:
            raise Unhealthy("%s. The release has %s" % ("; ".join(wrong), self._release.image))
        return rollout

    def _unhealthy(self, problem):
        evidence = {"journal": self._logs(problem), "events": self._events(problem)} if problem.pod else {}
        reason = problem.reason
        said = evidence.get("events")
        if said:
            reason += " (%s)" % said[-1]
        return Unhealthy(reason, evidence=evidence)

    def _logs(self, problem):
        flags = ["--tail=%d" % LINES, *(["--previous"] if problem.restarted else [])]
        container = releases.container(self._release.deployment)["name"]
        try:
            return self._kubectl.call("logs", problem.pod, "-c", container, *flags).splitlines()
        except (SlipwayError, AnsibleConnectionFailure):
            return []

    def _events(self, problem):
        """What the cluster says of the pod, the newest last: the answers of its probes too."""
        try:
            found = self._kubectl.get("events", "--field-selector=involvedObject.name=" + problem.pod)
        except (SlipwayError, AnsibleConnectionFailure):
            return []
        warnings = [item for item in found if item.get("type") == "Warning"]
        warnings.sort(key=lambda item: item.get("lastTimestamp") or item.get("eventTime") or "")
        return [" ".join(str(item.get("message", "")).split()) for item in warnings][-EVENTS:]


def look(kubectl, name: str) -> Rollout | None:
    """The Deployment with its ReplicaSets and pods, in one process; None without a Deployment."""
    found = kubectl.get("deployments,replicasets,pods", "-l", "app.kubernetes.io/name=" + name)
    kinds: dict[str, list] = {"Deployment": [], "ReplicaSet": [], "Pod": []}
    for item in found:
        kinds[item["kind"]].append(item)
    own = [item for item in kinds["Deployment"] if item["metadata"]["name"] == name]
    return Rollout(own[0], kinds["ReplicaSet"], kinds["Pod"]) if own else None
