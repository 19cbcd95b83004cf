# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong with a release in a cluster, and how soon it is said: against the real API."""

from __future__ import annotations

import json
import time
import uuid

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.plugin_utils import service_options
from ansible_collections.slipway.golang.plugins.plugin_utils.clusters import (
    command,
    deploy,
    lease,
    releases,
    state,
)
from ansible_collections.slipway.golang.plugins.plugin_utils.clusters.kubectl import Kubectl
from ansible_collections.slipway.golang.plugins.plugin_utils.manifests.request import Request
from support import lab

from .load import Load

HEALTH = {"path": "/healthz", "deadline": 10, "period": 1}


class Service:
    """The service `hello` in a namespace of its own."""

    def __init__(self, cluster, namespace, image):
        self.cluster, self.namespace, self.image = cluster, namespace, image
        self.kubectl = Kubectl(str(cluster.kubeconfig), namespace=namespace)

    def release(self, version="1.0.0", **more):
        given = {"slipway_app": "hello", "slipway_version": version, "slipway_health": HEALTH}
        given["slipway_unit"] = {"memory_max": "64M", "drain_seconds": 1}
        given.update(more)
        kubernetes = {"image": self.image, "namespace": self.namespace, **given.pop("kubernetes", {})}
        given["slipway_kubernetes"] = kubernetes
        values = service_options.of_manifests({"from_variables": True}, given, lambda value: value)
        return releases.of_request(Request(values))

    def request(self, release, **more):
        known = {"name": "hello", "object_name": "hello", "state": "active", "keep": 2, "actor": "test"}
        return {**known, "release": release, "deploy_id": uuid.uuid4().hex, **more}

    def deploy(self, release, **more):
        return deploy.Deploy(self.kubectl, self.request(release, **more)).apply()

    def plan(self, release, **more):
        return deploy.Deploy(self.kubectl, self.request(release, **more)).plan()

    def get(self, kind):
        return json.loads(self.cluster.sure("-n", self.namespace, "get", kind, "-o", "json"))["items"]

    def names(self, kind):
        return {item["metadata"]["name"] for item in self.get(kind)}

    def uids(self):
        return {
            item["metadata"]["uid"]
            for item in self.get("pods")
            if "deletionTimestamp" not in item["metadata"]
        }

    def create(self, kind, api="v1", **spec):
        item = {"apiVersion": api, "kind": kind, "metadata": {"name": "test", "namespace": self.namespace}}
        self.cluster.sure("create", "-f", "-", data=json.dumps({**item, **spec}))


@pytest.fixture
def service(cluster, namespace, hello, monkeypatch):
    monkeypatch.setenv("PATH", str(cluster.directory), prepend=":")
    return Service(cluster, namespace, hello)


BAD = {
    "the image is not there": (
        {"kubernetes": {"image": "127.0.0.1:1/hello@sha256:" + "0a" * 32}},
        "cannot be pulled",
    ),
    "its process ends": ({"slipway_env": {"LOG_LEVEL": "loud"}}, "its process ends: exit status"),
    "it is not ready": ({"slipway_health": dict(HEALTH, path="/nothing", deadline=5)}, "404"),
    "a Secret is not there": ({"kubernetes": {"environment_from": ["nowhere"]}}, "nowhere"),
}


def test_bad_releases_are_put_back_with_the_reason(service):
    """One after the other, as each has to leave the old release as it was."""
    first = service.release()
    result = service.deploy(first)
    assert result["changed"] and result["outcome"] == "ok" and result["ready_ms"] is not None
    old = service.uids()
    for name, (more, words) in BAD.items():
        began = time.monotonic()
        with pytest.raises(deploy.Reverted) as caught:
            service.deploy(service.release("2.0.0", **more))
        took = time.monotonic() - began
        print("%s: %.1f s: %s" % (name, took, caught.value))
        assert words in str(caught.value), name
        # Long before the cluster itself would give up.
        assert took < 60, name
        assert caught.value.facts["current"] == first.id
        assert service.uids() >= old, name
    found = state.State(service.kubectl, "hello")
    assert found.problem() is None and found.current_id == first.id
    assert found.info(10)["running"]["release"] == first.id and found.info(10)["running"]["intact"]
    # Of the bad ones, only the newest record and its Secrets are kept, once a good one follows.
    service.deploy(service.release("3.0.0"))
    assert [each.outcome for each in state.State(service.kubectl, "hello").releases] == [
        "ok",
        "reverted",
        "ok",
    ]


def test_what_a_policy_or_a_quota_refuses_is_refused_before_anything_is_changed(service):
    service.create("ResourceQuota", spec={"hard": {"limits.memory": "200Mi", "pods": "10"}})
    lab.wait_for("the quota", lambda: service.get("resourcequotas")[0].get("status", {}).get("used"), 30)
    big = service.release(slipway_unit={"memory_max": "256M"})
    with pytest.raises(SlipwayError, match="exceeded quota"):
        service.plan(big)
    root = {"name": "root", "securityContext": {"runAsUser": 0, "runAsNonRoot": False}}
    with pytest.raises(SlipwayError, match='violates PodSecurity "restricted'):
        service.plan(service.release(kubernetes={"init": [root]}))
    assert service.names("deployments,services,secrets,leases,networkpolicies") == set()
    elsewhere = Service(service.cluster, "nowhere", service.image)
    with pytest.raises(SlipwayError, match='namespaces "nowhere" not found'):
        elsewhere.plan(elsewhere.release())


