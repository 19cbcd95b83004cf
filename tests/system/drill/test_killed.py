# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller is killed in the middle of every fault: the hosts end them by themselves."""

from __future__ import annotations

import contextlib
import difflib
import re
import time

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import health
from ansible_collections.slipway.golang.plugins.module_utils.common.faults import FAULTS
from ansible_collections.slipway.golang.plugins.plugin_utils.drills import Asker
from support import lab

from .conftest import FLEET, HOSTS, MOUNT, SECRET, SERVICES, at_once, boot, is_running, ruleset

# Long enough for all to be seen at the same time.
SECONDS = 10
# Host of the inventory to its fault; and a sign, on the host, that it lasts.
BROKEN = {
    "orders1": ("kill", "test $(systemctl show -p MainPID --value orders) != {pid}"),
    "orders2": ("hang", "grep -q '^State:.T' /proc/{pid}/status"),
    "bill1": ("lossy_network", "nft list ruleset | grep -q 'dport 8082 numgen random mod 100 < 25 drop'"),
    "bill2": ("cut_network", "nft list ruleset | grep -q 'dport 8082 drop'"),
    "shop1": ("disk_full", "test $(df --output=pcent /var/lib/shop | tail -1 | tr -d ' %') -ge 98"),
    "shop2": ("dns", "nft list ruleset | grep -q 'skuid .* udp dport 53 drop'"),
    "chat1": ("memory", "test $(systemctl show -p MainPID --value chat) != {pid}"),
    "chat2": ("cpu", "test $(pgrep -c -u chat python) -ge 2"),
    "stock1": ("bad_release", "test $(ls /opt/stock/releases | wc -l) = 2"),
}
# All that a drill may touch, but for the history and the lease, which say that it was there.
SNAPSHOT = r"""
nft -s list ruleset inet
find /etc/systemd /etc/nginx /var/lib/slipway* /run/systemd/transient /opt \
  /var/lib/orders /var/lib/bill /var/lib/shop /var/lib/chat /var/lib/stock \
  -mindepth 1 ! -name history.jsonl ! -name 'lease.json*' ! -name fencing_token \
  -printf '%p %y %m %u %l\n' 2>/dev/null | sort
find /etc/systemd /etc/nginx /opt -type f ! -name history.jsonl ! -name 'lease.json*' ! -name fencing_token \
  -exec sha256sum {} + 2>/dev/null | sort -k2
systemctl list-units --all --plain --no-legend '*drill*'
systemctl --failed --plain --no-legend
for unit in orders bill shop chat stock@blue; do
  systemctl show -p ActiveState -p UnitFileState -p MemoryMax -p CPUQuotaPerSecUSec $unit
  cat /proc/$(systemctl show -p MainPID --value $unit)/cgroup | sort
done 2>/dev/null
df --output=used /var/lib/shop | tail -1
"""


def snapshot(host):
    return host.run(SNAPSHOT).out


def changes(before, after):
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


def without_boot(text):
    """Of a snapshot, nothing that a boot alone changes."""
    return re.sub(r"(?m)^/run/.*\n|^\d+:.*\n", "", text)


def place(hosts, name):
    return hosts["web" + name[-1]]


def main_pid(hosts, name):
    unit = "stock@blue" if name.startswith("stock") else name[:-1]
    return place(hosts, name).sure("systemctl show -p MainPID --value " + unit).strip()


def armed(hosts):
    """The drills that have not ended."""
    return [
        path for host in hosts.values() for path in host.run("ls -d /var/lib/slipway-drill-*").out.split()
    ]


def signs(hosts, pids, process):
    """The faults that were seen to last, at some time before all were."""
    seen = set()

    def look(name):
        sign = BROKEN[name][1].format(pid=pids[name])
        drill = "test -e /var/lib/slipway-drill-%s && " % name[:-1]
        return name if place(hosts, name).run(drill + sign).code == 0 else None

    def all_seen():
        seen.update(filter(None, at_once(look, [name for name in BROKEN if name not in seen])))
        return len(seen) == len(BROKEN) or process.poll() is not None

    lab.wait_for("all faults", all_seen, 60)
    return seen


def ssh_works(name):
    return lab.Host(FLEET, name).run("true", alone=True).code == 0


