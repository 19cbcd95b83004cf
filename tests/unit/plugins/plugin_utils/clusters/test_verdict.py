# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a rollout is complete, and what it will not get over by itself."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils.clusters.verdict import Rollout, pod_problem

from .objects import DIGEST, deployment, pod, replica_set, waiting


def rollout(*pods, **given):
    return Rollout(deployment(**given), [replica_set("old", "2"), replica_set()], list(pods))


def test_a_rollout_is_complete_when_all_pods_are_new_and_available():
    found = rollout(pod("a"), pod("b"))
    assert found.is_complete and found.problem() is None
    assert found.ready_ms() == 3000


@pytest.mark.parametrize(
    "given",
    [
        {"available": 1},
        {"updated": 1, "total": 2},
        {"total": 3},  # an old pod is left
        {"seen": 6},  # it speaks of the release before
    ],
    ids=str,
)
def test_a_rollout_that_still_goes_on_is_not_complete(given):
    found = rollout(pod("a"), pod("b"), **given)
    assert not found.is_complete and found.problem() is None


@pytest.mark.parametrize(
    "state, restarts, last, words",
    [
        (
            waiting("ImagePullBackOff", "Back-off pulling image"),
            0,
            None,
            "the image cannot be pulled: Back-off",
        ),
        (
            waiting("ErrImagePull", "manifest unknown: not found"),
            0,
            None,
            "the image cannot be pulled: manifest",
        ),
        (waiting("InvalidImageName", "bad"), 0, None, "InvalidImageName: bad"),
        (waiting("CreateContainerConfigError", 'secret "x" not found'), 0, None, 'secret "x" not found'),
        (waiting("CrashLoopBackOff"), 1, {"terminated": {"exitCode": 2}}, "its process ends: exit status 2"),
        (
            waiting("CrashLoopBackOff"),
            1,
            {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
            "memory_max",
        ),
        (None, 2, {"terminated": {"exitCode": 0, "signal": 9}}, "its process ends: signal 9"),
    ],
)
def test_what_does_not_pass_by_waiting_is_said_at_once(state, restarts, last, words):
    found = rollout(pod(state=state, ready=False, restarts=restarts, last=last), available=1).problem()
    assert words in found.reason


@pytest.mark.parametrize(
    "state, restarts, last",
    [
        (waiting("ContainerCreating"), 0, None),
        (waiting("ErrImagePull", "net/http: TLS handshake timeout"), 0, None),  # the kubelet tries again
        (None, 1, {"terminated": {"exitCode": 1}}),  # it may have come before its database
    ],
)
def test_what_may_pass_is_waited_for(state, restarts, last):
    assert pod_problem(pod(state=state, ready=False, restarts=restarts, last=last)) is None


def test_a_pod_of_the_release_before_says_nothing_of_this_one():
    old = pod("old", hash_="old", state=waiting("CrashLoopBackOff"), ready=False)
    assert rollout(old, pod("a"), available=1).problem() is None


@pytest.mark.parametrize(
    "message, is_final",
    [
        ('pods "orders-x" is forbidden: exceeded quota: small, requested: pods=1', True),
        ('pods "orders-x" is forbidden: violates PodSecurity "restricted:latest"', True),
        ("Internal error occurred: failed calling webhook: context deadline exceeded", False),
    ],
)
def test_a_quota_and_a_policy_are_final(message, is_final):
    failed = {"type": "ReplicaFailure", "status": "True", "message": message}
    own = replica_set(conditions=[failed])
    found = Rollout(deployment(updated=0, available=0), [own], []).problem()
    assert (found is not None) == is_final
    assert not is_final or message in found.reason


def test_a_rollout_past_its_time_says_what_the_pod_waits_for():
    over = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "late"}
    scheduled = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes: Insufficient memory"}
    item = pod(ready=False, state={}, conditions=[scheduled])
    found = rollout(item, available=0, conditions=[over]).problem()
    assert "no node takes the pod" in found.reason and "Insufficient memory" in found.reason


def test_a_pod_is_overdue_by_the_time_since_it_ran_and_not_since_it_was_made():
    late, young, ready = pod("late", ready=False), pod("young", ready=False), pod("ready")
    found = rollout(late, young, ready, available=1).overdue(
        20, {"late": 10.0, "young": 25.0, "ready": 1.0}, 31.0
    )
    assert [item["metadata"]["name"] for item in found] == ["late"]


def test_another_image_than_that_of_the_release_is_noticed():
    other = "sha256:" + "ffff" * 16
    found = rollout(pod("a"), pod("b", image=other))
    assert found.wrong_images(DIGEST) == ["b runs registry.example.com/orders@" + other]
