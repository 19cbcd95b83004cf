# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which playbook takes the hosts of the group clusters, and which leaves them out."""

from __future__ import annotations

import sys

import pytest
import yaml

IMAGE = "registry.example.com/orders@sha256:" + "0a1b" * 16
CLUSTERS = ("cluster1", "cluster2")
WEB = ("web1", "web2")


@pytest.fixture
def inventory(tmp_path):
    """A function that writes an inventory with hosts and clusters of one app."""

    def write(hosts=WEB, clusters=CLUSTERS, image=IMAGE):
        service = {"slipway_app": "orders", "slipway_artifacts": ["orders-2.0.0-linux-amd64.tar.gz"]}
        service.update(ansible_connection="local", ansible_python_interpreter=sys.executable)
        kubernetes = {"slipway_kubernetes": {"image": image}}
        groups = {
            "web": {"hosts": {name: {} for name in hosts}},
            "clusters": {"hosts": {name: {} for name in clusters}, "vars": kubernetes},
        }
        path = tmp_path / "both.yml"
        path.write_text(yaml.safe_dump({"all": {"vars": service, "children": groups}}), encoding="utf-8")
        return str(path)

    return write


def hosts_of(run):
    return {call["host"] for call in run.calls if call["call"] != "lease"}


@pytest.mark.parametrize(
    "playbook, options, hosts",
    [
        ("kubernetes", (), CLUSTERS),
        ("deploy", (), WEB),
        ("rollback", ("--limit", "clusters"), CLUSTERS),
        ("rollback", ("--limit", "web"), WEB),
        ("status", (), CLUSTERS + WEB),
    ],
)
def test_each_playbook_takes_its_own(play, inventory, playbook, options, hosts):
    run = play(playbook, inventory=inventory(), options=options)
    assert run.status == 0, run.output
    assert hosts_of(run) == set(hosts)
    # The lease of clusters is on a cluster, whatever else the inventory has.
    assert {call["host"] for call in run.calls} <= set(hosts)


@pytest.mark.parametrize(
    "playbook, given, words",
    [
        ("rollback", {}, "This run has hosts and clusters"),
        ("kubernetes", {"clusters": ()}, "No host of the service is in the group clusters"),
        ("deploy", {"hosts": ()}, "All hosts of the service are in the group clusters"),
        ("kubernetes", {"image": None}, "slipway_kubernetes.image is not set"),
        ("kubernetes", {"image": "registry.example.com/orders:1.4.2"}, "use a reference with a digest"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_asked(play, inventory, playbook, given, words):
    run = play(playbook, inventory=inventory(**given))
    assert run.status == 2 and run.calls == []
    assert words in " ".join(run.output.split())


def test_certificates_and_log_shipping_are_of_hosts_alone(play, inventory):
    run = play("status", inventory=inventory(hosts=()), slipway_domain="orders.example.com")
    assert run.status == 0, run.output
    assert "Gather certificates" not in run.output.replace("PLAY [", "")


@pytest.mark.parametrize(
    "name, given",
    [
        ("slipway_gate", {"slipway_gate": {"bad": "5xx or slower than 800ms"}, "slipway_soak_seconds": 1}),
        (
            "slipway_shares",
            {"slipway_shares": [5], "slipway_strategy": "blue_green", "slipway_soak_seconds": 1},
        ),
    ],
)
def test_requests_are_counted_on_hosts_alone(play, inventory, name, given):
    run = play("kubernetes", inventory=inventory(hosts=()), slipway_domain="orders.example.com", **given)
    assert run.status == 2 and run.calls == []
    assert name + ": it is for hosts, and this is a cluster" in " ".join(run.output.split())


def test_a_soak_of_a_cluster_has_no_gate(play, inventory):
    options = {"slipway_domain": "orders.example.com", "slipway_soak_seconds": 1}
    run = play("kubernetes", inventory=inventory(hosts=()), **options)
    assert run.status == 0, run.output
    assert "TASK [Count requests]" not in run.output
