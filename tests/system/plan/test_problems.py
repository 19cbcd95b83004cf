# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A problem of each kind on one host of a service: the plan finds it, and the budget decides what follows.

All services are in one run, each with a budget of its own, so each kind is the only one of its service.
"""

from __future__ import annotations

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
    controller = Controller(source, {"arch1": {"ansible_connection": "local", "slipway_app": "arch"}})
    target = "linux/" + problems.OTHER_ARCHITECTURE
    build = {"go": lab.find_go()}
    controller.sure(
        "build", slipway_source=str(source), slipway_version="1.0.0", slipway_targets=[target], slipway_build=build
    )
    (tarball,) = (source / "dist").glob("*.tar.gz")
    return str(tarball)


@pytest.fixture(scope="module")
def fleet(hosts, elsewhere, tmp_path_factory):
    """The controller, and the problems: they are there from now on."""
    directory = tmp_path_factory.mktemp("problems")
    found = problems.problems(elsewhere)
    inventory = problems.inventory(found, directory)
    Controller(directory, {name: without(host) for name, host in inventory.items()}).sure("build")
    controller = Controller(directory, inventory)
    prepared = lab.run(
        lab.playbook_argv(
            lab.CHECKOUT / "tests/system/plan/nginx.yml", inventory=controller.inventory, variables={}
        ),
        environment=controller.environment,
    )
    assert prepared.code == 0, prepared
    controller.sure("deploy", "--limit", "strategy-bad", slipway_strategy="socket")
    problems.cause(found, hosts)
    return controller, found


def without(host):
    return {name: value for name, value in host.items() if name != "slipway_artifacts"}


@pytest.fixture(scope="module")
def within(hosts, fleet):
    """A first deploy, whose budget is one host of each service: the state before, and the run."""
    controller, found = fleet
    return kept(hosts, found), controller.play("deploy", slipway_max_failures=1)


@pytest.fixture(scope="module")
def beyond(hosts, fleet, within):
    """Another release, whose budget is none, and what the hosts had before."""
    controller, found = fleet
    before = kept(hosts, found)
    return before, controller.play("deploy", slipway_max_failures=0, slipway_env={"RELEASE": "next"})


def shown(ran: Ran, host: str) -> str:
    """The problem of a host, as the plan prints it below its table."""
    lines = ran.done.out.split("Plan: ")[1].splitlines()
    return "\n".join(line for line in lines if line.startswith(host + ": "))


@pytest.mark.parametrize("name", problems.NAMES)
def test_a_host_with_a_problem_is_left_out_within_the_budget(name, fleet, within):
    problem, (dummy, ran) = fleet[1][name], within
    bad = name + "-bad"
    assert ran.done.code == 0, ran.said[-4000:]
    assert ran.outcomes[bad] == problem.outcome and ran.rows[bad]["failed"]
    assert problem.said in ran.rows[bad]["why"] and problem.said in shown(ran, bad)
    assert [ran.outcomes["%s-%s" % (name, good)] for good in ("web1", "web2")] == ["deployed", "deployed"]
    assert ran.changed.get(bad, 0) == 0


@pytest.mark.parametrize("name", problems.NAMES)
def test_a_problem_beyond_the_budget_is_named_with_its_remedy(name, fleet, beyond):
    problem, (dummy, ran) = fleet[1][name], beyond
    bad = name + "-bad"
    assert ran.done.code != 0
    assert ran.outcomes[bad] == problem.outcome and ran.rows[bad]["failed"]
    assert problem.said in shown(ran, bad)
    assert "1 of 3 hosts of %s have a problem" % name in ran.said
    assert {ran.outcomes["%s-%s" % (name, good)] for good in ("web1", "web2")} == {"not reached"}


def test_beyond_the_budget_nothing_is_changed_on_any_host(hosts, fleet, beyond):
    before, ran = beyond
    assert kept(hosts, fleet[1]) == before
    assert set(ran.changed.values()) <= {0}


def test_a_host_that_was_left_out_is_as_it_was(hosts, fleet, within):
    before = within[0]
    now = kept(hosts, fleet[1])
    assert [now[name] for name in ("web3", "bare1")] == [before[name] for name in ("web3", "bare1")]


def test_cured_hosts_follow_with_the_next_deploy(hosts, fleet, beyond):
    controller, found = fleet
    cured = [name for name, problem in found.items() if problem.cure]
    for name in cured:
        hosts[found[name].container].sure(found[name].cure)
    ran = controller.sure("deploy", "--limit", ",".join(name + "-*" for name in cured), slipway_max_failures=0)
    assert {ran.outcomes[name + "-bad"] for name in cured} == {"deployed"}
    assert {ran.outcomes[name + "-web1"] for name in cured} == {"unchanged"}
