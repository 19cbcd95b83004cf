# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from .services import FULL, OTHER, SMALL, WORKER, made, texts


def test_files_are_those_that_the_service_needs():
    every = {name[: -len(".yaml")] for name in texts(FULL)}
    always = {"deployment", "kustomization", "networkpolicy", "pdb", "service", "serviceaccount"}
    assert {name[: -len(".yaml")] for name in texts()} == always
    assert every - always == {
        "hpa",
        "ingress",
        "migrate",
        "prometheus-adapter",
        "prometheusrule",
        "servicemonitor",
    }
    assert {name[: -len(".yaml")] for name in texts(OTHER)} == (always | {"httproute"}) - {"pdb"}
    assert {name[: -len(".yaml")] for name in texts(WORKER)} == always - {"service"}


def test_kustomization_has_every_object_and_passes_patches_on():
    content = made("kustomization", FULL)
    assert content["resources"] == sorted(
        set(texts(FULL)) - {"kustomization.yaml", "prometheus-adapter.yaml"}
    )
    assert content["patches"] == [{"path": "own.yaml"}] and "patches" not in made("kustomization")


@pytest.mark.parametrize("name", ["deployment", "service", "hpa", "pdb", "migrate", "servicemonitor"])
def test_every_object_has_its_namespace_and_who_made_it(name):
    metadata = made(name, FULL)["metadata"]
    assert metadata["namespace"] == "shop"
    assert metadata["labels"]["app.kubernetes.io/managed-by"] == "slipway"


def test_a_name_that_kubernetes_does_not_know_is_changed():
    assert made("deployment", {"slipway_app": "orders_api"})["metadata"]["name"] == "orders-api"


