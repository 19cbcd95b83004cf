# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A build by a profile, and the measurement of its gain.

Which verdict follows from which numbers: the unit tests of profiles.py. What the gain is depends on the
machine: here, whatever it is, the numbers have to be those of the turns.
"""

from __future__ import annotations

import concurrent.futures
import json
import statistics

import pytest

from .conftest import LIVE, Load

TURNS = 9
# A program on the host that sends one request. A path for Slipway's own load: the unit tests of measure.py.
LOAD = {"command": ["curl", "-sSf", "http://127.0.0.1:{port}/busy?ms=500"]}


@pytest.fixture(scope="module")
def measured(profiled, orders):
    """What the playbook printed, and its JSON."""
    given = {"slipway_pgo": True, "slipway_measure": True, "slipway_load": LOAD, "slipway_seconds": 2}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        with Load():
            running = pool.submit(orders.sure, "profile", **given)
            orders.wait_for_profile(running)
        return running.result().said, orders.known()["measured"]


def test_a_measurement_ends_with_the_numbers_of_its_turns_and_a_verdict(measured):
    said, found = measured
    assert len(found["turns"]) == TURNS and all(used > 0 for turn in found["turns"] for used in turn)
    gains = sorted(1 - optimised / plain for plain, optimised in found["turns"])
    assert found["gain"] == pytest.approx(statistics.median(gains), abs=1e-4)
    assert found["interval"] == pytest.approx([gains[1], gains[-2]], abs=1e-4)
    assert found["worth"] is (gains[1] >= 0.01)
    verdict = ": worth it" if found["worth"] else ": not worth the longer build"
    words = "for one run of the load: %.3f without the profile, %.3f with it (medians of %d turns)"
    assert words % (found["plain_seconds"], found["optimised_seconds"], TURNS) in said and verdict in said


def test_a_measurement_leaves_nothing_on_the_hosts(measured, hosts):
    for host in hosts.values():
        assert host.run("test -e /opt/orders/measure").code != 0
        for unit in ("orders-smoke", "orders-load"):
            assert host.run("systemctl is-active " + unit).out.strip() == "inactive"


def test_the_next_release_is_built_by_the_profile(measured, orders):
    pgo = orders.source / "cmd" / "busy" / "default.pgo"
    assert "new: %s" % pgo in measured[0]
    assert pgo.read_bytes() == max(orders.dist.glob("*-cpu-*.pb.gz"), key=_time).read_bytes()
    before = orders.file(".tar.gz").read_bytes()
    orders.sure("build", slipway_version=LIVE)
    assert orders.file(".tar.gz").read_bytes() != before
    recorded = json.loads(max(orders.dist.rglob("*.provenance.json"), key=_time).read_text())
    assert len(recorded["inputs"]["pgo"]) == 64 and recorded["build"]["settings"]["-pgo"] == "default.pgo"


def _time(path):
    return path.stat().st_mtime_ns
