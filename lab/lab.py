# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local fleet of systemd hosts in containers, for the demo, the tests and the benches.

Examples:
  python3 lab/lab.py up demo --hosts 3                                  web1, web2 and web3
  python3 lab/lab.py up t --group rollout=3 --group plain=1:nopython    two groups, one host without Python
  python3 lab/lab.py up t --group web=2 --group acme=1:acme             two hosts, and an ACME server
  ansible -i .work/lab/demo/inventory.yml web -m ansible.builtin.ping
  python3 lab/lab.py ssh demo web1 systemctl status
  python3 lab/lab.py down demo
  python3 lab/lab.py cluster up                                         a real Kubernetes, with one node
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import cluster
import docker_engine
import fleet
import image
import kubernetes_build
from inventory import ACME_MANAGEMENT_PORT, ACME_PORT, fleet_name, hosts_of, kinds
from shell import LabError, install, say

PORT_NAMES = {
    22: "ssh",
    8080: "app",
    80: "http",
    443: "https",
    ACME_PORT: "acme",
    ACME_MANAGEMENT_PORT: "acme-management",
}


def main() -> int:
    arguments = parser().parse_args()
    try:
        return arguments.action(arguments) or 0
    except LabError as error:
        print(f"lab: error: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        return 130


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="lab.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name, action, text):
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(action=action)
        return sub

    command(
        "engine",
        start_engine,
        "check that a Docker engine answers; as root on Debian, install and start one",
    )
    images = command(
        "image", build_image, "build the hosts' images if they are missing or older than lab/Dockerfile"
    )
    images.add_argument(
        "name", nargs="*", help=f"of {' '.join(image.IMAGES)} (default: {' '.join(image.USUAL)})"
    )
    packages = command("install", install_packages, "install Debian packages on this machine")
    packages.add_argument("package", nargs="+")

    up = command(
        "up", bring_up, "create exactly these hosts, wait for their SSH servers, and write the inventory"
    )
    up.add_argument("fleet")
    up.add_argument(
        "--group",
        action="append",
        default=[],
        metavar="NAME=COUNT[:KIND]",
        help=f"a group of hosts, Debian 12 with Python or a kind of {kinds()}; repeatable (default: web=1)",
    )
    up.add_argument("--hosts", type=int, metavar="N", help="short for --group web=N")
    up.add_argument("--plain", type=int, metavar="K", help="short for --group plain=K:nopython")
    up.add_argument("--ipv6", action="store_true", help="a new fleet's network has IPv6 addresses too")

    down = command("down", take_down, "remove a fleet and its files")
    which = down.add_mutually_exclusive_group(required=True)
    which.add_argument("fleet", nargs="?")
    which.add_argument("--all", action="store_true", help="every fleet of this engine")

    status = command("status", show_status, "list the fleets and their hosts, with their ports on 127.0.0.1")
    status.add_argument("fleet", nargs="?", help="only this one")
    for name, action, text in (
        ("ssh", by_ssh, "log in to a host, or run a command there"),
        ("exec", by_exec, "run a command inside a host's container, without ssh"),
    ):
        sub = command(name, action, text)
        sub.add_argument("fleet")
        sub.add_argument("host", help="such as web1")
        sub.add_argument("command", nargs=argparse.REMAINDER)
    add_cluster(commands.add_parser("cluster", help="a real Kubernetes on this machine"))
    return top


def add_cluster(top: argparse.ArgumentParser) -> None:
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, action, text in (
        ("build", build_kubernetes, "build the programs of a cluster unless they are there"),
        ("up", cluster_up, "bring a cluster up: control plane and one node"),
        ("down", cluster_down, "end a cluster, and remove all that it had"),
        ("load", cluster_load, "make an image of a static program in a cluster; prints its reference"),
        ("exec", cluster_exec, "run a command in the namespaces of a cluster"),
    ):
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(action=action)
        if name in ("up", "down"):
            sub.add_argument("cluster", nargs="?", default="lab")
        elif name != "build":
            sub.add_argument("cluster")
        if name == "load":
            sub.add_argument("image", help="its name with a tag, such as local.test/hello:1")
            sub.add_argument("program", type=Path)
        if name == "exec":
            sub.add_argument("command", nargs=argparse.REMAINDER)


def start_engine(_arguments) -> None:
    say(f"Docker engine {docker_engine.ensure()} answers {docker_engine.client()}")


def build_image(arguments) -> None:
    names = arguments.name or image.USUAL
    for name in names:
        if name not in image.IMAGES:
            raise LabError(f"{name!r} is not an image: choose from {' '.join(image.IMAGES)}")
    docker_engine.ensure()
    image.ensure(names)
    say(f"images: {' '.join(map(image.tag, names))}")


def install_packages(arguments) -> None:
    install(*arguments.package)


def bring_up(arguments) -> None:
    hosts = hosts_of(wanted_groups(arguments))
    wanted = fleet.Fleet(fleet_name(arguments.fleet), arguments.ipv6)
    docker_engine.ensure()
    image.ensure(host.image for host in hosts)
    fleet.up(wanted, hosts)


def wanted_groups(arguments) -> list[str]:
    specs = list(arguments.group)
    if arguments.hosts:
        specs.append(f"web={arguments.hosts}")
    if arguments.plain:
        specs.append(f"plain={arguments.plain}:nopython")
    return specs or ["web=1"]


def take_down(arguments) -> None:
    for name in fleet.names() if arguments.all else [arguments.fleet]:
        fleet.down(fleet.Fleet(fleet_name(name)))


def show_status(arguments) -> None:
    if not docker_engine.find_client():
        say("no Docker engine answers")
        return
    for name in [arguments.fleet] if arguments.fleet else fleet.names():
        this = fleet.Fleet(fleet_name(name))
        print(f"{name}  (inventory: {this.inventory})")
        for container, entry in sorted(fleet.inspect(this).items()):
            print(f"  {describe(this, container, entry)}")


def describe(this: fleet.Fleet, container: str, entry: dict) -> str:
    state = entry["State"]["Status"]
    if state != "running":
        return f"{container:<24} {state}"
    at = fleet.address(this, entry)
    ports = " ".join(f"{name}:{at.ports[port]}" for port, name in PORT_NAMES.items() if port in at.ports)
    return f"{container:<24} {state}  {at.ip:<12} {ports}"


def by_ssh(arguments) -> None:
    this, container = known_host(arguments)
    port = str(fleet.address(this, fleet.inspect(this)[container]).ports[22])
    os.execvp(
        "ssh",
        [
            "ssh",
            "-F",
            "none",
            "-i",
            str(this.state / "id_ed25519"),
            "-p",
            port,
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            f'UserKnownHostsFile="{this.state}/known_hosts"',
            "root@127.0.0.1",
            *arguments.command,
        ],
    )


def by_exec(arguments) -> None:
    container = known_host(arguments)[1]
    terminal = ["--tty"] if sys.stdin.isatty() else []
    os.execv(
        docker_engine.client(),
        ["docker", "exec", "--interactive", *terminal, container, *(arguments.command or ["bash"])],
    )


def build_kubernetes(_arguments) -> None:
    say(f"Kubernetes {kubernetes_build.version()}: {kubernetes_build.ensure()}")


def cluster_up(arguments) -> None:
    cluster.up(cluster.Cluster(fleet_name(arguments.cluster)))


def cluster_down(arguments) -> None:
    cluster.down(cluster.Cluster(fleet_name(arguments.cluster)))


def cluster_load(arguments) -> None:
    print(cluster.load(cluster.Cluster(fleet_name(arguments.cluster)), arguments.image, arguments.program))


def cluster_exec(arguments) -> None:
    argv = cluster.inside(cluster.Cluster(fleet_name(arguments.cluster)))
    os.execvp(argv[0], [*argv, *(arguments.command or ["bash"])])


def known_host(arguments) -> tuple[fleet.Fleet, str]:
    this = fleet.Fleet(fleet_name(arguments.fleet))
    container = f"{this.name}-{arguments.host}"
    found = fleet.inspect(this)
    if container not in found:
        known = " ".join(sorted(name.removeprefix(f"{this.name}-") for name in found)) or "none"
        raise LabError(f"fleet {this.name} has no host {arguments.host} (it has: {known})")
    return this, container


if __name__ == "__main__":
    sys.exit(main())
