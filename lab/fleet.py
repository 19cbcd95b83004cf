# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet: systemd hosts on a Docker network of their own, with sshd on loopback ports."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import socket
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import acme
import image
from docker_engine import client, docker
from inventory import Address, Host, as_yaml, inventory
from shell import STATE, LabError, journal_tail, lock, output, run, say, wait_for

FLEET = "slipway.lab.fleet"
RECIPE = "slipway.lab.recipe"
SETTLED = ("running", "degraded")

# What systemd needs as PID 1, and what the sandbox of a unit needs from the container. The bind mount works
# with cgroup v1 and v2. ProtectProc= hides /proc from processes without SYS_PTRACE; PrivateUsers= writes
# there.
RUN_SYSTEMD = (
    "--cgroupns=host",
    "--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw",
    "--tmpfs=/run",
    "--tmpfs=/run/lock",
    "--tmpfs=/tmp:exec,mode=1777",
    "--cap-add=SYS_ADMIN",
    "--cap-add=NET_ADMIN",
    "--cap-add=SYS_PTRACE",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--security-opt=systempaths=unconfined",
)


@dataclass(frozen=True)
class Fleet:
    name: str
    ipv6: bool = False

    @property
    def state(self) -> Path:
        return STATE / self.name

    @property
    def inventory(self) -> Path:
        return self.state / "inventory.yml"

    @property
    def network(self) -> str:
        return f"slipway-lab-{self.name}"

    def container(self, host: Host) -> str:
        return f"{self.name}-{host.name}"


def up(fleet: Fleet, hosts: list[Host]) -> None:
    """Create exactly these hosts, and wait until all of them answer."""
    with lock(STATE / f"{fleet.name}.lock"):
        make_keys(fleet)
        for host in hosts:
            if host.acme:
                acme.have_certificate(fleet.state, host)
        found = inspect(fleet)
        wanted = {fleet.container(host): recipe(fleet, host) for host in hosts}
        unwanted = [name for name in found if recipe_of(found[name]) != wanted.get(name)]
        missing = [
            host for host in hosts if fleet.container(host) not in found or fleet.container(host) in unwanted
        ]
        stopped = [name for name in found if name not in unwanted and not found[name]["State"]["Running"]]
        remove(unwanted)
        if missing:
            raise_limits(len(hosts))
            make_network(fleet)
            say(f"{fleet.name}: create {' '.join(host.name for host in missing)}")
            at_once(lambda host: create(fleet, host), missing)
        if stopped:
            say(f"{fleet.name}: start {' '.join(stopped)}")
            at_once(start, stopped)
        fresh = [fleet.container(host) for host in missing] + stopped
        if fresh or unwanted:
            found = inspect(fleet)
        addresses = {host.name: address(fleet, found[fleet.container(host)]) for host in hosts}
        at_once(lambda host: wait_for_ssh(host.name, addresses[host.name].ports[22]), hosts)
        at_once(wait_for_systemd, fresh)
        write(fleet.inventory, as_yaml(inventory(fleet.name, hosts, addresses, fleet.state)))
    say(f"{fleet.name}: {len(hosts)} hosts answer (inventory: {fleet.inventory})")


def down(fleet: Fleet) -> None:
    with lock(STATE / f"{fleet.name}.lock"):
        found = inspect(fleet)
        remove(list(found))
        run(client(), "network", "rm", fleet.network)
        shutil.rmtree(fleet.state, ignore_errors=True)
    say(f"{fleet.name}: {len(found)} hosts removed")


def names() -> list[str]:
    """The names of all fleets that have a container."""
    printed = docker("ps", "--all", "--filter", f"label={FLEET}", "--format", f'{{{{.Label "{FLEET}"}}}}')
    return sorted(set(printed.split()))


def inspect(fleet: Fleet) -> dict[str, dict]:
    """The fleet's containers, by name, as Docker describes them."""
    ids = docker("ps", "--all", "--quiet", "--filter", f"label={FLEET}={fleet.name}").split()
    described = json.loads(docker("container", "inspect", *ids)) if ids else []
    return {entry["Name"].lstrip("/"): entry for entry in described}


def address(fleet: Fleet, entry: dict) -> Address:
    state, network = entry["State"], entry["NetworkSettings"]
    if not state["Running"]:
        raise LabError(
            f"{entry['Name'].lstrip('/')} is {state['Status']} (exit code {state['ExitCode']}) "
            f"{state['Error']}".rstrip()
        )
    ports = {
        int(port.split("/")[0]): int(bound[0]["HostPort"])
        for port, bound in network["Ports"].items()
        if bound
    }
    attached = network["Networks"][fleet.network]
    return Address(attached["IPAddress"], ports, attached.get("GlobalIPv6Address", ""))


