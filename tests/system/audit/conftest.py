# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Three hosts that run a service: two with the new version of a module, web2 with the old one."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest
from support import lab

from . import world

FLEET = lab.Fleet("audit", "web=3", timeout=300)
HOSTS = ("web1", "web2", "web3")
SECRET = "hunter2-of-the-environment"


@dataclasses.dataclass
class Ran:
    """How a playbook ended, and the JSON of slipway_summary: empty where it was not written."""

    done: lab.Done
    summary: dict

    @property
    def said(self) -> str:
        return self.done.out + self.done.err


class Controller:
    """Runs playbooks for the service. ``vulnerabilities``: where they are looked up."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.proxy = world.write_proxy(directory / "proxy")
        self.database = world.write_database(directory / "vulndb")
        self.govulncheck = world.govulncheck()
        self.sources = {
            version: world.write_source(directory / version, version) for version in (world.OLD, world.NEW)
        }
        self.environment = lab.ansible_environment(
            ANSIBLE_SSH_CONTROL_PATH_DIR=FLEET.connections,
            ANSIBLE_HOME=str(directory / "ansible"),
            PATH=os.pathsep.join([str(self.govulncheck.parent), os.environ["PATH"]]),
        )

    def play(self, name: str, *flags, vulnerabilities=None, source=world.NEW, gates=(), **more) -> Ran:
        summary = self.directory / "summary.json"
        summary.unlink(missing_ok=True)
        variables = {
            "slipway_app": "orders",
            "slipway_source": str(self.sources[source]),
            "slipway_dist": str(self.directory / "dist" / source),
            "slipway_version": source[1:],
            "slipway_stamp": {"main.version": "{version}"},
            "slipway_build": {
                "go": lab.find_go(),
                "goproxy": self.proxy,
                "gosumdb": "off",
                "gomodcache": str(self.directory / "modules"),
                "mod": "mod",
                "gates": list(gates),
                "vulnerabilities": dict({"database": self.database}, **(vulnerabilities or {})),
            },
            "slipway_waves": ["100%"],
            "slipway_env": {"TOKEN": SECRET},
            "slipway_health": {"type": "tcp", "period": 0.1, "min_ready_seconds": 0.1},
            "slipway_summary": str(summary),
        }
        argv = lab.playbook_argv(
            "slipway.golang." + name, *flags, inventory=FLEET.inventory, variables=dict(variables, **more)
        )
        done = lab.run(argv, environment=self.environment, timeout=FLEET.timeout)
        return Ran(done, json.loads(summary.read_text()) if summary.exists() else {})

    def sure(self, name: str, *flags, **options) -> Ran:
        ran = self.play(name, *flags, **options)
        assert ran.done.code == 0, ran.said[-6000:]
        return ran

    def provenance(self, source: str) -> dict:
        (path,) = (self.directory / "dist" / source).rglob("*.provenance.json")
        return json.loads(path.read_text())


@pytest.fixture(scope="session")
def hosts():
    with FLEET:
        found = {name: lab.Host(FLEET, name, past_ssh=True) for name in HOSTS}
        for host in found.values():
            host.sure("id orders 2>/dev/null || useradd --system --user-group orders")
        yield found


@pytest.fixture(scope="session")
def orders(hosts, tmp_path_factory):
    controller = Controller(tmp_path_factory.mktemp("audit"))
    controller.sure("deploy", "--limit", "web1,web3")
    controller.sure("deploy", "--limit", "web2", source=world.OLD)
    return controller
