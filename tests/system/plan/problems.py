# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The problems that a plan has to find: a service for each, which one of its three hosts has."""

from __future__ import annotations

import dataclasses
import platform

from support import lab

from .conftest import SERVICE, WEB, alias

CLOSED_PORT = 1
# Where a host is another machine than the one that the artifact was made for.
OTHER_ARCHITECTURE = "arm64" if platform.machine() == "x86_64" else "amd64"
HOLD = "systemctl reset-failed hold 2>/dev/null; systemctl is-active -q hold || systemd-run -q --unit=hold "
LISTEN = "import socket, time; s = socket.create_server(('', %d)); time.sleep(1e6)"
FOREIGN = "[Service]\nExecStart=/bin/sleep infinity\n"


@dataclasses.dataclass
class Problem:
    """``cause``: what makes it, on the third host; ``variables``: those of that host that make it."""

    outcome: str
    said: str
    cause: str = ""
    cure: str = ""
    variables: dict = dataclasses.field(default_factory=dict)
    container: str = "web3"


def problems(elsewhere: str) -> dict[str, Problem]:
    """The name of the service to its problem. ``elsewhere``: an artifact for another architecture."""
    ports = {name: 8100 + number for number, name in enumerate(NAMES)}
    return {
        "unreachable": Problem("unreachable", "Connection refused", variables={"ansible_port": CLOSED_PORT}),
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
            "Port %d is already taken by python3" % ports["port"],
            "systemctl is-active -q taken || systemd-run -q --unit=taken python3 -c %r"
            % (LISTEN % ports["port"]),
            "systemctl stop taken",
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
        ),
        "masked": Problem(
            "rejected",
            "systemctl unmask masked.service",
            "systemctl mask masked.service 2>/dev/null",
            "systemctl unmask masked.service",
        ),
        "unit": Problem(
            "rejected",
            "systemd refuses unit.service",
            variables={
                "slipway_unit": dict(
                    SERVICE["slipway_unit"], directives={"Service": {"TimeoutStartSec": "soon"}}
                )
            },
        ),
    }


NAMES = (
    "unreachable",
    "nopython",
    "nouser",
    "arch",
    "disk",
    "port",
    "foreign",
    "lock",
    "strategy",
    "nginx",
    "masked",
    "unit",
)


def inventory(found: dict[str, Problem], directory) -> dict[str, dict]:
    """Three hosts for each service; the one with the problem is the first, so that another has the lease."""
    hosts = {}
    for number, (name, problem) in enumerate(found.items()):
        service = dict(SERVICE, slipway_app=name, slipway_port=8100 + number)
        service["slipway_artifacts"] = [str(tarball_of(name, directory))]
        if name == "nginx":
            service.update(slipway_strategy="blue_green", slipway_alternate_port=8200)
        hosts[name + "-bad"] = alias(problem.container, **dict(service, **problem.variables))
        hosts.update({"%s-%s" % (name, good): alias(good, **service) for good in WEB[:2]})
    return hosts


def tarball_of(name, directory):
    return directory / "dist" / ("%s-1.0.0-linux-amd64.tar.gz" % name)


def cause(found: dict[str, Problem], hosts: dict[str, lab.Host]) -> None:
    for problem in found.values():
        if problem.cause:
            hosts[problem.container].sure(problem.cause)
