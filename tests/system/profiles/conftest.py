# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A busy service on three hosts, each with another strategy, under load; and a browser on one of them.

It is deployed three times. The second rollout stops in the middle: two hosts have its release, one has not.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import shutil
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from support import lab
from support.browser import Browser

FLEET = lab.Fleet("profile", "web=2", "odd=1:acme", timeout=900)
HOSTS = ("web1", "web2", "odd1")
SECRETS = {"environment": "hunter2-of-the-environment", "header": "hunter2-of-the-health-check"}
FIRST, STOPPED, LIVE = "1.0.0", "1.1.0", "1.2.0"
HEALTH = {"path": "/healthz", "min_ready_seconds": 0.1, "headers": {"Authorization": SECRETS["header"]}}
# It is live until its health check fails: then nginx has the old instance again.
UNHEALTHY = {"slipway_smoke": False, "slipway_health": dict(HEALTH, path="/missing", deadline=2)}
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

    ``mixed``: what the playbook profile made of two releases in one fleet. ``console``: all that was printed.
    """

    mixed: Ran

    def __init__(self, directory: Path):
        self.source = directory / "services"
        shutil.copytree(SERVICES, self.source)
        self.directory = directory
        self.dist = directory / "dist"
        self.inventory = directory / "inventory.json"
        self.console = ""
        self.use()
        self.environment = lab.ansible_environment(
            ANSIBLE_SSH_CONTROL_PATH_DIR=FLEET.connections, ANSIBLE_HOME=str(directory / "ansible")
        )

    def use(self, **of_odd1) -> None:
        """From now on odd1 has these variables too."""
        known = FLEET.variables()
        hosts = {
            name: {key: value for key, value in known[name].items() if key.startswith("ansible_")}
            for name in HOSTS
        }
        hosts["web2"]["slipway_strategy"] = "socket"
        hosts["odd1"].update(slipway_strategy="blue_green", slipway_domain=NAME, slipway_tls=False, **of_odd1)
        variables = {
            "slipway_app": "orders",
            "slipway_source": str(self.source),
            "slipway_dist": str(self.dist),
            "slipway_build": {"package": "./cmd/busy", "go": lab.find_go()},
            "slipway_stamp": {"slipway.example/services/internal/serve.Version": "{version}"},
            "slipway_targets": ["linux/amd64"],
            "slipway_waves": ["100%"],
            "slipway_port": 8080,
            "slipway_env": {"TOKEN": SECRETS["environment"]},
            "slipway_health": HEALTH,
            "slipway_unit": {"drain_seconds": 1},
        }
        self.inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": variables}}))

    def play(self, name: str, *flags: str, **variables) -> Ran:
        argv = lab.playbook_argv(
            "slipway.golang." + name, *flags, inventory=self.inventory, variables=variables
        )
        ran = Ran(lab.run(argv, environment=self.environment, timeout=FLEET.timeout))
        self.console += ran.said
        return ran

    def sure(self, name: str, *flags: str, **variables) -> Ran:
        ran = self.play(name, *flags, **variables)
        assert ran.done.code == 0, ran.said[-6000:]
        return ran

    def report(self, name: str) -> Path:
        """The page of a rollout."""
        return self.directory / name

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
    """Requests to hosts at once, one after the other to each, for as long as the block runs."""

    def __init__(self, *names, path="/busy?ms=20", pause=0.0):
        known = FLEET.variables()
        of = {name: known[name]["lab_app_url"] for name in ("web1", "web2")}
        # Its nginx: what is counted there.
        of["odd1"] = "http://127.0.0.1:%s" % known["odd1"]["lab_http_port"]
        self._urls = [of[name] + path for name in names or HOSTS]
        self._pause = pause
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
        while not self._ended.wait(self._pause):
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
def coming_browser(hosts):
    """Installed while the service is deployed."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        yield pool.submit(Browser, hosts["web1"])


@pytest.fixture(scope="session")
def browser(coming_browser):
    return coming_browser.result()


@pytest.fixture(scope="session")
def orders(hosts, coming_browser, tmp_path_factory):
    """The service in its third release: with blue_green, the green instance serves."""
    controller = Controller(tmp_path_factory.mktemp("profile"))
    for name in ("web1", "web2"):
        hosts[name].sure("id orders 2>/dev/null || useradd --system --user-group orders")
    controller.sure("setup", "--limit", "odd1")
    controller.sure("deploy", slipway_version=FIRST)
    hosts["odd1"].sure("for i in 1 2; do curl -sS -H 'Host: %s' 127.0.0.1/fail; done" % NAME)
    controller.use(**UNHEALTHY)
    page = str(controller.report("stopped.html"))
    stopped = controller.play("deploy", slipway_version=STOPPED, slipway_waves=[2, 1], slipway_report=page)
    assert stopped.done.code != 0, stopped.said[-6000:]
    controller.use()
    controller.mixed = controller.play("profile")
    page = str(controller.report("done.html"))
    with Load("odd1", path="/busy?ms=1", pause=0.02) as load:
        controller.sure("deploy", slipway_version=LIVE, slipway_waves=[1, "100%"], slipway_report=page)
    assert load.failures == []
    return controller


@pytest.fixture(scope="session")
def profiled(hosts, orders, browser):
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
        ran = orders.play("profile", "-vvv", slipway_seconds=2)
        ended.set()
        watcher.join()
    assert ran.done.code == 0, ran.said[-6000:]
    assert not load.failures
    for name, host in hosts.items():
        listening[name].append(_listening(host))
    return ran, orders.known(), listening


def _listening(host):
    return host.sure("ss -Hltnx | awk '{print $1, $5}' | sort")
