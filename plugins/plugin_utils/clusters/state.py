# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster has of a service: its Deployment, the pods, and the releases that it knows."""

from __future__ import annotations

import functools

from . import releases, watch
from .verdict import restarts

JOB = "Job"


class State:
    """``name``: of the service's objects."""

    def __init__(self, kubectl, name: str):
        self._kubectl = kubectl
        self.name = name
        self.rollout = watch.look(kubectl, name)

    @functools.cached_property
    def releases(self) -> list[releases.Release]:
        """The releases that the cluster knows, the one whose deploy ended last at the end."""
        found = self._kubectl.get("configmaps", "-l", releases.selector(self.name, releases.COMPONENT))
        return releases.of_records(found)

    @property
    def deployment(self):
        return self.rollout.deployment if self.rollout else None

    @property
    def current_id(self) -> str | None:
        """The release that the Deployment names."""
        annotations = self.deployment["metadata"].get("annotations") or {} if self.deployment else {}
        return annotations.get(releases.RELEASE)

    @property
    def current(self) -> releases.Release | None:
        return next((each for each in self.releases if each.id == self.current_id), None)

    @property
    def previous(self) -> releases.Release | None:
        return releases.previous(self.releases, self.current_id)

    def problem(self) -> str | None:
        """Why the service is not healthy now."""
        if self.rollout is None:
            return "it does not run"
        found = self.rollout.problem()
        if found:
            return found.reason
        if self.rollout.is_complete:
            wrong = self.rollout.wrong_images(self.current.digest) if self.current else []
            return wrong[0] if wrong else None
        found = self.rollout.waits_for()
        available = self.rollout.status.get("availableReplicas", 0)
        counted = "%d of %d pods are available" % (available, self.rollout.wanted)
        return "%s: %s" % (counted, found.reason) if found else counted

    def unused(self, target: releases.Release, keep: int) -> list[dict]:
        """The records, Secrets and Jobs that are not needed once the target is live."""
        others = [each for each in self.releases if each.id != target.id]
        surplus = releases.surplus(others, target.id, keep)
        kept = [target, *(each for each in others if each not in surplus)]
        needed = set().union(*(each.names_of_secrets() for each in kept))
        jobs = {item["metadata"]["name"] for each in kept for item in each.objects if item["kind"] == JOB}
        own = self._kubectl.get("secrets,jobs", "-l", "app.kubernetes.io/name=" + self.name)
        gone = [
            item
            for item in own
            if (item["kind"] == JOB and item["metadata"]["name"] not in jobs and _is_migration(item))
            or (item["kind"] == "Secret" and item["metadata"]["name"] not in needed and _is_ours(item))
        ]
        records = [releases.record({}, each) for each in surplus]
        return [_named(item) for item in [*records, *gone]]

    def info(self, history: int) -> dict:
        """The result of slipway.golang.release_info."""
        problem = self.problem()
        rollout = self.rollout
        available = rollout.status.get("availableReplicas", 0) if rollout else 0
        pods = rollout.pods if rollout else []
        return {
            "current": self.current_id,
            "previous": getattr(self.previous, "id", None),
            "running": self._running(),
            "healthy": problem is None,
            "health_problem": problem,
            "unit": {
                "ActiveState": "%d/%d pods" % (available, rollout.wanted) if rollout else "-",
                "NRestarts": sum(restarts(item) for item in pods),
            },
            "releases": [_listed(each) for each in self.releases],
            "history": [_entry(each) for each in self.releases][-history:] if history > 0 else [],
            "log_lost": None,
        }

    def _running(self):
        """The release of the ready pods, as their ReplicaSet names it, and whether they run its image."""
        ready = self.rollout.ready_pods if self.rollout else []
        if not ready:
            return None
        named = (self.rollout.replica_set["metadata"].get("annotations") or {}).get(releases.RELEASE)
        release = next((each for each in self.releases if each.id == named), None)
        return {
            "pid": None,
            "release": named,
            "version": release.version if release else None,
            "commit": None,
            "intact": bool(release) and not self.rollout.wrong_images(release.digest),
        }


def _is_ours(item):
    return (item["metadata"].get("labels") or {}).get("app.kubernetes.io/managed-by") == "slipway"


def _is_migration(item):
    return _is_ours(item) and "-migrate-" in item["metadata"]["name"]


def _named(item):
    """An object as far as a command that removes it needs it."""
    metadata = {key: item["metadata"][key] for key in ("name", "namespace") if key in item["metadata"]}
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": metadata}


def _listed(release):
    return {
        "id": release.id,
        "version": release.version,
        "artifact": release.digest,
        "outcome": release.outcome,
    }


def _entry(release):
    return {
        "at": release.ended,
        "act": "deploy",
        "to": release.id,
        "outcome": release.outcome,
        "actor": release.annotations.get(releases.ACTOR),
    }
