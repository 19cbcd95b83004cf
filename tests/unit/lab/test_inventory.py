# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import inventory
import pytest
import yaml
from shell import LabError

PORTS = {22: 32001, 80: 32002, 443: 32003, 8080: 32004, 14000: 32005, 15000: 32006}


def names(*specs):
    return [host.name for host in inventory.hosts_of(list(specs))]


@pytest.mark.parametrize(
    ("specs", "expected"),
    [
        (["web=3"], ["web1", "web2", "web3"]),
        (["web=1", "plain=1:nopython"], ["web1", "plain1"]),
        (["go_toolchain=1"], ["go-toolchain1"]),
        (["web=0"], []),
        (["web=2", "db=1", "web=1:debian13"], ["web1", "web2", "db1", "web3"]),
    ],
)
def test_groups_become_hosts(specs, expected):
    assert names(*specs) == expected


def test_a_host_may_be_without_python():
    web, plain = inventory.hosts_of(["web=1", "plain=1:nopython"])
    assert web.python
    assert not plain.python


@pytest.mark.parametrize(
    "spec", ["web", "web=", "web=three", "Web=1", "web=1:plain", "web=1:", "web-x=1", "=1", "web=1000"]
)
def test_what_is_no_group(spec):
    with pytest.raises(LabError, match="is not a group"):
        inventory.hosts_of([spec])


@pytest.mark.parametrize("specs", [["web1=1", "web=11"], ["web=11", "web1=1"]])
def test_two_hosts_of_one_name_are_refused(specs):
    with pytest.raises(LabError, match="same name"):
        inventory.hosts_of(specs)


@pytest.mark.parametrize("name", ["", "Demo", "1st", "a/b", "..", "a" * 31])
def test_what_is_no_fleet_name(name):
    with pytest.raises(LabError, match="is not a fleet name"):
        inventory.fleet_name(name)


def test_the_inventory_is_yaml_that_ansible_reads():
    hosts = inventory.hosts_of(["web=2", "plain=1:nopython"])
    addresses = {host.name: inventory.Address("172.18.0.2", PORTS) for host in hosts}
    read = yaml.safe_load(
        inventory.as_yaml(inventory.inventory("demo", hosts, addresses, Path("/some where/demo")))
    )

    lab = read["all"]["children"]["lab"]
    assert '"/some where/demo/known_hosts"' in lab["vars"]["ansible_ssh_common_args"]
    assert list(lab["children"]["web"]["hosts"]) == ["web1", "web2"]
    assert lab["children"]["web"]["hosts"]["web2"] == {
        "ansible_port": 32001,
        "ansible_python_interpreter": "/usr/bin/python3",
        "lab_address": "172.18.0.2",
        "lab_app_url": "http://127.0.0.1:32004",
        "lab_container": "demo-web2",
        "lab_http_port": 32002,
        "lab_https_port": 32003,
    }
    assert "ansible_python_interpreter" not in lab["children"]["plain"]["hosts"]["plain1"]


def test_the_kind_of_a_host_says_what_it_is_made_from():
    hosts = inventory.hosts_of(["web=1", "plain=1:nopython", "new=1:debian13", "acme=1:acme"])
    assert [(host.name, host.image) for host in hosts] == [
        ("web1", "python"),
        ("plain1", "plain"),
        ("new1", "debian13"),
        ("acme1", "acme"),
    ]


def test_a_second_acme_server_is_refused():
    with pytest.raises(LabError, match="one ACME server"):
        inventory.hosts_of(["acme=2:acme"])


def test_a_host_answers_to_names_of_its_own_and_to_its_group():
    assert inventory.hosts_of(["go_toolchain=1"])[0].aliases == (
        "go-toolchain1",
        "go-toolchain1.example.test",
        "www.go-toolchain1.example.test",
        "api.go-toolchain1.example.test",
        "go-toolchain.example.test",
    )


def shared_variables(*specs):
    hosts = inventory.hosts_of(list(specs))
    addresses = {host.name: inventory.Address("172.18.0.2", PORTS) for host in hosts}
    return inventory.inventory("demo", hosts, addresses, Path("/x"))["all"]["children"]["lab"]["vars"]


def test_all_hosts_know_the_acme_server():
    shared = shared_variables("web=1", "tls_ca=1:acme")
    assert shared["lab_acme_directory"] == "https://tls-ca1:14000/dir"
    assert shared["lab_acme_ca"] == "/x/acme_ca.crt"
    assert shared["lab_acme_root_url"] == "https://127.0.0.1:32006/roots/0"


def test_without_an_acme_server_nobody_hears_of_one():
    assert not [name for name in shared_variables("web=1") if "acme" in name]


def test_localhost_keeps_its_own_variables():
    assert list(inventory.inventory("demo", [], {}, Path("/x"))["all"]) == ["children"]
