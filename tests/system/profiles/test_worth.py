# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A build by a profile, and what it is worth: CPU time, which a busy machine does not change much."""

from __future__ import annotations

import concurrent.futures
import json

from .conftest import Load


def test_the_next_build_is_optimised_by_the_profile_and_measured_to_be_worth_it(orders, hosts):
    """A call through an interface in a hot loop: Go makes it a direct one, and puts it into the loop."""
    given = {"slipway_pgo": True, "slipway_measure": True, "slipway_load": {"path": "/busy?ms=5"}}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        with Load():
            running = pool.submit(orders.sure, "profile", slipway_seconds=6, **given)
            orders.wait_for_profile(running)
        ran = running.result()
    pgo = orders.source / "cmd" / "busy" / "default.pgo"
    assert "new: %s" % pgo in ran.said and pgo.read_bytes() == orders.file("-cpu-*.pb.gz").read_bytes()
    measured = orders.known()["measured"]
    assert measured["gain"] >= 0.03 and measured["worth"] is True, measured
    assert ": worth it" in ran.said and len(measured["turns"]) == 9
    for host in hosts.values():
        assert host.run("test -e /opt/orders/measure").code != 0
        assert host.run("systemctl is-active orders-smoke").out.strip() == "inactive"
    before = {name: host.sure("readlink /opt/orders/current") for name, host in hosts.items()}
    orders.sure("deploy", slipway_version="1.1.0")
    after = {name: host.sure("readlink /opt/orders/current") for name, host in hosts.items()}
    assert all(before[name] != after[name] for name in hosts)
    (provenance,) = orders.dist.rglob("*.provenance.json")
    recorded = json.loads(provenance.read_text())
    assert len(recorded["inputs"]["pgo"]) == 64 and recorded["build"]["settings"]["-pgo"] == "default.pgo"
