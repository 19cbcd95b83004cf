# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One host with two registries and the service, and the programs that the playbook image calls."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from support import lab

from . import registries

FLEET = lab.Fleet("image", "web=1", "new=1:debian13", timeout=600)
APP = "caller"
SECRET = "hunter2-of-the-environment"
ORAS = "v1.3.6"
HERE = Path(__file__).parent


def programs(name: str) -> Path:
    return lab.CHECKOUT / ".work" / "programs" / name


def oras() -> Path:
    """The program, built once for each version."""
    home = programs("oras-" + ORAS)
    if not (home / "oras").exists():
        environment = dict(os.environ, GOBIN=str(home), CGO_ENABLED="0", GOFLAGS="-trimpath -ldflags=-s")
        lab.call([lab.find_go(), "install", "oras.land/oras/cmd/oras@" + ORAS], environment=environment)
    return home / "oras"


def docker_sdk() -> Path:
    """A directory with the Docker SDK for Python: not every task has to have it."""
    wanted = HERE / "requirements-docker.txt"
    home = programs("docker-sdk-" + hashlib.sha256(wanted.read_bytes()).hexdigest()[:12])
    if not home.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        partial = home.with_name(home.name + ".partial")
        lab.call([*pip, "--require-hashes", "--target", partial, "-r", wanted])
        partial.rename(home)
    return home


class Builder:
    """Runs the playbook image for a service whose source is its own to change."""

    def __init__(self, directory: Path, hosts: dict[str, lab.Host], known: registries.Registries) -> None:
        self.directory = directory
        self.source = directory / "source"
        self.dist = directory / "dist"
        self.registries = known
        shutil.copytree(lab.CHECKOUT / "tests/apps/caller", self.source)
        (self.source / "templates").mkdir()
        (self.source / "templates" / "index.html").write_text("<h1>caller</h1>\n")
        own = FLEET.variables()["web1"]
        service = {
            "slipway_app": APP,
            "slipway_source": str(self.source),
            "slipway_dist": str(self.dist),
            "slipway_version": "1.0.0",
            "slipway_targets": ["linux/amd64", "linux/arm64"],
            "slipway_stamp": {"main.version": "{version}"},
            "slipway_build": {"go": lab.find_go()},
            "slipway_files": [{"src": str(self.source / "templates")}],
            "slipway_env": {"PASSWORD": SECRET},
            "slipway_health": {"path": "/healthz", "period": 0.1, "min_ready_seconds": 0.1},
            "slipway_unit": {"drain_seconds": 5},
        }
        connection = {key: value for key, value in own.items() if key.startswith("ansible_")}
        self.inventory = directory / "inventory.json"
        self.inventory.write_text(json.dumps({"all": {"hosts": {"web1": {**connection, **service}}}}))
        (directory / "docker").mkdir()
        self.log_in(registries.PASSWORD)

    def log_in(self, password: str) -> None:
        """Write what `docker login` writes."""
        config = self.directory / "docker" / "config.json"
        config.write_text(json.dumps({"auths": self.registries.users(password)}))

    def options(self, **image) -> dict:
        return {"oras": str(oras()), "ca_certificates": str(self.registries.ca_file), **image}

    def play(self, *flags: str, playbook: str = "image", image: dict | None = None, **variables) -> lab.Done:
        environment = lab.ansible_environment(
            ANSIBLE_SSH_CONTROL_PATH_DIR=FLEET.connections,
            ANSIBLE_HOME=str(self.directory / "ansible"),
            DOCKER_CONFIG=str(self.directory / "docker"),
            PYTHONPATH=str(docker_sdk()),
        )
        return FLEET.playbook(
            "slipway.golang." + playbook,
            *flags,
            inventory=self.inventory,
            environment=environment,
            slipway_image=self.options(**(image or {})),
            **variables,
        )

    def sure(self, *flags: str, **options) -> Made:
        done = self.play(*flags, **options)
        assert done.code == 0, (done.out + done.err)[-6000:]
        return Made(done.out)

    def refused(self, *flags: str, **options) -> str:
        """The message of the one task that failed."""
        done = self.play(*flags, **options)
        assert done.code != 0, done.out[-6000:]
        assert SECRET not in done.out + done.err
        said = re.findall(r'"msg": ("(?:[^"\\]|\\.)*")', done.out)
        return json.loads(said[0]) if said else done.out

    def oras(self, *argv: str) -> lab.Done:
        environment = dict(os.environ, DOCKER_CONFIG=str(self.directory / "docker"))
        return lab.run([oras(), *argv], environment=environment)


class Made:
    """What a playbook that succeeded said of its image."""

    def __init__(self, out: str) -> None:
        assert SECRET not in out
        self.out = out
        found = re.search(r"caller: (\w+), (\S+), (sha256:\w+|to be built)", out)
        self.outcome, self.place, self.digest = found.groups() if found else ("", "", "")

    @property
    def changed(self) -> bool:
        return not re.search(r"changed=0\b", self.out)


@pytest.fixture(scope="session")
def hosts():
    with FLEET:
        yield {name: lab.Host(FLEET, name, past_ssh=True) for name in ("web1", "new1")}


@pytest.fixture(scope="session")
def known(hosts, tmp_path_factory):
    found = registries.Registries(hosts["web1"], tmp_path_factory.mktemp("keys"))
    found.install()
    return found


@pytest.fixture(scope="session")
def builder(hosts, known, tmp_path_factory):
    return Builder(tmp_path_factory.mktemp("builder"), hosts, known)
