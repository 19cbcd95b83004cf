# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the unit says of a service, the pod says too. Random option sets: test_agreement.py."""

from __future__ import annotations

import pytest

from .services import FULL, IMAGE, OTHER, SMALL, WORKER, container, made, pod


def test_the_pod_has_the_rights_of_the_unit_and_no_others():
    """All that the level `restricted` asks for, and a root file system that cannot be written."""
    spec = pod()
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False


def test_a_unit_that_may_write_everywhere_is_a_pod_that_may():
    own = container(dict(SMALL, slipway_unit={"hardening": {"ProtectSystem": False}}))
    assert own["securityContext"]["readOnlyRootFilesystem"] is False


def test_limits_are_those_of_the_unit():
    own = container(FULL)
    assert own["resources"] == {
        "requests": {"cpu": "1500m", "memory": "512Mi"},
        "limits": {"memory": "512Mi"},
    }
    assert {"name": "GOMEMLIMIT", "value": str((512 << 20) * 9 // 10)} in own["env"]
    assert {"name": "GOMAXPROCS", "value": "2"} in own["env"]
    assert container(FULL, cpu_limit=True)["resources"]["limits"]["cpu"] == "1500m"
    assert "resources" not in container()


@pytest.mark.parametrize(
    ("given", "cpu", "memory"),
    [
        ({"cpu_quota": "200%", "memory_max": "1G"}, "2", "1Gi"),
        ({"cpu_quota": "5%", "memory_max": "1000000"}, "50m", "1000000"),
        ({"cpu_quota": "100%", "memory_max": "infinity"}, "1", None),
    ],
)
def test_quantities_are_in_the_words_of_kubernetes(given, cpu, memory):
    requests = container(dict(SMALL, slipway_unit=given))["resources"]["requests"]
    assert (requests.get("cpu"), requests.get("memory")) == (cpu, memory)


def test_a_pod_goes_on_serving_while_others_learn_that_it_ends():
    spec = pod(FULL)
    assert spec["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 5}}}
    assert spec["terminationGracePeriodSeconds"] == 5 + 20 + 5
    worker = pod(WORKER)
    assert "lifecycle" not in worker["containers"][0] and worker["terminationGracePeriodSeconds"] == 25 + 5


def test_the_container_is_the_image_by_digest_with_the_arguments_of_the_unit():
    own = container(FULL)
    assert (own["name"], own["image"], own["args"]) == ("orders", IMAGE, ["-listen", ":8080"])
    assert own["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
    assert "args" not in container() and "ports" not in container(WORKER)


@pytest.mark.parametrize(
    ("word", "written"),
    [("$HOME", "$HOME"), ("$(HOME)", "$$(HOME)"), ("$$", "$$$$"), ("{{port}}", "{port}"), ("a b", "a b")],
)
def test_an_argument_is_literal(word, written):
    assert container(dict(SMALL, slipway_unit={"exec_args": [word]}))["args"] == [written]


def test_places_to_write_are_those_of_the_unit():
    spec = pod(FULL)
    mounts = {mount["mountPath"]: mount["name"] for mount in spec["containers"][0]["volumeMounts"]}
    volumes = {volume.pop("name"): volume for volume in spec["volumes"]}
    assert mounts == {"/tmp": "tmp", "/run/orders": "run", "/var/cache/orders": "cache"}
    assert volumes == {
        "tmp": {"emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
        "run": {"emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}},
        "cache": {"emptyDir": {}},
    }
    env = {entry["name"]: entry["value"] for entry in spec["containers"][0]["env"]}
    assert env["RUNTIME_DIRECTORY"] == "/run/orders" and env["CACHE_DIRECTORY"] == "/var/cache/orders"
    assert env["HOME"] == "/tmp" and "STATE_DIRECTORY" not in env
    without = container(dict(SMALL, slipway_unit={"runtime_directory": False, "state_directory": False}))
    assert [mount["name"] for mount in without["volumeMounts"]] == ["tmp"]
    assert [entry["name"] for entry in without["env"]] == ["PORT"]


def test_the_claim_is_the_state_directory_and_its_pods_replace_each_other():
    deployment = made("deployment", OTHER)
    spec = deployment["spec"]["template"]["spec"]
    own = spec["containers"][0]
    assert {"name": "state", "persistentVolumeClaim": {"claimName": "orders-data"}} in spec["volumes"]
    assert {"name": "state", "mountPath": "/var/lib/orders"} in own["volumeMounts"]
    assert own["workingDir"] == "/var/lib/orders/work" and spec["securityContext"]["fsGroup"] == 65532
    env = {entry["name"]: entry["value"] for entry in own["env"]}
    assert env["HOME"] == env["STATE_DIRECTORY"] == "/var/lib/orders"
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    shared = made("deployment", OTHER, storage={"claim": "orders-data", "shared": True}, replicas=3)
    assert shared["spec"]["strategy"]["type"] == "RollingUpdate"


def test_credentials_are_files_of_a_secret_that_the_user_made():
    spec = pod(OTHER)
    (volume,) = (volume for volume in spec["volumes"] if volume["name"] == "credentials")
    assert volume["secret"] == {
        "secretName": "orders-credentials",
        "defaultMode": 0o440,
        "items": [{"key": "tls.key", "path": "tls.key"}],
    }
    own = spec["containers"][0]
    assert {"name": "CREDENTIALS_DIRECTORY", "value": "/run/credentials/orders"} in own["env"]
    assert {"name": "credentials", "mountPath": "/run/credentials/orders", "readOnly": True} in own[
        "volumeMounts"
    ]


def test_pods_are_spread_over_nodes_and_zones():
    soft, hard = (
        {(each["topologyKey"], each["whenUnsatisfiable"]) for each in pod(given)["topologySpreadConstraints"]}
        for given in (FULL, OTHER)
    )
    keys = ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
    assert soft == {(key, "ScheduleAnyway") for key in keys} and hard == {
        (key, "DoNotSchedule") for key in keys
    }


def test_an_init_container_has_the_rights_and_limits_of_the_service():
    (own,) = pod(FULL)["initContainers"]
    assert own["image"] == IMAGE and own["args"] == ["wait-for", "db:5432"] and own["envFrom"]
    assert own["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert own["resources"]["limits"] == {"memory": "512Mi"} and "ports" not in own
    (other,) = pod(FULL, init=[{"name": "wait", "image": "busybox@sha256:1"}])["initContainers"]
    assert "env" not in other and "envFrom" not in other  # another image learns no secrets
    assert other["securityContext"]["readOnlyRootFilesystem"] is True


# --- health -------------------------------------------------------------------------------------------------


def test_the_health_check_is_the_readiness_and_the_deadline_is_the_time_to_start():
    health = {"path": "/healthz", "deadline": 120, "failure_threshold": 2, "headers": {"X-Probe": "1"}}
    given = dict(SMALL, slipway_health=dict(health, initial_delay=10, period=5, timeout=2.5))
    asked = {"path": "/healthz", "port": "http", "httpHeaders": [{"name": "X-Probe", "value": "1"}]}
    own = container(given)
    assert own["readinessProbe"] == {
        "httpGet": asked,
        "periodSeconds": 5,
        "timeoutSeconds": 3,
        "successThreshold": 1,
        "failureThreshold": 2,
    }
    assert own["startupProbe"] == {
        "httpGet": asked,
        "initialDelaySeconds": 10,
        "periodSeconds": 5,
        "timeoutSeconds": 3,
        "failureThreshold": 22,
    }
    assert made("deployment", given)["spec"]["minReadySeconds"] == 2


def test_a_pod_is_restarted_where_it_accepts_no_connection_and_for_nothing_that_others_break():
    assert container(FULL)["livenessProbe"]["tcpSocket"] == {"port": "http"}
    assert container(OTHER)["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "http"}
    assert "livenessProbe" not in container(liveness=False)
    assert "livenessProbe" not in container(WORKER)


@pytest.mark.parametrize(
    ("health", "handler"),
    [
        ({}, {"tcpSocket": {"port": "http"}}),
        ({"port": 9000}, {"tcpSocket": {"port": 9000}}),
        ({"path": "/", "scheme": "https"}, {"httpGet": {"path": "/", "port": "http", "scheme": "HTTPS"}}),
        (
            {"command": ["/opt/orders/current/bin/orders", "check"]},
            {"exec": {"command": ["/orders", "check"]}},
        ),
    ],
)
def test_every_kind_of_check_that_the_kubelet_knows(health, handler):
    probe = container(dict(SMALL, slipway_health=health))["readinessProbe"]
    assert handler.items() <= probe.items()


def test_a_service_without_a_check_has_no_probe():
    assert not {"readinessProbe", "startupProbe"} & set(container(WORKER))
