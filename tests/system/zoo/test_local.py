# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that deploys to itself: Ansible runs there, as a user whose sudo asks for a password.

Ansible is copied there from this machine: it is pure Python, and installing it would take a minute.
"""

from __future__ import annotations

import io
import json
import shlex
import tarfile
from pathlib import Path

import ansible
import pytest
from support import lab

from . import oddities
from .conftest import changes

PACKAGES = ("ansible", "jinja2", "markupsafe", "yaml", "packaging", "resolvelib")
COLLECTION = "collections/ansible_collections/slipway/golang/"


def archive(tarball, inventory):
    """Ansible, this collection, an inventory and the tarball, for the home directory."""
    content = io.BytesIO()
    site_packages = Path(ansible.__file__).parents[1]
    with tarfile.open(fileobj=content, mode="w") as into:
        for path in (*map(site_packages.joinpath, PACKAGES), *site_packages.glob("*.dist-info")):
            into.add(path, "python/" + path.name, filter=without_caches)
        listed = lab.call(
            ["git", "ls-files", "-z", "plugins", "playbooks", "roles", "meta", "installer", "galaxy.yml"]
        )
        for name in listed.rstrip("\0").split("\0"):
            if (lab.CHECKOUT / name).is_file():
                into.add(lab.CHECKOUT / name, COLLECTION + name)
        into.add(tarball, tarball.name)
        text = json.dumps(inventory).encode()
        member = tarfile.TarInfo("inventory.json")
        member.size = len(text)
        into.addfile(member, io.BytesIO(text))
    return content.getvalue()


def without_caches(member):
    return None if member.name.endswith(("__pycache__", ".so")) else member


@pytest.fixture(scope="module")
def here(zoo, controller, tmp_path_factory):
    """far1, where a user `owner` has Ansible."""
    dist = tmp_path_factory.mktemp("dist")
    service = {"slipway_app": "here", "slipway_version": "1.0.0", "slipway_dist": str(dist)}
    controller.sure("build", **service)
    (tarball,) = dist.glob("here-1.0.0-*.tar.gz")
    variables = {key: oddities.SERVICE[key] for key in ("slipway_unit", "slipway_health")}
    variables.update(slipway_app="here", slipway_port=8090, slipway_artifacts=tarball.name)
    variables.update(ansible_connection="local", ansible_become_password=oddities.PASSWORD)
    host = zoo["far1"]
    host.sure(
        "id owner 2>/dev/null || useradd --create-home --shell /bin/bash owner; echo %s | chpasswd; "
        "echo 'owner ALL=(ALL:ALL) ALL' >/etc/sudoers.d/owner" % shlex.quote("owner:" + oddities.PASSWORD)
    )
    inventory = {"all": {"hosts": {"here": variables}}}
    host.sure("runuser -u owner -- tar -x -C ~owner", data=archive(tarball, inventory))
    return host


def play(host, name):
    environment = (
        "PYTHONPATH=~/python ANSIBLE_COLLECTIONS_PATH=~/collections ANSIBLE_NOCOLOR=1 LC_ALL=C.UTF-8"
    )
    command = "%s python3 -m ansible.cli.playbook slipway.golang.%s -i inventory.json" % (environment, name)
    return host.sure("su - owner -c %s" % shlex.quote(command))


def test_its_sudo_asks_for_a_password(here):
    done = here.run("su - owner -c 'sudo -n true'")
    assert done.code == 1 and "a password is required" in done.err, done


def test_a_host_deploys_to_itself(here):
    play(here, "setup")
    assert changes(play(here, "deploy")) == {"here": 1}
    assert json.loads(here.sure("curl -sS -m 5 http://127.0.0.1:8090/healthz"))["release"] == "1.0.0"
    assert changes(play(here, "deploy")) == {"here": 0}