def test_a_rollout_never_has_fewer_pods_than_before():
    spec = made("deployment", FULL)["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 0}
    assert spec["progressDeadlineSeconds"] > spec["minReadySeconds"]
    assert spec["revisionHistoryLimit"] == 5


def test_the_number_of_pods_is_said_once():
    assert "replicas" not in made("deployment", FULL)["spec"]
    assert made("deployment")["spec"]["replicas"] == 2 and made("hpa") is None
    spec = made("hpa", FULL)["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 30)
    cpu, requests = spec["metrics"]
    assert cpu["resource"]["target"] == {"type": "Utilization", "averageUtilization": 60}
    assert requests["pods"]["target"] == {"type": "AverageValue", "averageValue": "100"}
    assert spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 300


def test_the_metric_of_the_hpa_and_the_rule_that_counts_it_have_one_name():
    (rule,) = made("prometheus-adapter", FULL)["rules"]
    metric = made("hpa", FULL)["spec"]["metrics"][1]["pods"]["metric"]["name"]
    assert rule["name"]["as"] == metric and 'app="orders"' in rule["seriesQuery"]


@pytest.mark.parametrize(
    ("replicas", "there"), [(1, False), (2, True), ({"min": 1, "max": 5, "cpu": 60}, False)]
)
def test_a_node_can_always_be_emptied(replicas, there):
    given = dict(SMALL, slipway_unit={"cpu_quota": "50%"})
    found = made("pdb", given, replicas=replicas)
    assert bool(found) == there
    assert not there or found["spec"]["maxUnavailable"] == 1


def test_pods_of_a_migration_get_no_requests_and_have_the_policy():
    service, job, policy = (made(name, FULL) for name in ("service", "migrate", "networkpolicy"))
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert not service["spec"]["selector"].items() <= labels.items()
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()


def test_a_migration_is_run_once_for_a_release():
    job = made("migrate", FULL)
    name, spec = job["metadata"]["name"], job["spec"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (0, 600)
    (own,) = spec["template"]["spec"]["containers"]
    assert own["args"] == ["migrate", "up"] and spec["template"]["spec"]["restartPolicy"] == "Never"
    assert not {"ports", "readinessProbe", "lifecycle"} & set(own)
    assert own["envFrom"] == made("deployment", FULL)["spec"]["template"]["spec"]["containers"][0]["envFrom"]
    assert made("migrate", dict(FULL, slipway_version="1.4.3"))["metadata"]["name"] == name
    assert made("migrate", dict(FULL, slipway_env={"LEVEL": "debug"}))["metadata"]["name"] != name
    assert made("migrate", dict(FULL, slipway_migrate=["other"]))["metadata"]["name"] != name


def test_only_the_ports_of_the_service_can_be_reached():
    spec = made("networkpolicy", dict(SMALL, slipway_metrics={"port": 9000}))["spec"]
    ports = [{"port": 8080, "protocol": "TCP"}, {"port": 9000, "protocol": "TCP"}]
    assert spec["policyTypes"] == ["Ingress"] and spec["ingress"] == [{"ports": ports}]
    assert made("networkpolicy", WORKER)["spec"]["ingress"] == []


@pytest.mark.parametrize(
    ("allowed", "blocks"),
    [
        (["any"], None),
        (["10.0.0.5"], ["10.0.0.5/32"]),
        (["10.1.2.3/8", "2001:db8::/32", "localhost"], ["10.0.0.0/8", "2001:db8::/32"]),
        (["link-local"], ["169.254.0.0/16", "fe80::/64"]),
        (["localhost"], []),
    ],
)
def test_addresses_that_the_unit_allows_are_those_of_the_policy(allowed, blocks):
    spec = made("networkpolicy", dict(SMALL, slipway_unit={"ip_allow": allowed}))["spec"]
    if blocks is None:
        assert "egress" not in spec and "from" not in spec["ingress"][0]
        return
    networks = [{"ipBlock": {"cidr": block}} for block in blocks]
    assert [rule["from"] for rule in spec["ingress"]] == ([networks] if blocks else [])
    assert [rule["to"] for rule in spec["egress"] if "to" in rule] == ([networks] if blocks else [])
    assert spec["egress"][-1]["ports"][0] == {"port": 53, "protocol": "UDP"}


def test_the_name_leads_to_the_service():
    spec = made("ingress", FULL)["spec"]
    assert spec["ingressClassName"] == "nginx"
    assert spec["tls"] == [{"hosts": ["orders.example.com"], "secretName": "orders-tls"}]
    (rule,) = spec["rules"]
    assert rule["http"]["paths"][0]["backend"]["service"] == {"name": "orders", "port": {"name": "http"}}
    assert "tls" not in made("ingress", dict(FULL, slipway_tls=False))["spec"]
    route = made("httproute", OTHER)["spec"]
    assert route["parentRefs"] == [{"name": "shared", "namespace": "infra"}]
    assert route["hostnames"] == ["orders.example.com"]


def test_the_service_has_port_80_and_says_what_is_spoken():
    spec = made("service", OTHER)["spec"]
    assert spec["type"] == "NodePort"
    assert spec["ports"] == [
        {
            "name": "http",
            "port": 80,
            "targetPort": "http",
            "protocol": "TCP",
            "appProtocol": "http",
            "nodePort": 30080,
        }
    ]
    given = dict(SMALL, slipway_metrics={"port": 9000})
    assert made("service", given)["spec"]["ports"][1]["port"] == 9000


def test_metrics_of_pods_have_the_labels_of_those_of_hosts():
    (endpoint,) = made("servicemonitor", FULL)["spec"]["endpoints"]
    assert (endpoint["port"], endpoint["path"]) == ("http", "/metrics")
    assert [rule.get("replacement") for rule in endpoint["relabelings"]] == ["slipway_app", "orders", None]
    (group,) = made("prometheusrule", FULL)["spec"]["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert names == ["Orders" + name for name in ("Down", "Restarting", "Errors", "Slow", "NearMemoryMax")]
    assert all('job="slipway_app",app="orders"' in rule["expr"] for rule in group["rules"])
