# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups and hosts of a fleet, and the inventory for Ansible. Nothing here calls Docker."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from shell import LabError

NAME = re.compile(r"[a-z][a-z0-9-]{0,29}")
GROUP = re.compile(r"(?P<name>[a-z][a-z0-9_]{0,29})=(?P<count>[0-9]{1,3})(?::(?P<kind>[a-z0-9]+))?")
KINDS = {
    None: "python",
    "nopython": "plain",
    "debian11": "debian11",
    "debian13": "debian13",
    "acme": "acme",
}  # from the kind, after the colon, to the image
DOMAIN = "example.test"
ACME_PORT, ACME_MANAGEMENT_PORT = 14000, 15000


@dataclass(frozen=True)
class Host:
    name: str  # in the inventory, as hostname, and in the fleet's DNS
    group: str
    image: str = "python"

    @property
    def python(self) -> bool:
        return self.image != "plain"

    @property
    def acme(self) -> bool:
        return self.image == "acme"

    @property
    def ports(self) -> tuple[int, ...]:
        return (22, 80, 443, 8080, *((ACME_PORT, ACME_MANAGEMENT_PORT) if self.acme else ()))

    @property
    def aliases(self) -> tuple[str, ...]:
        """Its names in the fleet's DNS. All hosts of the group share the last one."""
        own = f"{self.name}.{DOMAIN}"
        return self.name, own, f"www.{own}", f"api.{own}", f"{stem(self.group)}.{DOMAIN}"


@dataclass(frozen=True)
class Address:
    """Where a running host can be reached."""

    ip: str
    ports: dict[int, int]  # port of the host -> port on 127.0.0.1
    ip6: str = ""


def fleet_name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise LabError(
            f"{text!r} is not a fleet name: use lower-case letters, digits and dashes, a letter first"
        )
    return text


def stem(group: str) -> str:
    """The group's name as part of a hostname, which cannot have an underscore."""
    return group.replace("_", "-")


def hosts_of(specs: list[str]) -> list[Host]:
    """`web=2` gives web1 and web2. `web=1:debian13` after it adds web3, of another kind."""
    hosts: list[Host] = []
    for spec in specs:
        match = GROUP.fullmatch(spec)
        if not match or match["kind"] not in KINDS:
            raise LabError(
                f"{spec!r} is not a group: write NAME=COUNT, such as web=3, or NAME=COUNT:KIND. "
                f"Kinds are {kinds()}"
            )
        group, image = match["name"], KINDS[match["kind"]]
        first = 1 + sum(host.group == group for host in hosts)
        hosts += [
            Host(f"{stem(group)}{number}", group, image)
            for number in range(first, first + int(match["count"]))
        ]
    names = [host.name for host in hosts]
    if len(set(names)) < len(names):
        raise LabError("two groups have hosts of the same name")
    if sum(host.acme for host in hosts) > 1:
        raise LabError("a fleet can have only one ACME server")
    return hosts


def kinds() -> str:
    return ", ".join(filter(None, KINDS))


def inventory(fleet: str, hosts: list[Host], addresses: dict[str, Address], state: Path) -> dict:
    groups: dict[str, dict] = {}
    for host in hosts:
        group = groups.setdefault(host.group, {"hosts": {}})
        group["hosts"][host.name] = host_variables(fleet, host, addresses[host.name])
    # Not in `all`: its variables would reach localhost too.
    shared = shared_variables(fleet, state)
    for host in hosts:
        if host.acme:
            shared |= acme_variables(host, addresses[host.name], state)
    return {"all": {"children": {"lab": {"vars": shared, "children": groups}}}}


def shared_variables(fleet: str, state: Path) -> dict:
    known_hosts = shlex.quote(f'UserKnownHostsFile="{state}/known_hosts"')
    return {
        "ansible_host": "127.0.0.1",
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(state / "id_ed25519"),
        "ansible_ssh_common_args": f"-o {known_hosts} -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes",
        "lab_fleet": fleet,
    }


def acme_variables(server: Host, address: Address, state: Path) -> dict:
    return {
        "lab_acme_directory": f"https://{server.name}:{ACME_PORT}/dir",
        "lab_acme_ca": str(state / "acme_ca.crt"),
        "lab_acme_root_url": f"https://127.0.0.1:{address.ports[ACME_MANAGEMENT_PORT]}/roots/0",
    }


def host_variables(fleet: str, host: Host, address: Address) -> dict:
    variables = {
        "ansible_port": address.ports[22],
        "lab_address": address.ip,
        "lab_app_url": f"http://127.0.0.1:{address.ports[8080]}",
        "lab_http_port": address.ports[80],
        "lab_https_port": address.ports[443],
        "lab_container": f"{fleet}-{host.name}",
    }
    if address.ip6:
        variables["lab_address6"] = address.ip6
    if host.python:
        variables["ansible_python_interpreter"] = "/usr/bin/python3"
    return variables


def as_yaml(value: dict, indent: str = "") -> str:
    """Nested dictionaries of plain values as YAML."""
    lines = []
    for key, item in value.items():
        if isinstance(item, dict):
            lines.append(f"{indent}{key}:\n{as_yaml(item, indent + '  ')}")
        else:
            lines.append(f"{indent}{key}: {json.dumps(item)}\n")
    return "".join(lines)
