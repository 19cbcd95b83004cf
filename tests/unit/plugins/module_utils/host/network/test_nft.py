# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.network import nft


@pytest.fixture
def ran(monkeypatch):
    """The commands that were run. ``ran.tables``: what `nft list tables` prints."""
    calls = SimpleNamespace(argv=[], tables="", code=0)

    def run(argv):
        calls.argv.append(argv)
        out = calls.tables if argv[1] == "list" else ""
        return SimpleNamespace(stdout=out, stderr="no such thing", returncode=calls.code)

    monkeypatch.setattr(nft.systemctl, "run", run)
    return calls


def test_a_table_is_made_at_once_with_its_rules(ran):
    table = nft.table_of("order-items")
    assert table != nft.table_of("order_items") and table.replace("_", "").isalnum()
    nft.install(table, "input", ["tcp dport %s drop" % nft.ports([8081, 8080, 8080])])
    ((command, text),) = ran.argv
    assert (
        command == "nft"
        and "hook input priority -300; policy accept\ntcp dport { 8080, 8081 } drop\n}" in text
    )


def test_only_a_table_that_is_there_is_removed(ran):
    nft.remove("slipway_drill_1")
    ran.tables = "table inet filter\ntable inet slipway_drill_12\n"
    nft.remove("slipway_drill_1")
    assert [argv[1] for argv in ran.argv] == ["list", "list"]
    ran.tables += "table inet slipway_drill_1\n"
    nft.remove("slipway_drill_1")
    assert ran.argv[-1] == ["nft", "delete", "table", "inet", "slipway_drill_1"]


def test_what_nft_says_is_passed_on(ran):
    ran.code = 1
    with pytest.raises(SlipwayError, match="no such thing"):
        nft.install("t", "input", ["drop"])
    with pytest.raises(SlipwayError, match="no such thing"):
        nft.remove("t")


def test_the_ports_are_those_that_the_process_listens_on(service):
    assert nft.ports_of(service.pid, "orders.service") == [service.port]
    with pytest.raises(SlipwayError, match="orders.service listens on no TCP port"):
        nft.ports_of(0, "orders.service")


@pytest.mark.parametrize("by", ["its own port", "the connection"])
def test_no_rule_is_in_the_way_of_ssh(service, monkeypatch, by):
    if by == "its own port":
        monkeypatch.setattr(nft, "SSH", service.port)
    else:  # of a process that this one came from
        environments = {os.getppid(): {"SSH_CONNECTION": "10.0.0.9 50000 10.0.0.1 %d" % service.port}}
        monkeypatch.setattr(nft.procfs, "environment", lambda pid: environments.get(pid, {}))
    with pytest.raises(SlipwayError, match="SSH comes in by port %d of orders.service" % service.port):
        nft.ports_of(service.pid, "orders.service")


def test_without_nft_the_package_is_named(monkeypatch):
    monkeypatch.setattr(nft, "PATH", "/nonexistent")
    with pytest.raises(SlipwayError, match="apt-get install nftables"):
        nft.require()


def test_a_port_is_a_number():
    with pytest.raises(ValueError):
        nft.ports(["80 } accept; #"])
