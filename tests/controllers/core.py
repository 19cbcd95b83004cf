# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A controller: a container with one ansible-core, beside the hosts of a fleet.

The Python is that of the container's Debian, so every machine with a Docker engine can run every version.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from support import lab

sys.path.insert(0, str(lab.CHECKOUT / "lab"))

import docker_engine
import image

HERE = Path(__file__).resolve().parent
WORK = lab.CHECKOUT / ".work" / "controllers"
SOURCE = lab.CHECKOUT / "tests" / "apps" / "unhealthy"
SOURCE_THERE = "/srv/source"
FLEET = lab.Fleet("controllers", "web=2")

# The image of the lab that each ansible-core runs in. The oldest is what Ubuntu 24.04 and RHEL 10 ship. Those
# before 2.18 do not know the Python of Debian 13, those from 2.20 need it.
VERSIONS = {
    "2.16": "python",
    "2.17": "python",
    "2.18": "python",
    "2.19": "python",
    "2.20": "debian13",
    "2.21": "debian13",
}
PYTHONS = {"python": "3.11", "debian13": "3.13"}
# For `make test`: the oldest, the last that renders text, the first that does not, and the newest.
QUICK = ("2.16", "2.18", "2.19", "2.21")
NEWEST = list(VERSIONS)[-1]

WARNING = re.compile(r"^\[?(DEPRECATION WARNING|WARNING|DEPRECATED).*", re.MULTILINE)


class Failure(Exception):
    """What went wrong, with the output that shows it."""


class Controller:
    """One version of ansible-core, and the playbooks that it runs."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.image = VERSIONS[version]
        self.container = f"{FLEET.name}-core{version}"
        self.home = WORK / version
        self.packages = self.home / "packages"

    def __enter__(self) -> Controller:
        install(self.version, self.packages)
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        lab.run([docker_engine.client(), "rm", "--force", self.container])

    def start(self) -> None:
        """Start the container, with the checkout and Go at the same paths as on this machine."""
        go_root, go_cache = lab.call([lab.find_go(), "env", "GOROOT", "GOCACHE"]).split()
        home = self.home / "home"
        home.mkdir(parents=True, exist_ok=True)
        # ssh does not run for a user without a name.
        users = self.home / "passwd"
        users.write_text(f"controller:x:{os.getuid()}:{os.getgid()}::{home}:/bin/sh\n")
        Path(go_cache).mkdir(parents=True, exist_ok=True)
        argv = ["run", "--detach", "--init", "--name", self.container]
        # `lab.py down` removes it with the fleet.
        argv += ["--label", f"slipway.lab.fleet={FLEET.name}", "--network", f"slipway-lab-{FLEET.name}"]
        argv += ["--user", f"{os.getuid()}:{os.getgid()}", "--volume", f"{users}:/etc/passwd:ro"]
        for path in (lab.CHECKOUT, go_cache):
            argv += ["--volume", f"{path}:{path}"]
        # Git is not installed there, so the source is outside of this work tree.
        argv += ["--volume", f"{SOURCE}:{SOURCE_THERE}:ro"]
        argv += ["--volume", f"{go_root}:{go_root}:ro", "--workdir", str(WORK)]
        for name, value in self.environment(home, go_root, go_cache).items():
            argv += ["--env", f"{name}={value}"]
        docker_engine.docker(*argv, image.tag(self.image), "sleep", "infinity")

    def environment(self, home: Path, go_root: str, go_cache: str) -> dict[str, str]:
        given = {
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "PATH": f"{go_root}/bin:/usr/bin:/bin",
            "GOCACHE": go_cache,
            "PYTHONPATH": str(self.packages),
            "ANSIBLE_COLLECTIONS_PATH": str(lab.COLLECTIONS),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": "/tmp/slipway-ssh",
        }
        if self.version == NEWEST:
            # What becomes the default: facts only in ansible_facts.
            given["ANSIBLE_INJECT_FACT_VARS"] = "False"
        return given

    def play(
        self, playbook: str | Path, inventory: Path, *flags: str, status: int = 0, expect: str = ""
    ) -> str:
        """Run a playbook, which has to end with this status and to say what matches ``expect``."""
        name = playbook if isinstance(playbook, str) else playbook.name
        words = [str(playbook), "--inventory", str(inventory), *flags]
        argv = [
            docker_engine.client(),
            "exec",
            self.container,
            "python3",
            "-m",
            "ansible",
            "playbook",
            *words,
        ]
        done = lab.run(argv)
        output = done.out + done.err
        (self.home / "log").open("a").write(f"# {' '.join(words)}\n{output}\n")
        if done.code != status:
            raise Failure(f"{name} ended with {done.code}, not {status}:\n{output[-4000:]}")
        if expect and not re.search(expect, output):
            raise Failure(f"{name} does not say {expect!r}:\n{output[-4000:]}")
        if warning := WARNING.search(output):
            raise Failure(f"{name} warns: {warning[0]}\n{output[-2000:]}")
        return output


def install(version: str, packages: Path) -> None:
    """The pinned packages, for the container's Python; they are installed again when the pins change."""
    pins = HERE / f"requirements-{version}.txt"
    stamp = packages.parent / "installed.txt"
    if stamp.exists() and stamp.read_text() == pins.read_text():
        return
    shutil.rmtree(packages, ignore_errors=True)
    packages.parent.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    argv += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--requirement", str(pins)]
    argv += ["--target", str(packages), "--implementation", "cp"]
    # pip would compare with the Python that it runs on itself.
    argv += ["--python-version", PYTHONS[VERSIONS[version]], "--ignore-requires-python"]
    for system in ("manylinux_2_28", "manylinux_2_17", "manylinux2014"):
        argv += ["--platform", f"{system}_{platform.machine()}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"ansible-core {version} was not installed:\n{done.stderr[-3000:]}")
    shutil.copy(pins, stamp)
