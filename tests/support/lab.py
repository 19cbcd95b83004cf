# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts of the lab for the suites: bring a fleet up and down, run commands on its hosts, run playbooks.

Every suite that needs a host uses this file; see lab/README.md for what such a host is.
"""

from __future__ import annotations

import atexit
import dataclasses
import functools
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

CHECKOUT = Path(__file__).resolve().parents[2]
COLLECTIONS = CHECKOUT / ".work" / "collections"
LAB = (sys.executable, str(CHECKOUT / "lab" / "lab.py"))
SHOWN = 3000  # characters of an output in an error message
ALONE = ("-o", "ControlMaster=no", "-o", "ControlPath=none")


class CommandFailed(Exception):
    """A command that had to succeed did not."""


@dataclasses.dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return "exit code %d\n%s\n%s" % (self.code, self.out, self.err)


# --- commands on this machine ---------------------------------------------------------------------


def run(
    argv,
    data: str | bytes | None = None,
    stdin: IO | None = None,
    environment: dict[str, str] | None = None,
    timeout: float | None = None,
) -> Done:
    """Run a command in the checkout and return how it ended, whatever its exit code.

    ``data``: what it reads; or ``stdin``, a file for it.
    """
    argv = [str(word) for word in argv]
    given: dict = {"stdin": stdin or subprocess.DEVNULL}
    if data is not None:
        given = {"input": data.encode() if isinstance(data, str) else data}
    try:
        process = subprocess.run(
            argv, cwd=CHECKOUT, env=environment, timeout=timeout, capture_output=True, check=False, **given
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailed("%s did not end within %s s" % (_shown(argv), timeout)) from error
    return Done(process.returncode, _text(process.stdout), _text(process.stderr))


def call(argv, **options) -> str:
    """Run a command that has to succeed, and return what it printed."""
    done = run(argv, **options)
    if done.code:
        raise CommandFailed(
            "%s failed (exit code %d):\n%s" % (_shown(argv), done.code, (done.out + done.err)[-SHOWN:])
        )
    return done.out


def _shown(argv) -> str:
    return " ".join(map(str, argv))[:300]


def _text(printed: bytes) -> str:
    return printed.decode("utf-8", "replace")


def script(main: Callable[[], int | None]) -> None:
    """Run the main function of a script. A command that failed is reported without a traceback."""
    try:
        sys.exit(main())
    except CommandFailed as error:
        sys.exit(str(error))


def find_go() -> str:
    """The path of the command ``go``."""
    found = shutil.which("go") or "/usr/local/go/bin/go"
    if not os.access(found, os.X_OK):
        raise CommandFailed("go is not installed: `make acceptance` brings it, see scripts/go_directory.sh")
    return found


def go_install(package: str, version: str) -> Path:
    """The path of a program from Go's module proxy, which is built once for each version."""
    name = package.rpartition("/")[2]
    home = CHECKOUT / ".work" / "programs" / ("%s-%s" % (name, version))
    if not (home / name).exists():
        environment = dict(os.environ, GOBIN=str(home), CGO_ENABLED="0", GOFLAGS="-trimpath -ldflags=-s")
        call([find_go(), "install", "%s@%s" % (package, version)], environment=environment)
    return home / name


def docker() -> str:
    """The Docker command of the distribution, which its engine accepts."""
    return "/usr/bin/docker" if os.access("/usr/bin/docker", os.X_OK) else shutil.which("docker") or "docker"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def ansible_environment(**more: str) -> dict[str, str]:
    """What Ansible needs to find this collection, and to print plain text."""
    return dict(
        os.environ,
        ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS),
        ANSIBLE_NOCOLOR="1",
        ANSIBLE_DEPRECATION_WARNINGS="0",
        **more,
    )


