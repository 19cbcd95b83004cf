# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two hosts with five services behind nginx, each asked ten times a second: fifty requests a second."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support import lab

# lb1 has nginx and nftables, as the lab's ACME servers do.
FLEET = lab.Fleet("drill", "web=2", "lb=1:acme", timeout=300)
INSTALL = (
    "apt-get -q update >/dev/null && DEBIAN_FRONTEND=noninteractive "
    "apt-get install -qy --no-install-recommends nftables nginx-light >/dev/null && "
    "rm -f /etc/nginx/sites-enabled/default"
)
HERE = Path(__file__).parent
SSH = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
SECRET = "hunter2-of-the-environment"
MOUNT = "mount -t tmpfs -o size=48m,mode=755,uid=$(id -u shop) none /var/lib/shop"
HOSTS = ("web1", "web2", "lb1")
# blue_green is behind nginx on its host too, whose port 80 the balancer asks.
SERVICES = {
    "orders": {"port": 8081, "strategy": "restart"},
    "bill": {"port": 8082, "strategy": "restart"},
    "shop": {"port": 8083, "strategy": "restart"},
    "chat": {"port": 8084, "strategy": "socket"},
    "stock": {"port": 8085, "strategy": "blue_green"},
}


@dataclasses.dataclass
class Ran:
    """How a playbook ended, and the JSON of slipway_summary."""

    done: lab.Done
    summary: list | dict

    @property
    def said(self) -> str:
        return self.done.out + self.done.err

    @property
    def row(self) -> dict:
        (row,) = self.summary
        return row


class Controller:
    """Runs playbooks. Each service has a host of the inventory on each host: orders1, orders2."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.addresses = {name: FLEET.variables()[name]["lab_address"] for name in HOSTS}
        self.inventory = directory / "inventory.json"
        services = {app + number: self._of(app, "web" + number) for app in SERVICES for number in ("1", "2")}
        groups = {
            "services": {"hosts": services},
            "web": {"hosts": {name: self._connection(name) for name in ("web1", "web2")}},
            "lb": {"hosts": {"lb1": self._connection("lb1")}},
        }
        self.inventory.write_text(json.dumps({"all": {"children": groups}}))
        self.environment = lab.ansible_environment(
            ANSIBLE_SSH_CONTROL_PATH_DIR=FLEET.connections,
            ANSIBLE_HOME=str(directory / "ansible"),
            ANSIBLE_FORKS="12",
        )

    def _connection(self, host):
        """By its address: the ports on this machine are others after a reboot."""
        known = FLEET.variables()[host]
        return {
            "ansible_host": self.addresses[host],
            "ansible_user": "root",
            "ansible_ssh_private_key_file": known["ansible_ssh_private_key_file"],
            "ansible_ssh_common_args": SSH,
        }

    def _of(self, app, host):
        is_blue_green = SERVICES[app]["strategy"] == "blue_green"
        return dict(
            self._connection(host),
            **({"slipway_alternate_port": SERVICES[app]["port"] + 100} if is_blue_green else {}),
            slipway_app=app,
            slipway_source=str(lab.CHECKOUT / "tests/apps/unhealthy"),
            slipway_dist=str(self.directory / "dist" / app),
            slipway_version="1.0.0",
            slipway_stamp={"main.version": "{version}"},
            slipway_build={"go": lab.find_go()},
            slipway_targets=["linux/amd64"],
            slipway_waves=["100%"],
            slipway_port=SERVICES[app]["port"],
            slipway_strategy=SERVICES[app]["strategy"],
            slipway_smoke=False,
            slipway_env={"TOKEN": SECRET},
            slipway_unit={"memory_max": "64M", "drain_seconds": 1, "restart_sec": 1},
            slipway_health={"path": "/healthz", "period": 0.1, "min_ready_seconds": 0.1, "deadline": 10},
            slipway_ask=self.ask(app),
        )

    def ask(self, app) -> dict:
        """What its users ask, by way of the balancer."""
        headers = {"Host": app + ".example.test"}
        return {"host": self.addresses["lb1"], "port": 80, "path": "/healthz", "headers": headers}

    def argv(self, playbook, *flags, **variables) -> list[str]:
        return lab.playbook_argv(playbook, *flags, inventory=self.inventory, variables=variables)

    def play(self, playbook, *flags, **variables) -> Ran:
        summary = self.directory / ("summary-%s.json" % time.monotonic_ns())
        variables.setdefault("slipway_summary", str(summary))
        done = lab.run(
            self.argv(playbook, *flags, **variables), environment=self.environment, timeout=FLEET.timeout
        )
        return Ran(done, json.loads(summary.read_text()) if summary.exists() else [])

    def sure(self, playbook, *flags, **variables) -> Ran:
        ran = self.play(playbook, *flags, **variables)
        assert ran.done.code == 0, ran.said[-6000:]
        return ran

    def drill(self, app: str, fault: str, *flags, **variables) -> Ran:
        """The playbook, for one service on its two hosts."""
        variables = dict(
            {"slipway_seconds": 2, "slipway_yes": app, "slipway_patience_seconds": 30}, **variables
        )
        hosts = "%s1,%s2" % (app, app)
        return self.play(
            "slipway.golang.drill", *flags, slipway_hosts=hosts, slipway_fault=fault, **variables
        )

    @contextlib.contextmanager
    def breaking(self, drills: dict[str, dict], seconds: int):
        """A controller that breaks these hosts (host to app, fault and ask), killed when the block ends."""
        argv = self.argv(HERE / "break.yml", drills=drills, seconds=seconds)
        with open(self.directory / "broken.txt", "a") as output:
            process = subprocess.Popen(
                argv,
                cwd=lab.CHECKOUT,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            try:
                yield process
            finally:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    @property
    def said_while_breaking(self) -> str:
        return (self.directory / "broken.txt").read_text()


def at_once(work, items) -> list:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(work, items))


def ruleset(host):
    return host.run("nft -s list ruleset inet").out


def is_running(host):
    return lab.call(["docker", "inspect", "-f", "{{.State.Running}}", host.container]).strip() == "true"


def boot(host):
    lab.call(["docker", "start", host.container])
    host.sure("until systemctl is-system-running --wait | grep -Eq 'running|degraded'; do sleep 0.1; done")


@pytest.fixture(scope="session")
def hosts():
    with FLEET:
        found = {name: lab.Host(FLEET, name, past_ssh=True) for name in HOSTS}
        at_once(set_up, [found["web1"], found["web2"]])
        yield found


def set_up(host):
    """What the services need. A file system for the state of one of them: nobody else's is filled."""
    users = " && ".join("useradd --system --user-group " + app for app in SERVICES)
    host.sure("id shop >/dev/null 2>&1 || { %s && %s; }" % (INSTALL, users))
    host.sure("mountpoint -q /var/lib/shop || { mkdir -p /var/lib/shop && %s; }" % MOUNT)


@pytest.fixture(scope="session")
def controller(hosts, tmp_path_factory):
    found = Controller(tmp_path_factory.mktemp("drill"))
    found.sure(HERE / "prepare.yml", services=SERVICES, addresses=found.addresses)
    found.sure("slipway.golang.deploy", slipway_hosts="services")
    return found
