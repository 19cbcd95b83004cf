# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook: what it says, what it loses, and what it refuses."""

from __future__ import annotations

import concurrent.futures
import json

import pytest

from .conftest import SECRET


@pytest.fixture(scope="module")
def ran(controller):
    """Drills of three services at the same time, each on one of its hosts."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = {
            "kill": pool.submit(controller.drill, "stock", "kill"),
            "bad_release": pool.submit(controller.drill, "orders", "bad_release", slipway_on="orders2"),
            "hang": pool.submit(controller.drill, "bill", "hang", slipway_lost_at_most=0),
        }
        return {name: future.result() for name, future in running.items()}


def test_behind_a_balancer_a_killed_instance_loses_what_it_had(ran):
    """Ten requests a second, of which each takes some milliseconds: one may have been on its way."""
    killed = ran["kill"]
    assert killed.done.code == 0, killed.said[-6000:]
    assert killed.row["verdict"] in ("held", "recovered") and killed.row["lost"] <= 1, killed.row
    assert killed.row["host"] == "stock1" and killed.row["asked"] >= 20
    assert "of stock@blue.service" in killed.row["does"]
    assert "the host ends it by itself after 12 s" in killed.said


def test_a_bad_release_is_noticed_and_users_hardly_see_it(ran, hosts):
    bad = ran["bad_release"]
    assert bad.done.code == 0, bad.said[-6000:]
    assert bad.row["verdict"] in ("held", "recovered")
    assert "the bad release was reverted" in bad.row["does"]
    assert hosts["web2"].sure("ls /opt/orders/releases").split() == [bad.row["release"]]


def test_a_limit_fails_the_playbook(ran):
    hung = ran["hang"]
    assert hung.done.code != 0
    assert hung.row["verdict"] == "recovered" and hung.row["lost"] > 0 and not hung.row["passed"]
    assert "More than slipway_lost_at_most allows: 0" in hung.said


def test_no_secret_is_said(ran):
    for one in ran.values():
        assert SECRET not in one.said + json.dumps(one.summary)


def test_the_logs_show_it(ran, controller):
    said = controller.sure("slipway.golang.logs", slipway_hosts="stock1", slipway_summary="").said
    assert "stock1 drill with 1.0.0 begun: kill: kills process" in said
    assert "stock1 drill with 1.0.0 ended: kill" in said


def test_a_rollout_and_a_drill_keep_out_of_each_others_way(ran, controller, hosts):
    hosts["web1"].sure(
        "python3 - <<'END'\nimport json, time\npath = '/opt/shop/lease.json'\n"
        "json.dump({'id': 'x', 'expires': time.time() + 300, 'ttl': 300, 'counter': 1, 'since': 'now', "
        "'actor': 'ann', 'description': 'shop 2.0.0', 'process': {}}, open(path, 'w'))\nEND"
    )
    refused = controller.drill("shop", "kill")
    hosts["web1"].sure("rm /opt/shop/lease.json")
    assert refused.done.code != 0 and refused.row["verdict"] == "refused"
    assert "Another rollout of shop is in progress: shop 2.0.0, by ann" in refused.said


def test_nothing_is_broken_while_a_host_is_unhealthy(controller, hosts):
    hosts["web2"].sure("systemctl stop shop")
    before = hosts["web1"].sure("systemctl show -p MainPID --value shop")
    refused = controller.drill("shop", "kill")
    hosts["web2"].sure("systemctl start shop")
    assert refused.done.code != 0 and refused.row["verdict"] == "refused"
    assert "not all hosts are healthy: shop2: it does not run" in refused.said.replace("\n", " ")
    assert hosts["web1"].sure("systemctl show -p MainPID --value shop") == before


@pytest.mark.parametrize(
    "given, words",
    [
        ({"slipway_yes": ""}, "slipway_yes=shop"),
        ({"slipway_on": "shop1,shop2"}, "slipway_at_most allows 1 at a time"),
    ],
)
def test_nothing_is_broken_that_nobody_means(controller, given, words):
    refused = controller.drill("shop", "kill", **given)
    assert refused.done.code != 0 and words in refused.said and refused.summary == []


def test_a_lost_balancer_is_lost_and_comes_back(controller):
    """It is the only one: everything is lost as long as it lasts."""
    inventory = json.loads(controller.inventory.read_text())
    children = inventory["all"]["children"]
    path = controller.directory / "balanced.json"
    groups = {"shop": children["services"], "balancers": children["lb"]}
    groups["shop"]["hosts"] = {
        name: value for name, value in groups["shop"]["hosts"].items() if name[:-1] == "shop"
    }
    path.write_text(json.dumps({"all": {"children": groups}}))
    kept, controller.inventory = controller.inventory, path
    lost = controller.drill("shop", "lost_balancer")
    controller.inventory = kept
    assert lost.done.code == 0, lost.said[-6000:]
    assert (lost.row["host"], lost.row["verdict"]) == ("lb1", "recovered") and lost.row["lost"] >= 10