def playbook_argv(playbook, *flags, inventory, variables: dict | Path) -> list[str]:
    """The command for a playbook. A dictionary of variables is seen by all processes, a file is not."""
    extra = "@%s" % variables if isinstance(variables, Path) else json.dumps(variables)
    words = ["ansible-playbook", playbook, "--inventory", inventory, "--extra-vars", extra, *flags]
    return [str(word) for word in words]


def wait_for(what: str, ready: Callable[[], Any], seconds: float = 120) -> Any:
    """What a condition gives, once that is something."""
    end = time.monotonic() + seconds
    while not (found := ready()):
        if time.monotonic() > end:
            raise CommandFailed("timed out after %d s while waiting for %s" % (seconds, what))
        time.sleep(0.3)
    return found


# --- hosts ----------------------------------------------------------------------------------------


class Fleet:
    """Hosts of the lab. ``groups`` as for ``lab.py up --group``, such as ``web=2``.

    SLIPWAY_FLEET_SUFFIX: for two runs on one Docker engine, whose fleets need different names.
    SLIPWAY_KEEP_FLEET=1 leaves the hosts up at the end of a ``with`` block.
    """

    def __init__(self, name: str, *groups: str, timeout: float | None = None, ipv6: bool = False) -> None:
        self.name = name + os.environ.get("SLIPWAY_FLEET_SUFFIX", "")
        self.groups = groups
        self.ipv6 = ipv6
        self.timeout = timeout  # seconds, for each command and playbook
        self.state = CHECKOUT / ".work" / "lab" / self.name
        self.inventory = self.state / "inventory.yml"
        self._variables: dict[str, dict] = {}

    @functools.cached_property
    def connections(self) -> str:
        """A directory for the sockets of ssh. Their paths must be short, and a checkout may be anywhere."""
        path = tempfile.mkdtemp(prefix="slipway-ssh-")
        atexit.register(shutil.rmtree, path, ignore_errors=True)
        return path

    def up(self) -> None:
        """Create the hosts, unless they are up."""
        self._variables = {}
        groups = [word for group in self.groups for word in ("--group", group)]
        call([*LAB, "up", self.name, *groups, *(["--ipv6"] if self.ipv6 else [])])

    def down(self) -> None:
        call([*LAB, "down", self.name])

    def __enter__(self):
        self.up()
        return self

    def __exit__(self, *error) -> None:
        if not os.environ.get("SLIPWAY_KEEP_FLEET"):
            self.down()

    def variables(self) -> dict[str, dict]:
        """The variables of each host, as Ansible reads them from the inventory."""
        if not self._variables:
            listing = json.loads(call(["ansible-inventory", "-i", self.inventory, "--list"]))
            self._variables = listing["_meta"]["hostvars"]
        return self._variables

    def playbook(self, playbook, *flags, inventory=None, environment=None, **variables) -> Done:
        """Run a playbook, given by its path or its full name."""
        argv = playbook_argv(playbook, *flags, inventory=inventory or self.inventory, variables=variables)
        # Ansible's sockets are named after host and port, which another fleet may have had before.
        environment = environment or ansible_environment(ANSIBLE_SSH_CONTROL_PATH_DIR=self.connections)
        return run(argv, environment=environment, timeout=self.timeout)


