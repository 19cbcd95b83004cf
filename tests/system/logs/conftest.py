# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with a service that writes lines, and a controller that reads them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support import lab

# edge1 has nginx, as the lab's ACME servers do.
FLEET = lab.Fleet("logs", "web=2", "edge=1:acme", timeout=900)
HOSTS = ("web1", "web2", "edge1")
PORT = 8060
SECRETS = {"environment": "swordfish-4711", "header": "swordfish-of-the-health-check"}
SERVICE = {
    "slipway_app": "talk",
    "slipway_port": PORT,
    "slipway_source": str(lab.CHECKOUT / "tests/apps/services"),
    "slipway_build": {"package": "./cmd/log_lines", "go": lab.find_go()},
    "slipway_stamp": {"slipway.example/services/internal/serve.Version": "{version}"},
    "slipway_targets": ["linux/amd64"],
    "slipway_waves": ["100%"],
    "slipway_env": {"DATABASE_PASSWORD": SECRETS["environment"]},
    # Every line is kept.
    "slipway_unit": {"user": "talk", "drain_seconds": 5, "log_rate_limit": {"interval_sec": 0}},
    "slipway_health": {
        "path": "/healthz",
        "deadline": 10,
        "period": 0.1,
        "min_ready_seconds": 0.1,
        "headers": {"Authorization": SECRETS["header"]},
    },
}


class Service:
    """A service on one host."""

    def __init__(self, host: lab.Host, port: int = PORT):
        self.host = host
        self.port = port

    def count(self, first: int, last: int, seconds: int = 0) -> None:
        """Let it write lines with these numbers, until they are in the journal."""
        self._post("count?first=%d&last=%d&seconds=%d" % (first, last, seconds))
        self.host.sure("journalctl --sync")

    def say(self, *lines: str) -> None:
        """Let it write these lines, until they are in the journal."""
        self._post("say", "\n".join(lines))
        self.host.sure("journalctl --sync")

    def _post(self, path, data=""):
        url = "http://127.0.0.1:%d/%s" % (self.port, path)
        self.host.sure("curl -sSf -m 300 --data-binary @- '%s'" % url, data=data)


class Controller:
    """Runs playbooks of the collection with an inventory of its own."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.inventory = directory / "inventory.json"
        self.environment = lab.ansible_environment(
            ANSIBLE_SSH_CONTROL_PATH_DIR=FLEET.connections,
            ANSIBLE_HOME=str(directory / "ansible"),
            # A line comes when it is printed, not when there are some thousand of them.
            PYTHONUNBUFFERED="1",
        )
        self.use({name: {} for name in HOSTS})

    def use(self, hosts: dict[str, dict]) -> None:
        """From now on these are the hosts, with variables of their own."""
        known = FLEET.variables()
        listed = {
            name: {
                **{key: value for key, value in known.get(name, {}).items() if key.startswith("ansible_")},
                **own,
            }
            for name, own in hosts.items()
        }
        self.inventory.write_text(json.dumps({"all": {"hosts": listed, "vars": SERVICE}}))

    def argv(self, name: str, *flags: str, **variables) -> list[str]:
        variables.setdefault("slipway_dist", str(self.directory / "dist"))
        return lab.playbook_argv(
            "slipway.golang." + name, *flags, inventory=self.inventory, variables=variables
        )

    def play(self, name: str, *flags: str, **variables) -> lab.Done:
        argv = self.argv(name, *flags, **variables)
        return lab.run(argv, environment=self.environment, timeout=FLEET.timeout)

    def sure(self, name: str, *flags: str, **variables) -> str:
        done = self.play(name, *flags, **variables)
        assert done.code == 0, (done.out + done.err)[-6000:]
        return done.out

    def deploy(self, version: str, *flags: str, **variables) -> None:
        self.sure("deploy", *flags, slipway_version=version, **variables)

    def logs(self, *flags: str, **variables) -> str:
        """What the playbook prints, without Ansible's own lines."""
        out = self.sure("logs", *flags, **variables)
        return "".join(re.findall(r"^(?:──|[0-9]{2}:[0-9]{2}:[0-9]{2}\.).*\n", out, re.MULTILINE))

    def rows(self, *flags: str, **variables) -> list[dict]:
        """The same as values."""
        out = self.sure("logs", *flags, slipway_json=True, **variables)
        return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


# So that sshd notes every session in its journal; a connection that is there already stays silent.
LOUD_SSHD = "echo 'LogLevel VERBOSE' > /etc/ssh/sshd_config.d/logs.conf && systemctl reload ssh"


@pytest.fixture(scope="session")
def hosts():
    with FLEET:
        found = {name: lab.Host(FLEET, name) for name in HOSTS}
        for host in found.values():
            host.sure(LOUD_SSHD)
            host.sure("id talk 2>/dev/null || useradd --system --user-group talk")
        yield found


@pytest.fixture(scope="session")
def services(hosts):
    return {name: Service(host) for name, host in hosts.items()}


COUNTED = 5000


@pytest.fixture(scope="session")
def counted(services, tmp_path_factory):
    """On each host 5000 lines of a first release, a deploy, and 5000 of a second one; all at once."""
    controller = Controller(tmp_path_factory.mktemp("logs"))
    controller.deploy("1.0.0")
    for service in services.values():
        service.count(1, COUNTED)
    controller.deploy("2.0.0")
    for service in services.values():
        service.count(COUNTED + 1, 2 * COUNTED)
    return controller
