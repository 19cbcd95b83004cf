# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One host with two registries and the service, and the programs that the playbook image calls."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder.image import make, options, registry
from ansible_collections.slipway.golang.plugins.module_utils.builder.image.request import Request
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from support import lab

from . import registries

FLEET = lab.Fleet("image", "web=1", "new=1:debian13", timeout=600)
APP = "caller"
SECRET = "hunter2-of-the-environment"
HERE = Path(__file__).parent


def oras() -> Path:
    return lab.go_install("oras.land/oras/cmd/oras", registry.VERSION)


def docker_sdk() -> Path:
    """A directory with the Docker SDK for Python: not every task has to have it."""
    wanted = HERE / "requirements-docker.txt"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()[:12]
    home = lab.CHECKOUT / ".work" / "programs" / ("docker-sdk-" + digest)
    if not home.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        partial = home.with_name(home.name + ".partial")
        lab.call([*pip, "--require-hashes", "--target", partial, "-r", wanted])
        partial.rename(home)
    return home


class Builder:
    """A service whose source is its own, and calls of `image` for it: by the playbook, and without."""

    def __init__(self, directory: Path, known: registries.Registries) -> None:
        self.directory = directory
        self.source = directory / "source"
        self.dist = directory / "dist"
        self.known = known
        self.users = directory / "docker" / "config.json"
        shutil.copytree(lab.CHECKOUT / "tests/apps/caller", self.source)
        (self.source / "templates").mkdir()
        (self.source / "templates" / "index.html").write_text("<h1>caller</h1>\n")
        shutil.copy(known.ca_file, self.source / "ca.crt")
        self.key = directory / "key"
        lab.call(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", self.key])
        service = {
            "slipway_app": APP,
            "slipway_source": str(self.source),
            "slipway_dist": str(self.dist),
            "slipway_version": "1.0.0",
            "slipway_targets": ["linux/amd64", "linux/arm64"],
            "slipway_stamp": {"main.version": "{version}"},
            "slipway_build": {"go": lab.find_go()},
            "slipway_files": [{"src": str(self.source / "templates")}],
            "slipway_signing_key": str(self.key),
            "slipway_env": {"PASSWORD": SECRET},
            "slipway_health": {"path": "/healthz", "period": 0.1, "min_ready_seconds": 0.1},
            "slipway_unit": {"drain_seconds": 5},
        }
        own = FLEET.variables()["web1"]
        connection = {key: value for key, value in own.items() if key.startswith("ansible_")}
        self.inventory = directory / "inventory.json"
        self.inventory.write_text(json.dumps({"all": {"hosts": {"web1": {**connection, **service}}}}))
        self.users.parent.mkdir()
        self.users.write_text(json.dumps({"auths": known.users(registries.PASSWORD)}))

    def options(self, **image) -> dict:
        own = {"oras": str(oras()), "ca_certificates": str(self.known.ca_file)}
        return {**own, "ca_file": str(self.known.ca_file), **image}

    def image(self, version: str = "1.0.0", check_mode: bool = False, **image) -> dict:
        """The result of the module. ``version``: one that is packaged."""
        given = {name: spec.get("default") for name, spec in options.OPTIONS.items()}
        given.update(self.options(registry_config=str(self.users)))
        given.update(
            artifacts=[str(path) for path in sorted(self.dist.glob("*-%s-*.tar.gz" % version))],
            targets=["linux/amd64", "linux/arm64"],
            dest=None,
            port=8080,
            port_variable="PORT",
            source=str(self.source),
        )
        for name, item in image.items():
            spec = options.OPTIONS.get(name, {}).get("options")
            if isinstance(item, dict) and spec:  # as Ansible fills them in
                item = {**{key: one.get("default") for key, one in spec.items()}, **item}
            given[name] = item
        return make.make(Request(given, check_mode))

    def refused(self, version: str = "1.0.0", **image) -> str:
        """Why there is none: in one line."""
        with pytest.raises(SlipwayError) as error:
            self.image(version, **image)
        assert "\n" not in str(error.value)
        return str(error.value)

    def play(self, playbook: str, *flags: str, image: dict | None = None, **variables) -> lab.Done:
        environment = lab.ansible_environment(
            ANSIBLE_SSH_CONTROL_PATH_DIR=FLEET.connections,
            ANSIBLE_HOME=str(self.directory / "ansible"),
            DOCKER_CONFIG=str(self.users.parent),
        )
        done = FLEET.playbook(
            "slipway.golang." + playbook,
            *flags,
            inventory=self.inventory,
            environment=environment,
            slipway_image=self.options(**(image or {})),
            **variables,
        )
        assert SECRET not in done.out + done.err
        return done

    def sure(self, playbook: str, *flags: str, **variables) -> Made:
        done = self.play(playbook, *flags, **variables)
        assert done.code == 0, (done.out + done.err)[-6000:]
        return Made(done.out)

    def ask(self, *argv: str) -> lab.Done:
        """Run oras."""
        return lab.run([oras(), *argv, "--ca-file", self.known.ca_file, "--registry-config", self.users])


class Made:
    """What the playbook said of an image."""

    def __init__(self, out: str) -> None:
        found = re.search(r"caller: (\w+), (\S+), (sha256:\w+|to be built)", out)
        self.outcome, self.place, self.digest = found.groups() if found else ("", "", "")
        self.changed = not re.search(r"changed=0\b", out)


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
    """With a service that is packaged, but has no image, and a host that is ready for it."""
    found = Builder(tmp_path_factory.mktemp("builder"), known)
    found.sure("build")
    found.sure("setup")
    return found
