# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two hosts with two services for real clients: one behind their own nginx, one behind a balancer."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import time
from pathlib import Path

import pytest
from support import lab

FLEET = lab.Fleet("guard", "web=2", "lb=1", timeout=600)
HOSTS, BALANCER = ("web1", "web2"), "lb1"
ONE = ("--limit", "web1")
SECRET = "swordfish-4711"
SERVICE = {
    "slipway_app": "shop",
    "slipway_port": 8070,
    "slipway_domain": "shop.example.test",
    "slipway_tls": False,
    "slipway_strategy": "blue_green",
    "slipway_source": str(lab.CHECKOUT / "tests/apps/unhealthy"),
    "slipway_stamp": {"main.version": "{version}"},
    "slipway_targets": ["linux/amd64"],
    "slipway_build": {"go": lab.find_go()},
    "slipway_waves": [1],
    "slipway_env": {"PASSWORD": SECRET},
    "slipway_unit": {"drain_seconds": 5},
    "slipway_health": {"path": "/healthz", "deadline": 10, "period": 0.1, "min_ready_seconds": 0.1},
}
BALANCED = dict(
    SERVICE,
    slipway_app="cart",
    slipway_port=8090,
    slipway_domain="cart.example.test",
    slipway_strategy="restart",
    slipway_address="{{ lab_address }}",
)


class Ran:
    """How a playbook ended, and the JSON of slipway_summary."""

    def __init__(self, done: lab.Done, summary: dict):
        self.code = done.code
        self.said = done.out + done.err
        self.rows = {row["host"]: row for row in summary.get("hosts", [])}
        self.verdicts = [judged["verdict"] for judged in summary.get("gate", [])]
        self.gate = summary.get("gate", [])

    @property
    def outcomes(self) -> list[str]:
        return [self.rows[host]["outcome"] for host in HOSTS if host in self.rows]


class Shop:
    """A service on both hosts."""

    def __init__(self, directory: Path, load: Path, service: dict, balancers: tuple = ()):
        self.directory = directory
        self.hosts = {name: lab.Host(FLEET, name, past_ssh=True) for name in (*HOSTS, *balancers)}
        self.domain = service["slipway_domain"]
        self._load = load
        self.inventory = directory / "inventory.json"
        web, between = ({"hosts": {name: _known(name) for name in names}} for names in (HOSTS, balancers))
        groups = {"web": web, "balancers": between} if balancers else {"web": web}
        service = dict(service, slipway_dist=str(directory / "dist"))
        self.inventory.write_text(json.dumps({"all": {"children": groups, "vars": service}}))
        self.environment = lab.ansible_environment(
            ANSIBLE_SSH_CONTROL_PATH_DIR=FLEET.connections, ANSIBLE_HOME=str(directory / "ansible")
        )

    def argv(self, name: str, *flags: str, **variables) -> list[str]:
        return lab.playbook_argv(
            "slipway.golang." + name, *flags, inventory=self.inventory, variables=variables
        )

    def play(self, name: str, *flags: str, **variables) -> Ran:
        summary = self.directory / "summary.json"
        summary.unlink(missing_ok=True)
        argv = self.argv(name, *flags, slipway_summary=str(summary), **variables)
        done = lab.run(argv, environment=self.environment, timeout=FLEET.timeout)
        assert SECRET not in done.out + done.err
        return Ran(done, json.loads(summary.read_text()) if summary.exists() else {})

    def deploy(self, version: str, *flags: str, fail_every: int = 0, **variables) -> Ran:
        own = {"PASSWORD": SECRET, **({"FAIL_EVERY": str(fail_every)} if fail_every else {})}
        return self.play("deploy", *flags, slipway_version=version, slipway_env=own, **variables)

    @contextlib.contextmanager
    def clients(self, rate: float, *hosts: str):
        """Requests at a steady rate to the nginx of each of them; then ``reports`` has what they got."""
        stop, reports = self.directory / ("stop-%f" % time.monotonic()), {}
        running = {
            name: subprocess.Popen(
                [
                    *(
                        str(self._load),
                        "-url",
                        "http://%s/" % self.domain,
                        "-rate",
                        str(rate),
                        "-for",
                        "900s",
                    ),
                    *("-connect", host.variables["lab_address"] + ":80", "-until", str(stop)),
                ],
                stdout=subprocess.PIPE,
                text=True,
            )
            for name, host in self.hosts.items()
            if name in (hosts or HOSTS)
        }
        try:
            yield reports
        finally:
            stop.touch()
            for name, process in running.items():
                reports[name] = json.loads(process.communicate(timeout=60)[0])

    def live(self, host: str) -> str:
        """The version that answers behind nginx."""
        url = "-H 'Host: %s' http://127.0.0.1/" % self.domain
        said = self.hosts[host].sure("curl -sS " + url)
        return re.search(r"unhealthy (\S+),", said)[1]

    def history(self, host: str) -> list[dict]:
        lines = self.hosts[host].sure("cat /opt/shop/history.jsonl").splitlines()
        return [json.loads(line) for line in lines]

    def shares(self, host: str) -> list[str]:
        """The files that give a share of requests."""
        return self.hosts[host].sure("cd /etc/nginx/slipway && ls | grep '\\.[0-9]' || true").split()

    def instances(self, host: str) -> list[str]:
        """The instances that run or are to run, and the timer of what waits for a word."""
        command = "systemctl list-units --state=active --plain --no-legend 'shop@*' 'shop.unconfirmed*'"
        return [line.split()[0] for line in self.hosts[host].sure(command).splitlines()]


def _known(name: str) -> dict:
    """How Ansible reaches a host."""
    known = FLEET.variables()[name]
    return {key: value for key, value in known.items() if key.startswith(("ansible_", "lab_address"))}


@pytest.fixture(scope="session")
def load(tmp_path_factory) -> Path:
    """The load generator."""
    program = tmp_path_factory.mktemp("load") / "load"
    lab.call([lab.find_go(), "build", "-C", lab.CHECKOUT / "tests/load", "-o", program, "."])
    return program


@pytest.fixture(scope="session")
def fleet():
    with FLEET:
        yield FLEET


@pytest.fixture(scope="session")
def shop(fleet, load, tmp_path_factory):
    """blue_green behind the nginx of each host. It serves 1.0.0."""
    return _begun(Shop(tmp_path_factory.mktemp("shop"), load, SERVICE))


@pytest.fixture(scope="session")
def cart(fleet, load, tmp_path_factory):
    """Both hosts behind a balancer. It serves 1.0.0."""
    return _begun(Shop(tmp_path_factory.mktemp("cart"), load, BALANCED, (BALANCER,)))


def _begun(service: Shop) -> Shop:
    for ran in (service.play("setup"), service.deploy("1.0.0")):
        assert ran.code == 0, ran.said[-6000:]
    return service


def wait_for(condition, seconds: float = 60.0):
    """What the condition gives once it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, condition
        time.sleep(0.2)
    return found
