# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The problems that a plan has to find.

Those that come of a variable are of one service, `shop`, and of a host of the inventory each, which may
be the same host of the fleet. Those that come of the host are of a service of their own each.
"""

from __future__ import annotations

import collections
import dataclasses
import platform
from pathlib import Path

from support import lab

from .conftest import SERVICE, alias

NAMES = (
    "unreachable",
    "nopython",
    "nouser",
    "arch",
    "port",
    "nginx",
    "unit",
    "disk",
    "foreign",
    "lock",
    "masked",
    "strategy",
)
CANNOT_KEEP = ("unreachable-bad", "nopython-bad")
CLOSED_PORT = 1
TAKEN = 8160
# Where a host is another machine than the one that the artifact was made for.
OTHER_ARCHITECTURE = "arm64" if platform.machine() == "x86_64" else "amd64"
HOLD = "systemctl reset-failed hold 2>/dev/null; systemctl is-active -q hold || systemd-run -q --unit=hold "
LISTEN = "import socket, time; s = socket.create_server(('', %d)); time.sleep(1e6)"
FOREIGN = "[Service]\nExecStart=/bin/sleep infinity\n"


@dataclasses.dataclass
class Problem:
    """``cause``: a command that makes it, on the host; ``variables``: those of the host that make it.

    ``said``: a pattern of what is said about it.
    """

    outcome: str
    said: str
    cause: str = ""
    cure: str = ""
    variables: dict = dataclasses.field(default_factory=dict)
    container: str = "odd1"


def problems(elsewhere: str) -> dict[str, Problem]:
    """``elsewhere``: an artifact for another architecture."""
    return {
        # Ansible's own words: if ssh ends while Ansible still writes to it, they are the latter.
        "unreachable": Problem(
            "unreachable",
            "Connection refused|Make sure this host can be reached over SSH",
            variables={"ansible_port": CLOSED_PORT},
        ),
        "nopython": Problem("rejected", "slipway.golang.scp", container="bare1"),
        "nouser": Problem(
            "rejected",
            "There is no user 'nobody-knows' on this host: run the playbook slipway.golang.setup first",
            variables={"slipway_unit": dict(SERVICE["slipway_unit"], user="nobody-knows")},
        ),
        "arch": Problem(
            "rejected", "Add this host's to slipway_targets", variables={"slipway_artifacts": [elsewhere]}
        ),
        "disk": Problem(
            "rejected",
            "Free some space",
            "mkdir -p /opt/disk; mountpoint -q /opt/disk || mount -t tmpfs -o size=1m tmpfs /opt/disk",
            "umount /opt/disk",
        ),
        "port": Problem(
            "rejected",
            "Port %d is already taken by python3" % TAKEN,
            "systemctl is-active -q taken || systemd-run -q --unit=taken python3 -c %r" % (LISTEN % TAKEN),
            "systemctl stop taken",
            variables={"slipway_port": TAKEN},
        ),
        "foreign": Problem(
            "rejected",
            "Set slipway_adopt: true to take it over",
            "printf %r >/etc/systemd/system/foreign.service; systemctl daemon-reload" % FOREIGN,
            "rm /etc/systemd/system/foreign.service; systemctl daemon-reload",
        ),
        "lock": Problem(
            "rejected",
            "Another deploy holds /opt/lock/lock",
            "mkdir -p /opt/lock; " + HOLD + "flock /opt/lock/lock sleep infinity; "
            "until ! flock -n /opt/lock/lock true; do sleep 0.05; done",
            "systemctl stop hold",
        ),
        "strategy": Problem("rejected", "Keep it with slipway_strategy: socket"),
        "nginx": Problem(
            "rejected",
            "run the playbook slipway.golang.setup with slipway_strategy: blue_green first",
            "systemctl start nginx",
            variables={"slipway_strategy": "blue_green", "slipway_alternate_port": 8170},
        ),
        "masked": Problem(
            "rejected",
            "systemctl unmask masked.service",
            "systemctl mask masked.service 2>/dev/null",
            "systemctl unmask masked.service",
        ),
        "unit": Problem(
            "rejected",
            "systemd refuses shop.service: shop.service:",
            variables={
                "slipway_unit": dict(
                    SERVICE["slipway_unit"], directives={"Service": {"TimeoutStartSec": "soon"}}
                )
            },
        ),
    }


def service_of(name: str, problem: Problem) -> str:
    return "shop" if problem.variables or problem.container != "odd1" else name


def inventory(found: dict[str, Problem], directory: Path) -> dict[str, dict]:
    """Hosts that cannot keep a lease come first of all, the others with a problem last."""
    services = {name: service_of(name, problem) for name, problem in found.items()}
    hosts, counts = {}, collections.Counter(services.values())
    for number, service in enumerate(counts):
        variables = dict(SERVICE, slipway_app=service, slipway_port=8100 + number)
        variables["slipway_artifacts"] = [str(directory / "dist" / (service + "-1.0.0-linux-amd64.tar.gz"))]
        variables["slipway_max_failures"] = "{{ %d - missing | default(0) | int }}" % counts[service]
        bad = {
            name + "-bad": alias(problem.container, **{**variables, **problem.variables})
            for name, problem in found.items()
            if services[name] == service
        }
        good = ("web1", "web2") if service == "shop" else ("web1",)
        hosts.update((name, bad.pop(name)) for name in CANNOT_KEEP if name in bad)
        hosts.update(("%s-%s" % (service, name), alias(name, **variables)) for name in good)
        hosts.update(bad)
    return hosts


def good_hosts(hosts) -> list[str]:
    return [host for host in hosts if not host.endswith("-bad")]


def cause(found: dict[str, Problem], hosts: dict[str, lab.Host]) -> None:
    for problem in found.values():
        if problem.cause:
            hosts[problem.container].sure(problem.cause)
