# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
import yaml

from .services import FULL, files, targets


def addresses(found):
    return [entry["targets"] for entry in found]


def test_every_host_has_an_exporter_whose_labels_are_the_same_for_every_app():
    """Prometheus asks a target once whose labels are in two files."""
    assert (
        targets("slipway_node")
        == targets("slipway_node", app="stock")
        == [
            {"targets": ["10.0.0.11:9100"], "labels": {"job": "slipway_node", "instance": "web1"}},
            {"targets": ["10.0.0.12:9100"], "labels": {"job": "slipway_node", "instance": "web2"}},
        ]
    )


def test_an_app_that_says_nothing_of_metrics_is_not_asked_for_them():
    assert targets("slipway_app") == []
    assert targets("slipway_app", slipway_metrics={"objective": 99}) == []


def test_metrics_are_on_the_port_of_the_service_or_on_another_one():
    own = targets("slipway_app", slipway_metrics={"path": "/internal"}, slipway_port=9000)
    assert addresses(own) == [["10.0.0.11:9000"], ["10.0.0.12:9000"]]
    assert own[1]["labels"] == {
        "job": "slipway_app",
        "app": "orders",
        "instance": "web2",
        "group": "web",
        "wave": "2",
        "__metrics_path__": "/internal",
    }
    other = targets("slipway_app", slipway_metrics={"port": 9101})
    assert other[0]["targets"] == ["10.0.0.11:9101"]
    assert other[0]["labels"]["__metrics_path__"] == "/metrics"


def test_metrics_behind_a_socket_are_on_the_port_of_the_proxy():
    assert targets("slipway_app", slipway_metrics={"socket": "pprof.sock"})[0]["targets"] == [
        "10.0.0.11:9199"
    ]
    chosen = targets("slipway_app", slipway_metrics={"socket": "pprof.sock", "port": 9200})
    assert chosen[0]["targets"] == ["10.0.0.11:9200"]
    # The proxy finds the instance that serves.
    both = targets("slipway_app", slipway_metrics={"socket": "a.sock"}, slipway_strategy="blue_green")
    assert len(both) == 2


def test_with_blue_green_both_ports_are_asked():
    own = targets("slipway_app", slipway_metrics={"path": "/metrics"}, slipway_strategy="blue_green")
    assert [(entry["targets"][0], entry["labels"]["color"]) for entry in own[:2]] == [
        ("10.0.0.11:8080", "blue"),
        ("10.0.0.11:8081", "green"),
    ]


def probes(**given):
    found = []
    for entry in targets("slipway_probe", **given):
        labels = entry["labels"]
        assert entry["targets"] == ["127.0.0.1:9115"] and labels["__metrics_path__"] == "/probe"
        module, target = labels["__param_module"], labels["__param_target"]
        found.append((labels["instance"], module, target, labels.get("__param_hostname")))
    return found


def test_without_a_domain_every_host_is_probed():
    assert probes(slipway_health={"path": "/healthz"}) == [
        ("web1", "http_2xx", "http://10.0.0.11:8080/healthz", None),
        ("web2", "http_2xx", "http://10.0.0.12:8080/healthz", None),
    ]


def test_with_a_domain_each_nginx_is_probed_by_its_own_address():
    assert probes(**FULL)[0] == ("web1", "http_2xx", "https://10.0.0.11:443/healthz", "orders.example.com")
    plain = probes(**{**FULL, "slipway_tls": False, "slipway_domain": "*.example.com"})
    assert plain[1] == ("web2", "http_2xx", "http://10.0.0.12:80/healthz", "example.com")


def test_behind_balancers_these_are_probed_and_the_hosts_too():
    assert [probe[0] for probe in probes(balancers=("lb1", "lb2"), **FULL)] == ["lb1", "lb2", "web1", "web2"]


@pytest.mark.parametrize(
    "health, expected",
    [
        ({"type": "tcp"}, "tcp_connect"),
        ({}, "tcp_connect"),
        ({"path": "/", "scheme": "https"}, "tcp_connect"),
        ({"path": "/", "status": ["401"]}, "tcp_connect"),
        ({"path": "/", "method": "POST"}, "tcp_connect"),
        ({"path": "/", "headers": {"Authorization": "s3cret"}}, "tcp_connect"),
        ({"path": "/", "status": ["200"]}, "http_2xx"),
    ],
)
def test_a_check_that_a_plain_request_cannot_make_is_a_connection(health, expected):
    found = probes(slipway_health=health)
    assert found[0][1] == expected
    assert (found[0][2] == "10.0.0.11:8080") == (expected == "tcp_connect")


def test_a_service_without_a_port_is_not_probed():
    assert probes(slipway_health={"type": "none"}) == []
    assert probes(slipway_health={"command": ["/bin/true"]}) == []


def test_an_instance_at_rest_is_not_probed():
    assert probes(slipway_strategy="blue_green") == []


def test_an_address_of_version_6_is_in_brackets():
    assert targets("slipway_node", slipway_address="2001:db8::1")[0]["targets"] == ["[2001:db8::1]:9100"]


def test_nothing_secret_is_in_any_file():
    health = {"path": "/", "headers": {"A": "s3cret"}}
    given = {**FULL, "slipway_env": {"PASSWORD": "s3cret"}, "slipway_health": health}
    assert "s3cret" not in json.dumps(files(**given))


def test_all_files_are_plain_data():
    found = files(**FULL)
    assert sorted(found) == ["alertmanager", "dashboard", "rule_tests", "rules", "targets"]
    assert yaml.safe_load(yaml.safe_dump(found)) == json.loads(json.dumps(found)) == found