# --- one host -----------------------------------------------------------------------------------------------


def create(fleet: Fleet, host: Host) -> None:
    docker(*create_command(fleet, host), "--label", f"{RECIPE}={recipe(fleet, host)}", image.tag(host.image))
    docker("cp", "-", f"{fleet.container(host)}:/", data=keys_archive(fleet, host))
    docker("start", fleet.container(host))


def create_command(fleet: Fleet, host: Host) -> list[str]:
    argv = ["create", "--name", fleet.container(host), "--hostname", host.name]
    argv += ["--network", fleet.network, "--label", f"{FLEET}={fleet.name}"]
    argv += [f"--network-alias={alias}" for alias in host.aliases]
    argv += [f"--publish=127.0.0.1::{port}" for port in host.ports]
    return argv + list(RUN_SYSTEMD)


def recipe(fleet: Fleet, host: Host) -> str:
    """A digest of everything that defines this host: if it differs, the host is created again."""
    made_of = "\n".join([image.digest(host.image), *create_command(fleet, host)]).encode()
    return hashlib.sha256(made_of + keys_archive(fleet, host)).hexdigest()


def recipe_of(entry: dict) -> str:
    return entry["Config"]["Labels"].get(RECIPE, "")


def start(container: str) -> None:
    docker("start", container)


def remove(containers: list[str]) -> None:
    if containers:
        say(f"remove {' '.join(containers)}")
        at_once(lambda container: docker("rm", "--force", "--volumes", container), containers)


def wait_for_ssh(name: str, port: int) -> None:
    wait_for(f"sshd on {name} (127.0.0.1:{port})", lambda: greets(port), 60)


def greets(port: int) -> bool:
    """Whether sshd sends its banner. Docker's proxy accepts connections before sshd does."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def wait_for_systemd(container: str) -> None:
    done = run(client(), "exec", container, "systemctl", "is-system-running", "--wait", timeout=60)
    if done.stdout.decode().strip() not in SETTLED:
        raise LabError(f"systemd did not come up in {container}: {journal_tail(done.stdout + done.stderr)}")


def raise_limits(hosts: int) -> None:
    """Each systemd needs a few inotify instances: the default of 128 is enough for about 25 hosts."""
    limit = Path("/proc/sys/fs/inotify/max_user_instances")
    if not limit.exists() or int(limit.read_text()) >= 1024:
        return
    try:
        limit.write_text("8192")
    except OSError:
        if hosts > 10:
            say(
                f"if some of the {hosts} hosts do not start, "
                "run `sysctl -w fs.inotify.max_user_instances=8192`"
            )


# --- what the hosts share -----------------------------------------------------------------------------------


def make_network(fleet: Fleet) -> None:
    if run(client(), "network", "inspect", fleet.network).returncode:
        with_ipv6 = ("--ipv6", "--subnet", subnet6(fleet)) if fleet.ipv6 else ()
        docker("network", "create", "--label", f"{FLEET}={fleet.name}", *with_ipv6, fleet.network)


def subnet6(fleet: Fleet) -> str:
    """A unique local subnet of its own for each fleet."""
    digits = hashlib.sha256(fleet.name.encode()).hexdigest()
    return f"fd{digits[:2]}:{digits[2:6]}:{digits[6:10]}:1::/64"


def make_keys(fleet: Fleet) -> None:
    """One key to log in with, and one host key for all hosts, so that host keys are checked strictly."""
    fleet.state.mkdir(parents=True, exist_ok=True)
    for name in ("id_ed25519", "host_ed25519"):
        if not (fleet.state / name).exists():
            output(
                "ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-C",
                f"slipway-lab-{fleet.name}",
                "-f",
                str(fleet.state / name),
            )
    write(fleet.state / "known_hosts", "* " + (fleet.state / "host_ed25519.pub").read_text())


def keys_archive(fleet: Fleet, host: Host) -> bytes:
    """A tar archive with the keys of a host."""
    files = [
        ("root/.ssh/authorized_keys", "id_ed25519.pub", 0o600),
        ("etc/ssh/ssh_host_ed25519_key", "host_ed25519", 0o600),
        ("etc/ssh/ssh_host_ed25519_key.pub", "host_ed25519.pub", 0o644),
    ]
    if host.acme:
        files += [
            ("etc/pebble/api.crt", f"{host.name}.crt", 0o644),
            ("etc/pebble/api.key", f"{host.name}.key", 0o600),
        ]
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, source, mode in files:
            data = (fleet.state / source).read_bytes()
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), mode
            archive.addfile(member, io.BytesIO(data))
    return content.getvalue()


def write(path: Path, text: str) -> None:
    """Write a file unless it has this content already."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def at_once(work, items) -> None:
    """Call action for all items in parallel, and raise the first failure."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(work, items))
