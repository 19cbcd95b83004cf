# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook: what it says, what it loses, and what it refuses."""

from __future__ import annotations

import concurrent.futures
import json
import re
import subprocess
import threading

import pytest
from support import lab

from .conftest import FLEET, SECRET, Ran, boot, is_running, ruleset

PAGE = lab.CHECKOUT / "docs/how-to/cookbook/nightly-job.md"

LEASE = {
    "id": "x",
    "expires": 4102444800,
    "ttl": 4102444800,
    "counter": 1,
    "since": "now",
    "actor": "ann",
    "description": "shop 2.0.0",
    "process": {},
}


@pytest.fixture(scope="module")
def ran(controller, hosts):
    """Drills at the same time, each of one service: three that are made, and one that must not be."""
    web1 = hosts["web1"]
    before = web1.sure("systemctl show -p MainPID --value shop"), ruleset(web1)
    web1.write("/opt/shop/lease.json", json.dumps(LEASE))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = {
            "kill": pool.submit(controller.drill, "stock", "kill"),
            "bad_release": pool.submit(controller.drill, "chat", "bad_release", slipway_on="chat2"),
            "hang": pool.submit(controller.drill, "bill", "hang", slipway_lost_at_most=0),
            "rollout": pool.submit(controller.drill, "shop", "kill"),
            "check": pool.submit(controller.drill, "shop", "cut_network", "--check"),
        }
        nightly = pool.submit(run_nightly_job, controller)
        found = {name: future.result() for name, future in running.items()}
        found["nightly"] = nightly.result()
    web1.sure("rm /opt/shop/lease.json")
    hosts["web2"].sure("systemctl stop shop")
    found["unhealthy"] = controller.drill("shop", "kill")
    hosts["web2"].sure("systemctl start shop")
    assert before == (web1.sure("systemctl show -p MainPID --value shop"), ruleset(web1))
    return found


def run_nightly_job(controller):
    """The script of the page, as CI would run it: audit and drill of one service."""
    directory = controller.directory / "nightly"
    (directory / "index").mkdir(parents=True)
    (directory / "index" / "db.json").write_text('{"modified": "2026-11-27T18:02:11Z"}')
    (directory / "index" / "modules.json").write_text("[]")
    inventory = json.loads(controller.inventory.read_text())
    known = inventory["all"]["children"]["services"]["hosts"]
    services = {name: dict(known[name]) for name in ("orders1", "orders2")}
    for values in services.values():
        values["slipway_build"] = {"vulnerabilities": {"database": directory.as_uri()}}
    (directory / "inventory.yml").write_text(json.dumps({"services": {"hosts": services}}))
    (script,) = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (directory / "nightly.sh").write_text(script)
    done = subprocess.run(
        ["sh", "nightly.sh"],
        cwd=directory,
        env=controller.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=FLEET.timeout,
    )
    written = {
        name: json.loads(path.read_text()) if path.exists() else None
        for name, path in ((name, directory / (name + ".json")) for name in ("audit", "drill"))
    }
    return Ran(lab.Done(done.returncode, done.stdout, done.stderr), written)


def test_the_nightly_job_of_the_page_passes(ran):
    nightly = ran["nightly"]
    assert nightly.done.code == 0, nightly.said[-6000:]
    assert nightly.summary["audit"]["scanned"] == ["orders1", "orders2"]
    (row,) = nightly.summary["drill"]
    assert (row["host"], row["fault"], row["passed"]) == ("orders1", "kill", True)
    # Ten requests a second, of which each takes some milliseconds: one may have been on its way.
    assert row["lost"] <= 1, row


def test_of_two_instances_on_a_host_the_one_that_serves_is_killed(ran):
    """The nginx on that host answers 502 until systemd has started it again."""
    killed = ran["kill"]
    assert killed.done.code == 0, killed.said[-6000:]
    assert killed.row["verdict"] == "recovered" and 0 < killed.row["lost"] < killed.row["asked"] / 2, (
        killed.row
    )
    assert killed.row["host"] == "stock1" and killed.row["asked"] >= 20
    assert "of stock@blue.service" in killed.row["does"]
    assert "the host ends it by itself after 12 s" in killed.said


def test_a_bad_release_is_noticed_and_users_hardly_see_it(ran, hosts):
    bad = ran["bad_release"]
    assert bad.done.code == 0, bad.said[-6000:]
    assert bad.row["verdict"] in ("held", "recovered")
    assert "the bad release was reverted" in bad.row["does"]
    assert hosts["web2"].sure("ls /opt/chat/releases").split() == [bad.row["release"]]


def test_a_limit_fails_the_playbook(ran):
    hung = ran["hang"]
    assert hung.done.code != 0
    assert hung.row["verdict"] == "recovered" and hung.row["lost"] > 0 and not hung.row["passed"]
    assert "More than slipway_lost_at_most allows: 0" in hung.said


def test_check_mode_says_what_would_be_done(ran):
    checked = ran["check"]
    assert checked.done.code == 0, checked.said[-6000:]
    assert "shop1: cut_network: Would be: drops what comes in for port 8083" in checked.said


@pytest.mark.parametrize(
    "name, words",
    [
        ("rollout", "Another rollout of shop is in progress: shop 2.0.0, by ann"),
        ("unhealthy", "not all hosts are healthy: shop2: it does not run"),
    ],
)
def test_nothing_is_broken_at_a_bad_moment(ran, name, words):
    refused = ran[name]
    assert refused.done.code != 0 and refused.row["verdict"] == "refused"
    assert words in " ".join(refused.said.split())


def test_no_secret_is_said(ran):
    for one in ran.values():
        assert SECRET not in one.said + json.dumps(one.summary)


def test_the_logs_show_it(ran, controller):
    said = controller.sure("slipway.golang.logs", slipway_hosts="stock1", slipway_summary="").said
    assert re.search(r"stock1 drill with 1\.0\.0\S* begun: kill: kills process", said)
    assert re.search(r"stock1 drill with 1\.0\.0\S* ended: kill", said)


def test_a_lost_balancer_is_lost_and_comes_back(ran, controller):
    """It is the only one: everything is lost as long as it lasts."""
    inventory = json.loads(controller.inventory.read_text())
    children = inventory["all"]["children"]
    path = controller.directory / "balanced.json"
    services = children["services"]["hosts"]
    groups = {
        "shop": {"hosts": {name: services[name] for name in ("shop1", "shop2")}},
        "balancers": children["lb"],
    }
    path.write_text(json.dumps({"all": {"children": groups}}))
    kept, controller.inventory = controller.inventory, path
    lost = controller.drill("shop", "lost_balancer")
    controller.inventory = kept
    assert lost.done.code == 0, lost.said[-6000:]
    assert (lost.row["host"], lost.row["verdict"]) == ("lb1", "recovered") and lost.row["lost"] >= 10


def test_a_host_that_reboots_is_waited_for(ran, controller, hosts):
    """A container ends when it reboots: what starts it again stands for the machine."""
    web2 = hosts["web2"]

    def start_again():
        lab.wait_for("the end of the container", lambda: not is_running(web2))
        boot(web2)

    machine = threading.Thread(target=start_again)
    machine.start()
    rebooted = controller.drill("orders", "reboot", slipway_on="orders2", slipway_patience_seconds=120)
    machine.join()
    assert rebooted.done.code == 0, rebooted.said[-6000:]
    assert rebooted.row["verdict"] in ("held", "recovered") and rebooted.row["does"] == "reboots the host"
    assert web2.sure("systemctl is-active orders").strip() == "active"
