# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A build by a profile, and what it is worth: CPU time, which a busy machine does not change much."""

from __future__ import annotations

import concurrent.futures
import json
import shutil

from support import lab

from .conftest import Load

ASK = (
    "rm -f /run/enough; python3 -c 'import os, sys, urllib.request\n"
    'while not os.path.exists("/run/enough"):\n'
    " urllib.request.urlopen(sys.argv[1]).read()' %s"
)


def test_the_next_build_is_optimised_by_the_profile_and_measured_to_be_worth_it(orders, hosts):
    """A call through an interface in a hot loop: Go makes it a direct one, and puts it into the loop."""
    given = {"slipway_pgo": True, "slipway_measure": True, "slipway_load": {"path": "/busy?ms=5"}}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        with Load():
            running = pool.submit(orders.sure, "profile", slipway_seconds=4, **given)
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


def test_what_a_program_answers_in_no_time_is_not_worth_it(orders, hosts, tmp_path):
    """The health check of hello: most of its time is the kernel's."""
    hello = {
        "slipway_app": "hello",
        "slipway_source": str(shutil.copytree(lab.CHECKOUT / "examples" / "hello", tmp_path / "hello")),
        "slipway_dist": str(orders.dist),
        "slipway_build": {"go": lab.find_go()},
        "slipway_stamp": {"main.version": "{version}"},
        "slipway_version": "1.0.0",
        "slipway_strategy": "restart",
        "slipway_port": 8090,
    }
    for host in hosts.values():
        host.sure("id hello 2>/dev/null || useradd --system --user-group hello")
    orders.sure("deploy", **hello)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        asking = [pool.submit(host.sure, ASK % "http://127.0.0.1:8090/healthz") for host in hosts.values()]
        running = pool.submit(orders.sure, "profile", slipway_seconds=2, slipway_measure=True, **hello)
        orders.wait_for_profile(running)
        for host in hosts.values():
            host.sure("touch /run/enough")
        ran = running.result()
        assert all(asked.result() == "" for asked in asking)
    measured = orders.known()["measured"]
    assert measured["worth"] is False and ": not worth the longer build" in ran.said, measured
