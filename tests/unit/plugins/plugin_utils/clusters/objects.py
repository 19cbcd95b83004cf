# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of a rollout, as an API server has them."""

from __future__ import annotations

import copy

DIGEST = "sha256:" + "0a1b" * 16


def deployment(replicas=2, updated=2, available=2, total=None, revision="3", conditions=(), seen=7):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "orders",
            "uid": "u1",
            "generation": 7,
            "annotations": {"deployment.kubernetes.io/revision": revision},
        },
        "spec": {"replicas": replicas},
        "status": {
            "observedGeneration": seen,
            "replicas": updated if total is None else total,
            "updatedReplicas": updated,
            "availableReplicas": available,
            "conditions": list(conditions),
        },
    }


def replica_set(hash_="new", revision="3", conditions=(), annotations=()):
    return {
        "kind": "ReplicaSet",
        "metadata": {
            "name": "orders-" + hash_,
            "labels": {"pod-template-hash": hash_},
            "ownerReferences": [{"uid": "u1"}],
            "annotations": {"deployment.kubernetes.io/revision": revision, **dict(annotations)},
        },
        "status": {"conditions": list(conditions)},
    }


RUNNING = {"running": {"startedAt": "2026-11-28T12:00:00Z"}}
READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-28T12:00:03Z"}
NOT_READY = {"type": "Ready", "status": "False", "lastTransitionTime": "2026-11-28T12:00:00Z"}


def pod(
    name="orders-new-1",
    hash_="new",
    state=None,
    ready=True,
    restarts=0,
    last=None,
    image=DIGEST,
    conditions=(),
):
    status = {
        "name": "orders",
        "state": copy.deepcopy(state if state is not None else RUNNING),
        "lastState": last or {},
        "ready": ready,
        "restartCount": restarts,
        "imageID": "registry.example.com/orders@" + image,
    }
    return {
        "kind": "Pod",
        "metadata": {"name": name, "uid": name, "labels": {"pod-template-hash": hash_}},
        "status": {
            "conditions": [READY if ready else NOT_READY, *conditions],
            "containerStatuses": [status],
        },
    }


def waiting(reason, message=""):
    return {"waiting": {"reason": reason, "message": message}}
