# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real playbooks and roles in a collection whose action plugins connect to nothing (stub.py)."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from ..plugins.module_utils.host.deploy.artifacts import artifact

REPO = pathlib.Path(__file__).resolve().parents[3]
# Set ANSIBLE_PLAYBOOK to try another ansible-core than that of these tests.
PLAYBOOK = os.environ.get("ANSIBLE_PLAYBOOK") or str(
    pathlib.Path(sys.executable).with_name("ansible-playbook")
)
STUBBED = ("release", "release_info", "release_metrics", "lease", "run", "logs", "profile")
INVENTORY = """
all:
  vars:
    ansible_connection: local
    ansible_python_interpreter: {python}
    slipway_app: orders
    slipway_artifacts: [orders-2.0.0-linux-amd64.tar.gz]
  hosts: {{web1: , web2: , web3: }}
"""


@pytest.fixture(scope="session")
def collections(tmp_path_factory):
    root = tmp_path_factory.mktemp("collections")
    home = root / "ansible_collections" / "slipway" / "golang"
    for name in ("playbooks", "roles", "plugins", "meta", "installer"):
        shutil.copytree(REPO / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPO / "galaxy.yml", home)
    for name in STUBBED:
        shutil.copy(pathlib.Path(__file__).with_name("stub.py"), home / "plugins" / "action" / (name + ".py"))
    return root


class Ran:
    """One run of ansible-playbook: its exit status, what it printed, and what the hosts were asked."""

    def __init__(self, done, calls):
        self.status = done.returncode
        self.output = done.stdout + done.stderr
        self.calls = calls

    def names(self, *left_out):
        """The calls in order, as NAME HOST; without the plans and the lease, which change no service."""
        left_out = ("plan", "lease", *left_out)
        return ["%(call)s %(host)s" % call for call in self.calls if call["call"] not in left_out]

    def table(self):
        """Host to outcome, from the closing table; empty if there is none."""
        rows = re.findall(r"^(web[0-9]) +\S+ +\S+ +(\S.*?)  +\S.* +[0-9.]+$", self.output, re.MULTILINE)
        return dict(rows)


@pytest.fixture
def play(collections, tmp_path):
    """A function that runs a playbook with these variables, and with these answers of the hosts."""
    (tmp_path / "orders-2.0.0-linux-amd64.tar.gz").write_bytes(artifact("orders", "2.0.0").tarball)
    (tmp_path / "inventory.yml").write_text(INVENTORY.format(python=sys.executable), encoding="utf-8")

    def run(
        name, answers=None, check=False, inventory="inventory.yml", options=(), settings=None, **variables
    ):
        (tmp_path / "answers").write_text(json.dumps(answers or {}), encoding="utf-8")
        log = tmp_path / "log"
        log.write_text("", encoding="utf-8")
        # A playbook of the test's own, such as one that imports ours, is a path.
        argv = [PLAYBOOK, name if "/" in name else "slipway.golang." + name]
        argv += ["-i", inventory, *options, "-e", json.dumps(variables)]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            # What Go has built once need not be built for each test, such as its pprof.
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_FORCE_COLOR": "false",
            "STUB_LOG": str(log),
            "STUB_ANSWERS": str(tmp_path / "answers"),
            "LC_ALL": "C.UTF-8",
            "CHANGE_ID": os.environ.get("CHANGE_ID", ""),
            **(settings or {}),
        }
        done = subprocess.run(
            argv + (["--check"] if check else []),
            env=environment,
            cwd=str(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
        return Ran(done, [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()])

    return run
