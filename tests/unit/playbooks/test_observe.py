# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook observe on the controller, and the silences of a rollout. With real hosts: system/metrics."""

from __future__ import annotations

import json

import pytest
import yaml

from ..plugins.plugin_utils.test_silence import serving
from .stub import NEW, OLD

SECRET = "hunter2-of-the-service"
OTHERS = """
  children:
    web: {hosts: {web1: , web2: , web3: }}
    monitoring: {hosts: {mon1: , web3: }}
"""


@pytest.fixture
def monitoring(tmp_path):
    """An inventory with a host that only observes, and one that also serves."""

    def write():
        with open(tmp_path / "inventory.yml", "a", encoding="utf-8") as inventory:
            inventory.write(OTHERS)

    return write


def test_the_files_are_beside_the_inventory_and_a_second_run_changes_nothing(play, tmp_path):
    given = {"slipway_metrics": {"path": "/metrics"}, "slipway_env": {"PASSWORD": SECRET}}
    given["slipway_health"] = {"path": "/healthz", "headers": {"Authorization": SECRET}}
    run = play("observe", **given)
    assert run.status == 0, run.output
    home = tmp_path / "observe"
    found = sorted(path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file())
    assert found == [
        "alertmanager/orders.yml",
        "dashboards/orders.json",
        "rule_tests/orders.yml",
        "rules/orders.yml",
        "targets/orders.json",
    ]
    (group,) = yaml.safe_load((home / "rules" / "orders.yml").read_text(encoding="utf-8"))["groups"]
    summaries = [rule["annotations"]["summary"] for rule in group["rules"]]
    assert any("{{ $labels.instance }}" in summary for summary in summaries)
    assert len(json.loads((home / "targets" / "orders.json").read_text(encoding="utf-8"))) == 9
    assert run.names() == ["release_metrics web%d" % number for number in (1, 2, 3)]
    again = play("observe", **given)
    assert again.status == 0 and "changed=1" not in again.output
    assert SECRET not in run.output
    assert not [path for path in home.rglob("*") if path.is_file() and SECRET in path.read_text("utf-8")]


def test_another_directory_and_check_mode(play, tmp_path):
    metrics = {"dest": "elsewhere"}
    assert play("observe", check=True, slipway_metrics=metrics).status == 0
    assert not (tmp_path / "elsewhere").exists()
    assert play("observe", slipway_metrics=metrics).status == 0
    assert (tmp_path / "elsewhere" / "rules" / "orders.yml").exists()


def test_a_host_that_only_observes_gets_no_release(play, monitoring):
    monitoring()
    run = play("deploy", slipway_waves=["100%"])
    assert run.status == 0, run.output
    assert sorted(run.names()) == ["release web1", "release web2", "release web3"]


def test_names_in_place_of_addresses_are_refused_where_the_proxy_needs_addresses(play, monitoring):
    monitoring()
    run = play("observe", slipway_metrics={"socket": "pprof.sock"})
    assert run.status != 0 and run.names() == []
    assert "slipway_metrics.from is not set, and the group monitoring has host names: mon1" in run.output


@pytest.fixture
def alertmanager():
    with serving() as server:
        yield server


def instances(alertmanager):
    found = []
    for dummy, dummy, silence in alertmanager.received:
        matchers = {matcher["name"]: matcher["value"] for matcher in silence["matchers"]}
        found.append(matchers["instance"])
    return found


def test_each_wave_asks_once_for_silence_before_it_begins(play, alertmanager):
    run = play("deploy", slipway_waves=[1, 2], slipway_metrics={"alertmanager": alertmanager.url})
    assert run.status == 0, run.output
    assert instances(alertmanager) == ["web1|", "web2|web3|"]
    assert alertmanager.received[0][2]["comment"] == "Slipway changes orders to %s on web1" % NEW
    assert "WARNING" not in run.output


def test_a_wave_that_goes_back_has_its_silence_too(play, alertmanager):
    reverted = {"failed": True, "outcome": "reverted", "msg": "unhealthy", "from": OLD, "current": OLD}
    answers = {"release web2": reverted}
    run = play(
        "deploy",
        answers,
        slipway_waves=[1, 1],
        slipway_on_failure="revert_all",
        slipway_metrics={"alertmanager": alertmanager.url},
    )
    assert run.status != 0
    assert instances(alertmanager) == ["web1|", "web2|", "web1|"]


@pytest.mark.parametrize("check", [True, False])
def test_without_a_wave_nobody_is_asked(play, alertmanager, check):
    answers = {} if check else {"plan": {"changed": False, "outcome": "ok", "release": NEW, "current": NEW}}
    run = play("deploy", answers, check=check, slipway_metrics={"alertmanager": alertmanager.url})
    assert run.status == 0, run.output
    assert alertmanager.received == []


def test_an_alertmanager_that_refuses_is_a_warning_and_no_failure(play, alertmanager):
    alertmanager.status = 500
    run = play("deploy", slipway_waves=["100%"], slipway_metrics={"alertmanager": alertmanager.url})
    assert run.status == 0 and run.table() == dict.fromkeys(["web1", "web2", "web3"], "ok")
    printed = " ".join(run.output.split())
    assert "[WARNING]: %s: Alertmanager has no silence for web1, web2, web3" % alertmanager.url in printed
