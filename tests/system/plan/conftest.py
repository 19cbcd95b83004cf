# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that several services share, and a controller that plans and deploys them."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from support import lab

# odd1 has nginx, as the lab's ACME servers do.
FLEET = lab.Fleet("plan", "web=2", "odd=1:acme", "bare=1:nopython", timeout=300)
HOSTS = ("web1", "web2", "odd1", "bare1")
WEB = ("web1", "web2", "odd1")
# What a deploy may change of a service. The lease is left out: a host keeps that for all.
KEPT = (
    "for app in %s; do systemctl show -p MainPID -p ActiveState -p UnitFileState $app.service; "
    "find /opt/$app /etc/systemd/system/$app* ! -path /opt/$app ! -name 'lease.json*' "
    "-printf '%%p %%i %%T@ %%l\\n' 2>/dev/null; "
    "cat /opt/$app/history.jsonl 2>/dev/null; done; true"
)
SERVICE = {
    "slipway_source": str(lab.CHECKOUT / "tests/apps/unhealthy"),
    "slipway_stamp": {"main.version": "{version}"},
    "slipway_targets": ["linux/amd64"],
    "slipway_version": "1.0.0",
    "slipway_build": {"go": lab.find_go()},
    "slipway_waves": ["100%"],
    "slipway_unit": {"user": "shop", "drain_seconds": 5},
    "slipway_health": {"path": "/healthz", "deadline": 10, "period": 0.1, "min_ready_seconds": 0.1},
}


@dataclasses.dataclass
class Ran:
    """How a playbook ended, and the JSON of slipway_summary: empty where it was not written."""

    done: lab.Done
    summary: dict

    @property
    def said(self) -> str:
        return self.done.out + self.done.err

    @property
    def rows(self) -> dict[str, dict]:
        return {row["host"]: row for row in self.summary["hosts"]}

    @property
    def outcomes(self) -> dict[str, str]:
        return {host: row["outcome"] for host, row in self.rows.items()}

    @property
    def changed(self) -> dict[str, int]:
        """Host to the number of changed tasks, from the recap."""
        found = re.findall(r"^([\w-]+) +: ok=.* changed=(\d+)", self.done.out, re.MULTILINE)
        return {host: int(count) for host, count in found}


class Controller:
    """Runs playbooks of the collection with an inventory of its own.

    ``artifacts``: what is deployed from now on, without another build.
    """

    artifacts: list[str] | None = None

    def __init__(self, directory: Path, hosts: dict[str, dict], **more: str):
        self.directory = directory
        self.inventory = directory / "inventory.json"
        self.inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
        self.environment = lab.ansible_environment(
            ANSIBLE_SSH_CONTROL_PATH_DIR=FLEET.connections,
            ANSIBLE_HOME=str(directory / "ansible"),
            ANSIBLE_FORKS="12",
            # No play relies on facts that are variables too.
            ANSIBLE_INJECT_FACT_VARS="False",
            **more,
        )

    def argv(self, name: str, *flags: str, **variables) -> list[str]:
        variables.setdefault("slipway_dist", str(self.directory / "dist"))
        if self.artifacts:
            variables.setdefault("slipway_artifacts", self.artifacts)
        return lab.playbook_argv(
            "slipway.golang." + name, *flags, inventory=self.inventory, variables=variables
        )

    def play(self, name: str, *flags: str, **variables) -> Ran:
        summary = self.directory / "summary.json"
        summary.unlink(missing_ok=True)
        done = lab.run(
            self.argv(name, *flags, slipway_summary=str(summary), **variables),
            environment=self.environment,
            timeout=FLEET.timeout,
        )
        return Ran(done, json.loads(summary.read_text()) if summary.exists() else {})

    def sure(self, name: str, *flags: str, **variables) -> Ran:
        ran = self.play(name, *flags, **variables)
        assert ran.done.code == 0, ran.said[-6000:]
        return ran

    def refused(self, name: str, *flags: str, **variables) -> Ran:
        ran = self.play(name, *flags, **variables)
        assert ran.done.code != 0, ran.said[-6000:]
        return ran


def alias(container: str, **variables) -> dict:
    """A host of an inventory that is a host of the fleet, which others may be too."""
    known = FLEET.variables()[container]
    return {**{name: value for name, value in known.items() if name.startswith("ansible_")}, **variables}


def kept(hosts: dict[str, lab.Host], apps) -> dict[str, str]:
    """Host to all that a deploy could have changed there: processes, files, history."""
    return {name: host.sure(KEPT % " ".join(apps)) for name, host in hosts.items()}


@pytest.fixture(scope="session")
def hosts():
    """The hosts, past ssh. All have the account of the services."""
    with FLEET:
        found = {name: lab.Host(FLEET, name, past_ssh=True) for name in HOSTS}
        for host in found.values():
            host.sure("id shop 2>/dev/null || useradd --system --user-group shop")
        yield found


@pytest.fixture(scope="session")
def shop(hosts, tmp_path_factory):
    """A controller with one service on three hosts."""
    directory = tmp_path_factory.mktemp("shop")
    service = {**SERVICE, "slipway_app": "shop", "slipway_port": 8070}
    return Controller(directory, {name: alias(name, **service) for name in WEB})


@pytest.fixture(scope="session")
def live(shop):
    """The same, and its first release is live on web1."""
    shop.sure("deploy", "--limit", "web1")
    (tarball,) = (shop.directory / "dist").glob("*.tar.gz")
    shop.artifacts = [str(tarball)]
    return shop
