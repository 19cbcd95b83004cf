# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks for hosts of the group clusters, with a real cluster: two namespaces are two clusters."""

from __future__ import annotations

import http.client
import json
import os
import time

import pytest
from support import lab

from .load import Load

SECRET = "s3cret-of-the-test"
SERVICE = {
    "slipway_app": "hello",
    "slipway_env": {"GREETING": SECRET},
    "slipway_health": {"path": "/healthz", "deadline": 10, "period": 1},
    "slipway_unit": {"memory_max": "64M", "drain_seconds": 2},
    "slipway_waves": [1],
}


class Clusters:
    """An inventory with hosts of the group clusters, each a namespace, and the playbooks for it."""

    def __init__(self, cluster, directory, namespaces):
        self.cluster, self.namespaces = cluster, namespaces
        self._directory = directory
        self.hosts = {
            "cluster%d" % number: {"slipway_kubernetes": {"namespace": name, "service": "NodePort"}}
            for number, name in enumerate(namespaces, 1)
        }
        path = "%s:%s" % (cluster.directory, os.environ["PATH"])
        self._environment = lab.ansible_environment(PATH=path)

    def write(self, image, version, **more):
        hosts = {
            name: {**given, "slipway_kubernetes": {**given["slipway_kubernetes"], "image": image}}
            for name, given in self.hosts.items()
        }
        for given in hosts.values():
            given["slipway_kubernetes"].update(more.get("kubernetes", {}))
        service = {**SERVICE, "slipway_version": version, "slipway_kubeconfig": str(self.cluster.kubeconfig)}
        service.update({name: value for name, value in more.items() if name != "kubernetes"})
        inventory = {"all": {"children": {"clusters": {"hosts": hosts, "vars": service}}}}
        (self._directory / "inventory.json").write_text(json.dumps(inventory))

    def playbook(self, name, *flags, **variables):
        summary = self._directory / "summary.json"
        summary.unlink(missing_ok=True)
        if name in ("kubernetes", "rollback"):
            variables.setdefault("slipway_summary", str(summary))
        argv = lab.playbook_argv(
            "slipway.golang." + name,
            *flags,
            inventory=self._directory / "inventory.json",
            variables=variables,
        )
        done = lab.run(argv, environment=self._environment, timeout=300)
        print(done)
        assert SECRET not in done.out + done.err
        rows = json.loads(summary.read_text())["hosts"] if summary.exists() else []
        return done, {row["host"]: row for row in rows}

    def deploy(self, *flags, **variables):
        return self.playbook("kubernetes", *flags, **variables)

    def get(self, namespace, kind):
        return json.loads(self.cluster.sure("-n", namespace, "get", kind, "-o", "json"))["items"]

    def port(self, namespace):
        (service,) = self.get(namespace, "services")
        return service["spec"]["ports"][0]["nodePort"]

    def answer(self, namespace):
        connection = http.client.HTTPConnection(self.cluster.address, self.port(namespace), timeout=10)
        connection.request("GET", "/healthz")
        return json.loads(connection.getresponse().read())["release"]

    def fingerprint(self, namespace):
        """What a deploy would change: pods, and the generation of the Deployment."""
        metadata = [item["metadata"] for item in self.get(namespace, "pods")]
        pods = sorted(item["uid"] for item in metadata if "deletionTimestamp" not in item)
        return pods, [item["metadata"]["generation"] for item in self.get(namespace, "deployments")]


@pytest.fixture
def clusters(cluster, namespace, other_namespace, tmp_path):
    return Clusters(cluster, tmp_path, [namespace, other_namespace])


def outcomes(rows):
    return {host: row["outcome"] for host, row in rows.items()}


def test_a_release_goes_to_clusters_wave_by_wave_and_back(clusters, hello, next_hello, tmp_path):
    first, second = clusters.namespaces
    clusters.write(hello, "1.0.0")

    done, rows = clusters.deploy("--check", "--diff")
    assert done.code == 0 and outcomes(rows) == {"cluster1": "would change", "cluster2": "would change"}
    assert "Deployment/hello" in done.out and clusters.get(first, "deployments") == []

    done, rows = clusters.deploy()
    assert done.code == 0 and outcomes(rows) == {"cluster1": "ok", "cluster2": "ok"}
    old = rows["cluster1"]["to"]
    assert old.startswith("1.0.0-") and clusters.answer(first) == clusters.answer(second) == "1.0.0"
    done, rows = clusters.deploy()
    assert done.code == 0 and outcomes(rows) == {"cluster1": "unchanged", "cluster2": "unchanged"}

    done, dummy = clusters.playbook("status")
    assert done.code == 0 and done.out.count("2/2 pods") == 2
    assert all(row["to"] in done.out for row in rows.values())

    # While requests come: the next release, and back again.
    clusters.write(next_hello, "2.0.0")
    with Load(clusters.cluster.address, clusters.port(first)) as load:
        done, rows = clusters.deploy()
        assert done.code == 0 and outcomes(rows) == {"cluster1": "ok", "cluster2": "ok"}
        assert clusters.answer(first) == "2.0.0"
        done, rows = clusters.playbook("rollback")
        assert done.code == 0 and rows["cluster1"]["to"] == old
        assert clusters.answer(first) == "1.0.0"
    print("requests: %d, lost: %d" % (load.count, len(load.lost)))
    assert load.count > 100 and load.lost == []

    # A bad one stops at the first cluster, and the second is not touched.
    before = clusters.fingerprint(second)
    clusters.write(next_hello, "3.0.0", slipway_health={"path": "/nothing", "deadline": 6, "period": 1})
    began = time.monotonic()
    with Load(clusters.cluster.address, clusters.port(first)) as load:
        done, rows = clusters.deploy()
    assert done.code != 0 and outcomes(rows) == {"cluster1": "reverted", "cluster2": "not reached"}
    assert "404" in rows["cluster1"]["why"] and rows["cluster1"]["to"] == old
    assert clusters.fingerprint(second) == before and clusters.answer(first) == "1.0.0"
    assert load.lost == []
    print("the bad release took %.0f s" % (time.monotonic() - began))


def test_logs_and_commands_of_clusters(clusters, hello):
    clusters.write(hello, "1.0.0", slipway_migrate=["-version"])
    done, rows = clusters.deploy(slipway_waves="[2]", slipway_soak_seconds=1)
    assert done.code == 0 and "Migrate: hello -version" in done.out and "TASK [Run migration]" in done.out
    assert "TASK [Check health after the soak]" in done.out
    first = clusters.namespaces[0]
    assert [item["metadata"]["name"] for item in clusters.get(first, "leases")] == [
        "hello-deploy",
        "hello-rollout",
    ]
    assert clusters.get(first, "jobs") == []
    done, dummy = clusters.playbook("logs", slipway_lines=50)
    assert done.code == 0 and "cluster1" in done.out and "cluster2" in done.out
    assert "1.0.0" in done.out
    done, dummy = clusters.playbook("run", slipway_command=["-version"])
    assert done.code == 0 and "1.0.0" in done.out
    done, dummy = clusters.playbook("run", slipway_command=["-no-such-flag"])
    assert done.code != 0 and "ended with" in done.out


def test_a_cluster_that_is_away_is_unreachable(clusters, hello, tmp_path):
    clusters.write(hello, "1.0.0")
    config = json.loads(clusters.cluster.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    away = tmp_path / "away.kubeconfig"
    away.write_text(json.dumps(config))
    done, dummy = clusters.deploy("--limit", "cluster1", slipway_kubeconfig=str(away))
    assert done.code != 0 and "cluster1: unreachable" in done.out
