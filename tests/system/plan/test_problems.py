# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A problem of each kind on one host of a service: the plan finds it, and the budget decides what follows.

All services are in one run, each with a budget of its own, so each kind is the only one of its service.
"""

from __future__ import annotations

import re

import pytest
from support import lab

from . import problems
from .conftest import Controller, Ran, kept

TINY = "package main\n\nfunc main() {}\n"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """An artifact for another architecture; small, as Go builds its library for it first."""
    source = tmp_path_factory.mktemp("elsewhere")
    (source / "go.mod").write_text("module example.test/arch\n\ngo 1.21\n")
    (source / "main.go").write_text(TINY)
    controller = Controller(source, {"shop1": {"ansible_connection": "local", "slipway_app": "shop"}})
    target = "linux/" + problems.OTHER_ARCHITECTURE
    build = {"go": lab.find_go()}
    controller.sure(
        "build",
        slipway_source=str(source),
        slipway_version="1.0.0",
        slipway_targets=[target],
        slipway_build=build,
    )
    (tarball,) = (source / "dist").glob("*.tar.gz")
    return str(tarball)


@pytest.fixture(scope="module")
def fleet(hosts, elsewhere, tmp_path_factory):
    """The controller, its hosts, and the problems: they are there from now on."""
    directory = tmp_path_factory.mktemp("problems")
    found = problems.problems(elsewhere)
    inventory = problems.inventory(found, directory)
    good = problems.good_hosts(inventory)
    Controller(directory, {name: without_artifacts(inventory[name]) for name in good}).sure("build")
    controller = Controller(directory, inventory)
    controller.sure("deploy", "--limit", "strategy-bad", slipway_strategy="socket")
    problems.cause(found, hosts)
    return controller, found, good


def without_artifacts(host):
    return {name: value for name, value in host.items() if name != "slipway_artifacts"}


@pytest.fixture(scope="module")
def services(fleet):
    return sorted({problems.service_of(*item) for item in fleet[1].items()})


@pytest.fixture(scope="module")
def within(hosts, fleet, services):
    """A first deploy, whose budget is the number of problems: the state before, and the run."""
    return kept(hosts, services), fleet[0].play("deploy")


@pytest.fixture(scope="module")
def beyond(hosts, fleet, services, within):
    """Another release, whose budget is one less for each service: the state before, and the run."""
    return kept(hosts, services), fleet[0].play("deploy", missing=1, slipway_env={"RELEASE": "next"})


def shown(ran: Ran, host: str) -> str:
    """The problem of a host, as the plan prints it below its table."""
    lines = ran.done.out.split("Plan: ")[1].splitlines()
    return "\n".join(line for line in lines if line.startswith(host + ": "))


@pytest.mark.parametrize("name", problems.NAMES)
def test_a_host_with_a_problem_is_left_out_within_the_budget(name, fleet, within):
    problem, (dummy, ran), bad = fleet[1][name], within, name + "-bad"
    assert ran.outcomes[bad] == problem.outcome and ran.rows[bad]["failed"]
    assert re.search(problem.said, ran.rows[bad]["why"]) and re.search(problem.said, shown(ran, bad))
    assert ran.changed.get(bad, 0) == 0


def test_the_other_hosts_are_deployed_within_the_budget(fleet, within):
    dummy, ran = within
    assert ran.done.code == 0, ran.said[-4000:]
    assert {ran.outcomes[host] for host in fleet[2]} == {"ok"}
    assert all(ran.changed[host] for host in fleet[2])


def test_a_host_that_was_left_out_is_as_it_was(hosts, services, within):
    now = kept(hosts, services)
    assert [now[name] for name in ("odd1", "bare1")] == [within[0][name] for name in ("odd1", "bare1")]


@pytest.mark.parametrize("name", problems.NAMES)
def test_a_problem_beyond_the_budget_is_named_with_its_remedy(name, fleet, beyond):
    problem, (dummy, ran), bad = fleet[1][name], beyond, name + "-bad"
    assert ran.outcomes[bad] == problem.outcome and ran.rows[bad]["failed"]
    assert re.search(problem.said, shown(ran, bad))


def test_beyond_the_budget_each_service_is_named_and_nothing_is_changed(hosts, fleet, services, beyond):
    before, ran = beyond
    assert ran.done.code != 0
    assert {ran.outcomes[host] for host in fleet[2]} == {"not reached"}
    for service in services:
        assert "hosts of %s have a problem, and slipway_max_failures is" % service in ran.summary["reason"]
    assert kept(hosts, services) == before
    assert set(ran.changed.values()) <= {0}


def test_cured_hosts_follow_with_the_next_deploy(hosts, fleet, beyond):
    controller, found, dummy = fleet
    for name in ("lock", "masked"):
        hosts["odd1"].sure(found[name].cure)
    ran = controller.sure("deploy", "--limit", "lock-*,masked-*", missing=1)
    assert {name: ran.outcomes[name] for name in ("lock-bad", "masked-bad")} == {
        "lock-bad": "ok",
        "masked-bad": "ok",
    }
    assert ran.outcomes["lock-web1"] == "unchanged"
