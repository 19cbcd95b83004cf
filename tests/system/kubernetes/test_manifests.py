# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module manifests writes, in a real cluster: accepted, running, and with the limits of the unit."""

from __future__ import annotations

import json
import urllib.request

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.plugin_utils import service_options
from ansible_collections.slipway.golang.plugins.plugin_utils.manifests import files
from ansible_collections.slipway.golang.plugins.plugin_utils.manifests.request import Request
from support import lab

PLAYBOOK = """
- name: Write manifests
  hosts: all
  gather_facts: false
  tasks:
    - name: Write manifests
      slipway.golang.manifests:
        from_variables: true
        dest: "{{ slipway_custom_dest }}"
"""
MEMORY = 96 << 20
SERVICE = {
    "slipway_app": "hello",
    "slipway_env": {"GREETING": "s3cret-of-the-test", "LOG_LEVEL": "INFO"},
    "slipway_health": {"path": "/healthz", "min_ready_seconds": 1},
    "slipway_unit": {"memory_max": "96M", "cpu_quota": "5%", "drain_seconds": 2, "cache_directory": True},
}
# Objects that belong to others than Kubernetes, and that this cluster does not know.
UNKNOWN = {"HTTPRoute", "ServiceMonitor", "PrometheusRule"}
EVERYTHING = {
    "replicas": {"min": 2, "max": 4, "cpu": 60},
    "ingress": "nginx",
    "host": "hello.example.com",
    "spread": "hard",
    "cpu_limit": True,
    "public_env": ["LOG_LEVEL"],
    "environment_from": ["elsewhere"],
    "init": [{"name": "version", "args": ["-version"]}],
    "labels": {"team": "shop"},
    "annotations": {"sidecar.istio.io/inject": "true"},
}


def given(image, namespace, **kubernetes):
    return dict(SERVICE, slipway_kubernetes={"image": image, "namespace": namespace, **kubernetes})


def write(tmp_path, service):
    """The directory that a playbook wrote."""
    (tmp_path / "inventory.json").write_text(json.dumps({"all": {"hosts": {"cluster1": service}}}))
    (tmp_path / "manifests.yml").write_text(PLAYBOOK)
    dest = tmp_path / "manifests"
    argv = lab.playbook_argv(
        tmp_path / "manifests.yml",
        inventory=tmp_path / "inventory.json",
        variables={"slipway_custom_dest": str(dest)},
    )
    lab.call(argv, environment=lab.ansible_environment(), timeout=120)
    return dest


def request(service):
    return Request(service_options.of_manifests({"from_variables": True}, service, lambda value: value))


def secrets(service):
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": files.secrets(request(service))})


def ask(cluster, namespace, path):
    port = cluster.sure(
        "-n", namespace, "get", "service", "hello", "-o", "jsonpath={.spec.ports[0].nodePort}"
    )
    with urllib.request.urlopen("http://%s:%s%s" % (cluster.address, port, path), timeout=10) as answer:
        return json.loads(answer.read())


@pytest.fixture
def running(cluster, hello, namespace, tmp_path):
    """The service in the cluster, rolled out from its files."""
    service = given(hello, namespace, replicas=2, service="NodePort", public_env=["LOG_LEVEL"])
    cluster.sure("apply", "-f", "-", data=secrets(service))
    cluster.sure("apply", "-k", write(tmp_path, service))
    cluster.sure("-n", namespace, "rollout", "status", "deployment/hello", "--timeout=120s")
    return namespace


def test_manifests_run_in_a_namespace_that_enforces_restricted(cluster, hello, running):
    pods = json.loads(cluster.sure("-n", running, "get", "pods", "-o", "json"))["items"]
    assert len(pods) == 2
    for pod in pods:
        (status,) = pod["status"]["containerStatuses"]
        assert status["ready"] and status["restartCount"] == 0
        assert status["imageID"].endswith(hello.partition("@")[2])
    assert ask(cluster, running, "/healthz") == {"status": "ok", "release": "1.0.0"}
    # The Secret that no file has is the one that the Deployment names.
    assert ask(cluster, running, "/api/greet/you") == {"message": "s3cret-of-the-test, you!"}


def test_limits_of_the_unit_are_those_of_the_process(cluster, running):
    """Read from the kernel: GOMEMLIMIT is nine tenths of the memory that the control group has."""
    found = cluster.inside(
        'for p in /proc/[0-9]*; do [ "$(readlink $p/exe)" = /hello ] || continue; '
        "tr '\\0' '\\n' < $p/environ; cat $p/cgroup; echo end; done"
    )
    first = found.partition("end\n")[0].splitlines()
    environment = dict(line.split("=", 1) for line in first if "=" in line and not line[0].isdigit())
    assert environment["GOMEMLIMIT"] == str(MEMORY * 9 // 10) and environment["GOMAXPROCS"] == "1"
    assert environment["RUNTIME_DIRECTORY"] == "/run/hello" and environment["HOME"] == "/tmp"
    assert not [name for name in environment if name.startswith("HELLO_")]  # of Services nearby
    groups = dict(line.split(":", 2)[1:] for line in first if line[:1].isdigit() and ":" in line)
    path = groups.get("memory") or groups[""]
    limit = cluster.inside(
        "cat /sys/fs/cgroup/memory%s/memory.limit_in_bytes || cat /sys/fs/cgroup%s/memory.max" % (path, path)
    )
    assert int(limit) == MEMORY


@pytest.mark.parametrize("more", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_the_api_server_takes_every_object_and_changes_nothing_of_it(
    cluster, hello, namespace, tmp_path, more
):
    service = dict(given(hello, namespace, **more), slipway_migrate=["migrate", "up"])
    for path in sorted(write(tmp_path, service).glob("*.yaml")):
        content = yaml.safe_load(path.read_text())
        if path.name != "kustomization.yaml" and content["kind"] not in UNKNOWN:
            cluster.sure("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", path)
    cluster.sure("apply", "--server-side", "--dry-run=server", "-f", "-", data=secrets(service))


def test_a_pod_with_more_rights_would_be_refused_here(cluster, hello, namespace):
    """So the namespace does enforce what the tests above rely on."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root", "namespace": namespace}}
    pod["spec"] = {"containers": [{"name": "root", "image": hello}]}
    done = cluster.kubectl("create", "-f", "-", data=json.dumps(pod))
    assert done.code != 0 and 'violates PodSecurity "restricted' in done.err
