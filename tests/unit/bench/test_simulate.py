# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest
import simulate
from simulate import Cost, Site

COST = Cost(start=0.5, cpu=0.1, host_cpu=0.2, wait=1.0, kilobytes=8000)
LAB = Site(hosts_share_cores=True)


def measured(hosts, costs, site=LAB):
    """What the bench would have written, had it measured these costs."""
    medians = {}
    for way, cost in costs.items():
        wall = simulate.simulate(cost, site, hosts).seconds
        medians[way] = {
            "wall": wall,
            "cpu": cost.start + cost.cpu * hosts,
            "sessions": 2,
            "kilobytes": cost.kilobytes,
        }
    return {"hosts": hosts, "rounds": 1, "medians": medians}


def test_one_host_takes_the_sum_of_its_parts():
    site = Site(link=100e6, wave_seconds=0.3)
    assert simulate.simulate(COST, site, 1).seconds == pytest.approx(0.5 + 0.3 + 0.1 + 0.64 + 0.2 + 1.0)


def test_hosts_that_only_wait_are_done_fork_by_fork():
    waits = Cost(start=0, cpu=0, host_cpu=0, wait=2.0, kilobytes=0)
    assert simulate.simulate(waits, Site(forks=10), 25).seconds == pytest.approx(6.0)


def test_a_narrow_link_sets_the_pace_and_is_named():
    done = simulate.simulate(COST, Site(forks=100, link=100e6, cores=8), 1000)
    assert done.seconds == pytest.approx(1000 * 0.64, rel=0.01)
    assert done.held_up_by == "link"


def test_work_that_only_the_main_process_does_gains_nothing_by_more_processors():
    serial = Site(forks=100, main_share=1.0)
    seconds = {
        cores: simulate.simulate(COST, dataclasses.replace(serial, cores=cores), 200).seconds
        for cores in (2, 16)
    }
    assert seconds[2] == pytest.approx(seconds[16]) == pytest.approx(0.5 + 200 * 0.1 + 1.2)
    assert simulate.simulate(COST, serial, 200).held_up_by == "main process"


def test_containers_take_the_controllers_processors_and_real_hosts_do_not():
    work = Cost(start=0, cpu=0.1, host_cpu=1.0, wait=0, kilobytes=0)
    assert simulate.simulate(work, LAB, 40).seconds == pytest.approx(40 * 1.1 / 2, rel=0.1)
    assert simulate.simulate(work, Site(forks=40), 40).seconds < 5


def test_every_wave_waits_for_the_one_before():
    waits = Cost(start=0, cpu=0, host_cpu=0, wait=1.0, kilobytes=0)
    assert simulate.simulate(
        waits, Site(forks=100, waves=(1, "10%", "25%", "100%"), wave_seconds=0.5), 100
    ).seconds == pytest.approx(6.0)


@pytest.mark.parametrize(
    "waves, hosts, found",
    [
        ((1, "10%", "25%", "100%"), 100, [1, 10, 25, 64]),
        ((1, "10%", "25%", "100%"), 3, [1, 1, 1]),
        (("30%",), 10, [3, 3, 3, 1]),
        ((4,), 10, [4, 4, 2]),
    ],
)
def test_waves_are_as_large_as_ansible_makes_them(waves, hosts, found):
    assert list(simulate.sizes(waves, hosts)) == found


def test_the_costs_that_were_measured_are_found_again():
    runs = [measured(hosts, {simulate.PUSH: COST}) for hosts in (1, 10)]
    found = simulate.fit(*runs, simulate.PUSH, LAB)
    for hosts in (1, 5, 10, 20, 40):
        assert simulate.simulate(found, LAB, hosts).seconds == pytest.approx(
            simulate.simulate(COST, LAB, hosts).seconds, rel=0.02
        )
    assert (found.start, found.cpu) == (pytest.approx(0.5), pytest.approx(0.1))


def test_pull_costs_the_controller_what_a_deploy_without_a_tarball_does():
    small = dataclasses.replace(COST, cpu=0.08, kilobytes=130)
    found = simulate.modes(
        *[measured(hosts, {simulate.PUSH: COST, simulate.CONFIGURED: small}) for hosts in (1, 10)], LAB
    )
    assert set(found) == {"push", "pull"}
    assert (found["pull"].kilobytes, found["pull"].from_mirror, found["pull"].cpu) == (
        130,
        7870,
        pytest.approx(0.08),
    )


def test_the_most_hosts_in_time_is_the_last_number_that_is_in_time():
    site = Site(link=100e6, forks=100)
    most = simulate.most_hosts(COST, site, 600)
    assert (
        simulate.simulate(COST, site, most).seconds <= 600 < simulate.simulate(COST, site, most + 1).seconds
    )


def test_the_command_prints_the_same_twice_and_the_error_of_every_check(tmp_path):
    for hosts in (1, 10, 20):
        (tmp_path / ("%d.json" % hosts)).write_text(json.dumps(measured(hosts, {simulate.PUSH: COST})))
    argv = [sys.executable, simulate.__file__, "1.json", "10.json", "--check", "20.json"]
    first, second = (
        subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
        for dummy in range(2)
    )
    assert first == second
    assert [line.split("|")[1].strip() for line in first.splitlines() if "%" in line] == ["1", "10", "20"]