@contextlib.contextmanager
def load(controller):
    """Service to who asks it ten times a second, by way of the balancer: fifty requests a second."""
    with contextlib.ExitStack() as stack:
        askers = {
            app: stack.enter_context(Asker(health.parse(dict(controller.ask(app), timeout=2))))
            for app in SERVICES
        }
        lab.wait_for("answers", lambda: all(asker.is_steady(0, 0) for asker in askers.values()))
        yield askers


@pytest.fixture(scope="module")
def killed(controller, hosts):
    """All faults at once, the controller killed, and how the hosts were before, meanwhile and after."""
    drills = {
        name: {"app": name[:-1], "fault": fault, "ask": dict(controller.ask(name[:-1]), timeout=2)}
        for name, (fault, dummy) in BROKEN.items()
    }
    pids = {name: main_pid(hosts, name) for name in BROKEN}
    before = dict(zip(HOSTS, at_once(snapshot, hosts.values())))
    with load(controller) as askers:
        begun = time.monotonic()
        with controller.breaking(drills, SECONDS) as process:
            seen = signs(hosts, pids, process)
            alive = process.poll() is None and len(armed(hosts)) == len(BROKEN)
        over = at_once(ssh_works, HOSTS)
        lab.wait_for("the end of all drills", lambda: not armed(hosts))
        ended = time.monotonic()
        healthy = {app: asker.is_steady(ended, ended + 30) for app, asker in askers.items()}
    return {
        "seen": seen,
        "alive": alive,
        "ssh": over,
        "seconds": ended - begun,
        "healthy": healthy,
        "before": before,
        "after": dict(zip(HOSTS, at_once(snapshot, hosts.values()))),
        "pids": pids,
        "said": controller.said_while_breaking,
    }


def test_every_fault_was_there_when_the_controller_was_killed(killed):
    assert killed["alive"], killed["said"]
    assert killed["seen"] == set(BROKEN), killed["said"]


def test_ssh_works_meanwhile(killed):
    assert killed["ssh"] == [True, True, True]


def test_the_hosts_end_it_by_themselves_in_time(killed):
    assert killed["seconds"] <= SECONDS + 60
    assert killed["healthy"] == dict.fromkeys(SERVICES, True)


@pytest.mark.parametrize("name", HOSTS)
def test_the_host_is_as_before(killed, name):
    assert changes(killed["before"][name], killed["after"][name]) == []


def test_the_process_that_hung_goes_on_and_the_killed_one_was_started_again(killed, hosts):
    now = {name: main_pid(hosts, name) for name in BROKEN}
    assert {name for name in now if now[name] != killed["pids"][name]} == {"orders1", "chat1"}


def test_a_host_that_reboots_and_a_balancer_that_is_lost_come_back_as_they_were(killed, controller, hosts):
    """A container ends when it reboots: what starts it again stands for the machine."""
    web2, lb1 = hosts["web2"], hosts["lb1"]
    before = {name: snapshot(hosts[name]) for name in ("web2", "lb1")}
    direct = {"host": controller.addresses["web2"], "port": SERVICES["orders"]["port"], "path": "/healthz"}
    drills = {
        "orders2": {"app": "orders", "fault": "reboot", "ask": direct},
        "lb1": {"app": "orders", "fault": "lost_balancer", "ask": controller.ask("orders")},
    }
    with controller.breaking(drills, SECONDS):
        lab.wait_for("the balancer's rule", lambda: re.search(r"dport .*\b80\b.* drop", ruleset(lb1)))
        lab.wait_for("the end of the container", lambda: not is_running(web2))
    begun = time.monotonic()
    assert ssh_works("lb1")
    boot(web2)
    lab.wait_for("the end of the drills", lambda: not armed({"web2": web2, "lb1": lb1}))
    assert time.monotonic() - begun <= SECONDS + 60
    web2.sure(MOUNT + " && systemctl restart shop")
    assert changes(before["lb1"], snapshot(lb1)) == []
    assert changes(without_boot(before["web2"]), without_boot(snapshot(web2))) == []
    outcomes = web2.sure("grep '\"drill\"' /opt/orders/history.jsonl | tail -2")
    assert re.findall(r'"outcome": "(\w+)"', outcomes) == ["begun", "ended"]


def test_no_fault_is_missing():
    assert {fault for fault, dummy in BROKEN.values()} | {"reboot", "lost_balancer"} == set(FAULTS)


def test_no_secret_is_said(killed):
    assert SECRET not in killed["said"]