class Cluster:
    """A cluster of the lab: Kubernetes with one node. Names and SLIPWAY_KEEP_FLEET are as for a Fleet."""

    def __init__(self, name: str) -> None:
        self.name = name + os.environ.get("SLIPWAY_FLEET_SUFFIX", "")
        self.directory = CHECKOUT / ".work" / "clusters" / self.name
        self.kubeconfig = self.directory / "admin.kubeconfig"

    def __enter__(self):
        call([*LAB, "cluster", "up", self.name])
        return self

    def __exit__(self, *error) -> None:
        if not os.environ.get("SLIPWAY_KEEP_FLEET"):
            call([*LAB, "cluster", "down", self.name])

    @property
    def address(self) -> str:
        """Of the node: there are the API server and the ports of Services of type NodePort."""
        return "10.250.%s.2" % (self.directory / "network").read_text().strip()

    def load(self, image: str, program: Path) -> str:
        """Put a static program into the cluster as an image, and return its reference by digest."""
        return call([*LAB, "cluster", "load", self.name, image, program]).strip()

    def kubectl(self, *arguments, **options) -> Done:
        argv = [self.directory / "kubectl", "--kubeconfig", self.kubeconfig]
        argv += ["--cache-dir", self.directory / "cache", *arguments]
        return run(argv, **options)

    def sure(self, *arguments, **options) -> str:
        """kubectl, which has to succeed: what it printed."""
        done = self.kubectl(*arguments, **options)
        if done.code:
            raise CommandFailed("kubectl %s failed: %s" % (_shown(arguments), done))
        return done.out

    def inside(self, command: str) -> str:
        """What a shell command prints that runs in the cluster's namespaces."""
        return call([*LAB, "cluster", "exec", self.name, "sh", "-c", command])


class Host:
    """One host of a fleet, reached by ssh as root; or inside its container, past ssh."""

    def __init__(self, fleet: Fleet, name: str, past_ssh: bool = False) -> None:
        self.fleet = fleet
        self.name = name
        self.past_ssh = past_ssh

    @property
    def variables(self) -> dict:
        return self.fleet.variables()[self.name]

    @property
    def port(self) -> str:
        return str(self.variables["ansible_port"])

    @property
    def url(self) -> str:
        """Of the service, on this machine."""
        return self.variables["lab_app_url"]

    @property
    def container(self) -> str:
        return "%s-%s" % (self.fleet.name, self.name)

    @property
    def ssh_options(self) -> list[str]:
        """For ssh and scp."""
        key = self.variables["ansible_ssh_private_key_file"]
        return ["-i", key, *shlex.split(self.variables["ansible_ssh_common_args"])]

    def ssh_argv(self, command: str, alone: bool = False) -> list[str]:
        """The command line of ssh; ``alone``: over a connection of its own."""
        connection = ALONE if alone else self._shared_connection()
        return ["ssh", *connection, *self.ssh_options, "-p", self.port, "root@127.0.0.1", command]

    def _shared_connection(self) -> list[str]:
        path = "ControlPath=%s/%%p" % self.fleet.connections
        words = ("ControlMaster=auto", path, "ControlPersist=30")
        return [part for word in words for part in ("-o", word)]

    def _argv(self, command: str, alone: bool) -> list[str]:
        if self.past_ssh:
            return [*LAB, "exec", self.fleet.name, self.name, "sh", "-c", command]
        return self.ssh_argv(command, alone)

    def run(self, command: str, data=None, stdin=None, alone: bool = False) -> Done:
        """Run a shell command as root, and return how it ended."""
        return run(self._argv(command, alone), data=data, stdin=stdin, timeout=self.fleet.timeout)

    def sure(self, command: str, **options) -> str:
        """Run a shell command that has to succeed, and return what it printed."""
        done = self.run(command, **options)
        if done.code:
            raise CommandFailed(
                "%s: %s failed (exit code %d):\n%s"
                % (self.name, command, done.code, (done.out + done.err)[-SHOWN:])
            )
        return done.out

    def files_with(self, word: str) -> list[str]:
        """The files with this word, wherever Slipway, a service or its logs may write one."""
        return self.run(
            "grep -rlF -- %s /etc /opt /var /tmp /run /root /home /usr/local 2>/dev/null" % shlex.quote(word)
        ).out.split()

    def write(self, path: str, content: str | bytes) -> None:
        """Write a file on the host."""
        self.sure("cat > %s" % shlex.quote(path), data=content)

    def copy(self, path: Path, goal: str = "", alone: bool = False) -> None:
        """Bring a file there by scp; without a ``goal``, into root's home directory."""
        connection = ALONE if alone else self._shared_connection()
        call(["scp", "-q", *connection, *self.ssh_options, "-P", self.port, path, "root@127.0.0.1:" + goal])
