# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A busy service on three hosts, each with another strategy, under load; and a browser on one of them."""

from __future__ import annotations

import dataclasses
import json
import shutil
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from support import lab

FLEET = lab.Fleet("profile", "web=2", "odd=1:acme", timeout=500)
HOSTS = ("web1", "web2", "odd1")
SECRET = "hunter2-of-the-environment"
NAME = "orders.example.test"
SERVICES = lab.CHECKOUT / "tests" / "apps" / "services"


@dataclasses.dataclass
class Ran:
    """How a playbook ended."""

    done: lab.Done

    @property
    def said(self) -> str:
        return self.done.out + self.done.err


class Controller:
    """Runs playbooks for the service, whose source is a copy that a test may change.

    ``mixed``: what the playbook profile made of two releases in one fleet.
    """

    mixed: Ran

    def __init__(self, directory: Path):
        self.source = directory / "services"
        shutil.copytree(SERVICES, self.source)
        self.dist = directory / "dist"
        self.inventory = directory / "inventory.json"
        known = FLEET.variables()
        hosts = {
            name: {key: value for key, value in known[name].items() if key.startswith("ansible_")}
            for name in HOSTS
        }
        hosts["web2"]["slipway_strategy"] = "socket"
        hosts["odd1"].update(slipway_strategy="blue_green", slipway_domain=NAME, slipway_tls=False)
        variables = {
            "slipway_app": "orders",
            "slipway_source": str(self.source),
            "slipway_dist": str(self.dist),
            "slipway_build": {"package": "./cmd/busy", "go": lab.find_go()},
            "slipway_stamp": {"slipway.example/services/internal/serve.Version": "{version}"},
            "slipway_targets": ["linux/amd64"],
            "slipway_waves": ["100%"],
            "slipway_port": 8080,
            "slipway_env": {"TOKEN": SECRET},
            "slipway_health": {"path": "/healthz", "min_ready_seconds": 0.1},
            "slipway_unit": {"drain_seconds": 1},
        }
        self.inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": variables}}))
        self.environment = lab.ansible_environment(
            ANSIBLE_SSH_CONTROL_PATH_DIR=FLEET.connections, ANSIBLE_HOME=str(directory / "ansible")
        )

    def play(self, name: str, *flags: str, **variables) -> Ran:
        argv = lab.playbook_argv(
            "slipway.golang." + name, *flags, inventory=self.inventory, variables=variables
        )
        return Ran(lab.run(argv, environment=self.environment, timeout=FLEET.timeout))

    def sure(self, name: str, *flags: str, **variables) -> Ran:
        ran = self.play(name, *flags, **variables)
        assert ran.done.code == 0, ran.said[-6000:]
        return ran

    def wait_for_profile(self, running) -> None:
        """Wait until a run of the playbook has merged its profile, and may have more to do."""
        before = set(self.dist.glob("*.pb.gz"))
        while not running.done() and set(self.dist.glob("*.pb.gz")) == before:
            time.sleep(0.1)

    def file(self, end: str) -> Path:
        """The newest file of a profile."""
        return max(self.dist.glob("*" + end), key=lambda path: path.stat().st_mtime_ns)

    def known(self) -> dict:
        return json.loads(self.file(".json").read_text())


class Load:
    """Requests to all hosts at once, one after the other to each, for as long as the block runs."""

    def __init__(self):
        known = FLEET.variables()
        self._urls = [known[name]["lab_app_url"] + "/busy?ms=20" for name in ("web1", "web2")]
        self._urls.append("http://127.0.0.1:%s/busy?ms=20" % known["odd1"]["lab_http_port"])
        self._ended = threading.Event()
        self.failures: list[str] = []

    def __enter__(self):
        self._threads = [threading.Thread(target=self._send, args=[url]) for url in self._urls]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *dummy):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _send(self, url):
        while not self._ended.is_set():
            request = urllib.request.Request(url, headers={"Host": NAME})
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    answer.read()
            except OSError as error:
                self.failures.append("%s: %s" % (url, error))


@pytest.fixture(scope="session")
def hosts():
    with FLEET:
        yield {name: lab.Host(FLEET, name, past_ssh=True) for name in HOSTS}


@pytest.fixture(scope="session")
def orders(hosts, tmp_path_factory):
    """The service in its second release: with blue_green, the green instance serves."""
    controller = Controller(tmp_path_factory.mktemp("profile"))
    for name in ("web1", "web2"):
        hosts[name].sure("id orders 2>/dev/null || useradd --system --user-group orders")
    controller.sure("setup", "--limit", "odd1")
    controller.sure("deploy", "--limit", "odd1", slipway_version="1.0.0")
    controller.sure("deploy", "--limit", "web1,web2", slipway_version="1.1.0")
    controller.mixed = controller.play("profile")
    controller.sure("deploy", "--limit", "odd1", slipway_version="1.1.0")
    return controller


@pytest.fixture(scope="session")
def profiled(hosts, orders):
    """Right after the deploy: a CPU profile of all hosts under load, and who listened meanwhile."""
    listening = {name: [_listening(host)] for name, host in hosts.items()}
    ended = threading.Event()

    def watch():
        while not ended.wait(0.5):
            for name, host in hosts.items():
                listening[name].append(_listening(host))

    watcher = threading.Thread(target=watch)
    with Load() as load:
        watcher.start()
        ran = orders.play("profile", "-vvv", slipway_seconds=4)
        ended.set()
        watcher.join()
    assert ran.done.code == 0, ran.said[-6000:]
    assert not load.failures
    for name, host in hosts.items():
        listening[name].append(_listening(host))
    return ran, orders.known(), listening


def _listening(host):
    return host.sure("ss -Hltnx | awk '{print $1, $5}' | sort")