def test_the_first_release_that_fails_leaves_no_pods(service):
    with pytest.raises(deploy.Down, match="no earlier release"):
        service.deploy(service.release(slipway_env={"LOG_LEVEL": "loud"}))
    assert service.names("deployments") == set()
    assert service.deploy(service.release())["outcome"] == "ok"


def test_a_deployment_of_others_is_taken_over_only_by_choice(service):
    first = service.release()
    service.kubectl.apply([*first.first, first.deployment], manager="somebody")
    with pytest.raises(SlipwayError, match="slipway_adopt"):
        service.plan(first)
    assert service.deploy(first, adopt=True)["outcome"] == "ok"


def test_a_scaled_service_keeps_its_pods_and_what_it_has_no_more_is_removed(service):
    service.deploy(service.release())
    assert service.names("poddisruptionbudgets") == {"hello"}
    scaled = service.release("2.0.0", kubernetes={"replicas": {"min": 2, "max": 3, "memory": 80}})
    before = service.uids()
    service.deploy(scaled)
    assert service.names("horizontalpodautoscalers") == {"hello"}
    (item,) = service.get("deployments")
    assert item["spec"]["replicas"] == 2 and service.uids() == before
    assert not service.plan(scaled)["changed"]
    service.deploy(service.release("3.0.0", kubernetes={"replicas": 1}))
    assert service.names("horizontalpodautoscalers") == service.names("poddisruptionbudgets") == set()


def test_a_change_by_hand_is_a_reason(service):
    first = service.release()
    service.deploy(first)
    service.cluster.sure("-n", service.namespace, "scale", "deployment/hello", "--replicas=1")
    plan = service.plan(first)
    assert plan["changed"] and plan["reasons"] == [
        "Deployment/hello in the cluster is not what the release has"
    ]
    service.deploy(first)
    assert service.get("deployments")[0]["spec"]["replicas"] == 2


def test_a_migration_runs_once_before_the_rollout(service):
    release = service.release(slipway_migrate=["-version"])
    service.deploy(release, state="staged")
    assert service.names("deployments") == set()
    asked = {"object_name": "hello", "release": release.id, "args": ["-version"], "timeout": 60, "once": True}
    result = command.run(service.kubectl, asked)
    assert result["rc"] == 0 and "1.0.0" in result["stdout"]
    again = command.run(service.kubectl, asked)
    assert not again["changed"] and "not run again" in again["msg"]
    assert service.plan(service.release(slipway_migrate=["-version"]))["migrations"] == [["-version"]]
    broken = service.release("2.0.0", slipway_migrate=["-no-such-flag"])
    service.deploy(broken, state="staged")
    with pytest.raises(command.CommandFailed) as caught:
        command.run(service.kubectl, dict(asked, release=broken.id, args=["-no-such-flag"]))
    assert caught.value.facts["rc"] == 1 and "no-such-flag" in caught.value.facts["stdout"]


def test_two_deploys_at_once_are_one(service):
    owner = {"id": "a", "actor": "ann", "description": "1.0.0", "process": {}}
    with lease.locked(service.kubectl, "hello", owner, token=5):
        with pytest.raises(lease.LeaseTaken, match="Another rollout of hello is in progress: 1.0.0, by ann"):
            service.deploy(service.release())
    with pytest.raises(SlipwayError, match="A newer rollout"):
        service.deploy(service.release(), fencing_token=4)
    mine = lease.Lease(service.kubectl, "hello", "hello-rollout", owner, 60)
    assert mine.acquire()["changed"] and not mine.acquire(renew=True)["changed"]
    other = lease.Lease(service.kubectl, "hello", "hello-rollout", dict(owner, id="b"), 60)
    with pytest.raises(lease.LeaseTaken):
        other.acquire()
    assert mine.release() and not other.release()
    assert other.acquire()["counter"] > 0


def test_six_rollouts_lose_no_request(service, next_hello):
    """Good, bad and undone, with fresh connections to the port of the node."""
    shape = {"replicas": 3, "service": "NodePort"}
    old = service.release(kubernetes=shape)
    new = service.release("2.0.0", kubernetes={**shape, "image": next_hello})
    bad = service.release(
        "3.0.0", kubernetes={**shape, "image": next_hello}, slipway_env={"LOG_LEVEL": "loud"}
    )
    service.deploy(old)
    port = service.get("services")[0]["spec"]["ports"][0]["nodePort"]
    with Load(service.cluster.address, port) as load:
        for release in (new, bad, old, new, bad):
            if release is bad:
                with pytest.raises(deploy.Reverted):
                    service.deploy(release)
            else:
                service.deploy(release)
        service.deploy("previous")
    print("%d requests, %d lost" % (load.count, len(load.lost)))
    assert load.count > 600 and load.lost == []
    assert state.State(service.kubectl, "hello").current_id == old.id
