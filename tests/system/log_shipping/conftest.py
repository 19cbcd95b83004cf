# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two hosts with four services each, and a third host with what their logs are sent to."""

from __future__ import annotations

import concurrent.futures
import json
import os
from pathlib import Path

import pytest
from support import lab

from . import sinks as all_sinks

FLEET = lab.Fleet("log-shipping", "web=1", "web=1:debian13", "sink=1", timeout=1500)
WEB = ("web1", "web2")
# How long the targets are away, half of it before the hosts are rebooted.
OUTAGE_SECONDS = int(os.environ.get("SLIPWAY_OUTAGE_SECONDS", "16"))
RATES = {"orders": 200, "bill": 50}
SECRET = "hunter2-of-the-environment"
RELEASE = "1.0.0-0a1b2c3d4e5f"
FILES = "/etc/clients"
URL = "//%s:%%d" % all_sinks.NAME
CA = {"ca_file": FILES + "/ca.crt"}
# The service, and where its logs go. The last two send the whole journal.
LOGS = {
    "orders": dict(CA, to="elasticsearch+https:" + URL % 9443 + "/insert/elasticsearch"),
    "bill": dict(CA, to="syslog+tls:" + URL % 6514),
    "shop": dict(CA, to="https:" + URL % 9429 + "/insert/journald"),
    "mail": dict(
        CA,
        to="https:" + URL % 19443,
        client_certificate=FILES + "/client.crt",
        client_key=FILES + "/client.key",
        persistent_journal=True,
    ),
}
# rsyslog gets the lines of one host, and VictoriaLogs those of the other.
OTHER_SYSLOG = {("bill", "web2"): {"to": "syslog+tls:" + URL % 6515}}
UNIT = "[Service]\nUser=%s\nExecStart=%s -u /opt/writer.py %s %d\n[Install]\nWantedBy=multi-user.target\n"
PROGRAM = "/opt/orders/releases/%s/bin/orders" % RELEASE


def at_once(work, items) -> list:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(work, items))


# systemd shares its mounts with units, but not in a container. Without that no unit sees its credentials.
SHARED_MOUNTS = """[Unit]
DefaultDependencies=no
Before=local-fs.target
[Service]
Type=oneshot
ExecStart=/bin/mount --make-rshared /
[Install]
WantedBy=local-fs.target
"""


class Web(lab.Host):
    """A host whose services write lines."""

    def prepare(self, keys: Path) -> None:
        self.sure("mkdir -p %s %s" % (FILES, os.path.dirname(PROGRAM)))
        for name in ("ca.crt", "client.crt", "client.key"):
            self.write("%s/%s" % (FILES, name), (keys / name).read_bytes())
        self.sure(
            "chmod 600 %s/client.key; cp -L --remove-destination /usr/bin/python3 %s" % (FILES, PROGRAM)
        )
        self.write("/etc/systemd/system/shared-mounts.service", SHARED_MOUNTS)
        self.sure("systemctl daemon-reload; systemctl enable --now shared-mounts.service")
        self.write("/opt/writer.py", (Path(__file__).parent / "writer.py").read_text())
        for name, rate in RATES.items():
            program = PROGRAM if name == "orders" else "/usr/bin/python3"
            self.write("/etc/systemd/system/%s.service" % name, UNIT % (name, program, name, rate))

    def written(self, newest: str = "") -> list[str]:
        """The key of each line in the journal."""
        units = "_SYSTEMD_UNIT=orders.service + _SYSTEMD_UNIT=bill.service"
        return all_sinks.KEY.findall(self.sure("journalctl --quiet --output=cat %s %s" % (newest, units)))

    def write_lines(self, seconds: float) -> None:
        """Wait until the services have written for so long."""
        begun = self.sure("journalctl --lines=0 --show-cursor").split("cursor: ")[1].strip()
        newer = "--after-cursor='%s'" % begun
        lab.wait_for(
            "lines of " + self.name, lambda: len(self.written(newer)) >= seconds * sum(RATES.values())
        )

    def rotate(self) -> None:
        for _number in range(5):
            self.sure("journalctl --rotate")
            self.write_lines(0.1)


class Controller:
    """Runs playbooks for hosts that are named once for each service."""

    def __init__(self, directory: Path) -> None:
        self.inventory = directory / "inventory.json"
        self.environment = lab.ansible_environment(
            ANSIBLE_SSH_CONTROL_PATH_DIR=FLEET.connections,
            ANSIBLE_HOME=str(directory / "ansible"),
            ANSIBLE_FORKS="8",
            ANSIBLE_PIPELINING="True",
        )

    def write_inventory(self) -> None:
        """Again after a reboot: the ports are others."""
        known = FLEET.variables()
        connections = {
            host: {name: value for name, value in known[host].items() if name.startswith("ansible_")}
            for host in WEB
        }
        hosts = {
            "%s-%s" % (app, host): {
                **connections[host],
                "slipway_app": app,
                "slipway_env": {"PASSWORD": SECRET},
                "slipway_logs": {**logs, **OTHER_SYSLOG.get((app, host), {})},
            }
            for app, logs in LOGS.items()
            for host in WEB
        }
        self.inventory.write_text(json.dumps({"all": {"hosts": hosts}}))

    def sure(self, name: str, *flags: str, **variables) -> str:
        done = FLEET.playbook(
            "slipway.golang." + name,
            *flags,
            inventory=self.inventory,
            environment=self.environment,
            **variables,
        )
        assert done.code == 0, done.out[-6000:] + done.err[-3000:]
        return done.out


@pytest.fixture(scope="session")
def hosts():
    with FLEET:
        yield {name: Web(FLEET, name, past_ssh=True) for name in WEB}


@pytest.fixture(scope="session")
def sinks(hosts, tmp_path_factory):
    keys = tmp_path_factory.mktemp("keys")
    all_sinks.certificates(keys)
    found = all_sinks.Sinks(lab.Host(FLEET, "sink1", past_ssh=True), keys)
    at_once(
        lambda work: work(),
        [found.install, *(lambda host=host: host.prepare(keys) for host in hosts.values())],
    )
    found.start()
    return found


@pytest.fixture(scope="session")
def controller(tmp_path_factory):
    return Controller(tmp_path_factory.mktemp("controller"))
