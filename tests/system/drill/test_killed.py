# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller is killed in the middle of every fault: the hosts end them by themselves."""

from __future__ import annotations

import re
import time

import pytest
from support import lab

from .conftest import FLEET, MOUNT, SECRET, SERVICES, at_once, wait_for

SECONDS = 5
# Host of the inventory to its fault; and a sign, on the host, that it lasts.
FAULTS = {
    "orders1": ("kill", "test $(systemctl show -p MainPID --value orders) != {pid}"),
    "orders2": ("hang", "grep -q '^State:.T' /proc/{pid}/status"),
    "bill1": ("slow_network", "tc qdisc show dev lo | grep -q '^qdisc htb 5'"),
    "bill2": ("cut_network", "nft list ruleset | grep -q 'tcp dport 8082 drop'"),
    "shop1": ("disk_full", "test $(df --output=pcent /var/lib/shop | tail -1 | tr -d ' %') -ge 98"),
    "shop2": ("dns", "nft list ruleset | grep -q 'skuid .* udp dport 53 drop'"),
    "chat1": ("memory", "test $(systemctl show -p MainPID --value chat) != {pid}"),
    "chat2": (
        "cpu",
        "test $(pgrep -c -u chat python) -ge 2",
    ),
    "stock1": ("bad_release", "test $(ls /opt/stock/releases | wc -l) = 2"),
}
# All that a drill may touch, but for the history and the lease, which say that it was there.
SNAPSHOT = r"""
nft list ruleset
for dev in $(ls /sys/class/net | sort); do tc qdisc show dev $dev | awk '{print $1, $2, $3, $4}'; done
find /etc/systemd /etc/nginx /var/lib/slipway* /run/systemd/transient /opt \
  /var/lib/orders /var/lib/bill /var/lib/shop /var/lib/chat /var/lib/stock \
  ! -name history.jsonl ! -name 'lease.json*' ! -name fencing_token \
  -printf '%p %y %m %u %l\n' 2>/dev/null | sort
find /etc/systemd /etc/nginx /opt -type f ! -name history.jsonl ! -name 'lease.json*' ! -name fencing_token \
  -exec sha256sum {} + 2>/dev/null | sort -k2
systemctl list-units --all --plain --no-legend '*drill*'
systemctl --failed --plain --no-legend
for unit in orders bill shop chat stock@blue; do
  systemctl show -p ActiveState -p UnitFileState -p MemoryMax -p CPUQuotaPerSecUSec $unit
  cat /proc/$(systemctl show -p MainPID --value $unit)/cgroup | sort
done
df --output=used /var/lib/shop | tail -1
"""


def snapshot(host):
    return host.run(SNAPSHOT).out


def without_drills(text):
    """Of the snapshots before and after a reboot, nothing that a reboot alone changes."""
    return re.sub(r"(?m)^/run/.*\n|^\d+:.*\n", "", text)


@pytest.fixture(scope="module")
def killed(controller, hosts):
    """All faults at once, the controller killed, and how the hosts were before, meanwhile and after."""
    from ansible_collections.slipway.golang.plugins.module_utils.common import health
    from ansible_collections.slipway.golang.plugins.plugin_utils.drills import Asker

    faults = {name: fault for name, (fault, dummy) in FAULTS.items()}
    pids = {name: main_pid(hosts, name) for name in faults}
    before = {name: snapshot(host) for name, host in hosts.items()}
    askers = {app: Asker(health.parse(dict(controller.ask(app), timeout=2))) for app in SERVICES}
    for asker in askers.values():
        asker.__enter__()
    begun = time.monotonic()
    with controller.breaking(faults, SECONDS) as process:
        seen = signs(hosts, pids, process)
        alive = process.poll() is None
    over = ssh_works()
    wait_for("the end of all drills", lambda: not armed(hosts), SECONDS + 60)
    ended = time.monotonic()
    healthy = {app: asker.is_steady(ended, ended + 30) for app, asker in askers.items()}
    for asker in askers.values():
        asker.__exit__()
    after = {name: snapshot(host) for name, host in hosts.items()}
    return {
        "seen": seen,
        "alive": alive,
        "ssh": over,
        "seconds": ended - begun,
        "healthy": healthy,
        "before": before,
        "after": after,
        "pids": pids,
        "said": controller.said_while_breaking,
    }


def place(hosts, name):
    return hosts["web" + name[-1]]


def main_pid(hosts, name):
    unit = "stock@blue" if name.startswith("stock") else name[:-1]
    return place(hosts, name).sure("systemctl show -p MainPID --value " + unit).strip()


def armed(hosts):
    return [name for name, host in hosts.items() if host.run("ls /var/lib/slipway-drill-* 2>/dev/null").out]


def signs(hosts, pids, process):
    """The faults that were seen to last, at some time before all were."""
    seen = set()

    def look(name):
        sign = FAULTS[name][1].format(pid=pids[name])
        drill = "test -e /var/lib/slipway-drill-%s && " % name[:-1]
        return name if place(hosts, name).run(drill + sign).code == 0 else None

    def all_seen():
        seen.update(filter(None, at_once(look, [name for name in FAULTS if name not in seen])))
        return len(seen) == len(FAULTS) or process.poll() is not None

    wait_for("all faults", all_seen)
    return seen


def ssh_works():
    def login(name):
        return lab.Host(FLEET, name).run("true", alone=True).code

    return at_once(login, ("web1", "web2", "lb1"))


def test_every_fault_was_there_when_the_controller_was_killed(killed):
    assert killed["alive"], killed["said"]
    assert killed["seen"] == set(FAULTS), killed["said"]


def test_ssh_works_meanwhile(killed):
    assert killed["ssh"] == [0, 0, 0]


def test_the_hosts_end_it_by_themselves_in_time(killed):
    assert killed["seconds"] <= SECONDS + 60
    assert killed["healthy"] == dict.fromkeys(SERVICES, True)


@pytest.mark.parametrize("name", ["web1", "web2", "lb1"])
def test_the_host_is_as_before(killed, name):
    assert killed["after"][name] == killed["before"][name]


def test_the_process_that_hung_goes_on_and_the_killed_one_was_started_again(killed, hosts):
    now = {name: main_pid(hosts, name) for name in FAULTS}
    assert now["orders2"] == killed["pids"]["orders2"] and now["orders1"] != killed["pids"]["orders1"]
    assert {name for name in now if now[name] == killed["pids"][name]} == set(FAULTS) - {"orders1", "chat1"}


def test_no_secret_is_said(killed):
    assert SECRET not in killed["said"]


def test_a_host_that_reboots_in_the_middle_comes_back_as_it_was(controller, hosts, killed):
    """A container ends when it reboots: what starts it again stands for the machine."""
    web2 = hosts["web2"]
    before = snapshot(web2)
    with controller.breaking({"orders2": "reboot"}, SECONDS):
        wait_for("the end of the container", lambda: not is_running(web2))
    lab.call(["docker", "start", web2.container])
    wait_for(
        "the boot",
        lambda: web2.run("systemctl is-system-running --wait").out.strip() in ("running", "degraded"),
    )
    wait_for("the end of the drill", lambda: not armed({"web2": web2}), SECONDS + 60)
    web2.sure(MOUNT + " && systemctl restart shop")
    assert without_drills(snapshot(web2)) == without_drills(before)
    outcomes = web2.sure("grep '\"drill\"' /opt/orders/history.jsonl | tail -2")
    assert re.findall(r'"outcome": "(\w+)"', outcomes) == ["begun", "ended"]


def is_running(host):
    return lab.call(["docker", "inspect", "-f", "{{.State.Running}}", host.container]).strip() == "true"
