# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from .trees import INSTALL_SH, SOURCE, files_of, lay_out

# install.sh wants to be root, which everybody is in a user namespace of their own.
AS_ROOT = ["unshare", "--user", "--map-root-user"] if os.geteuid() else []


class Host:
    """A directory that stands for a host's root. install.sh runs for real there, only without systemd."""

    def __init__(self, root, shell, path):
        self.root = root
        self.shell = shell
        self.path = path
        self.base = root / "opt" / "orders"

    def run(self, top, *flags, environment=None):
        """Run a tarball's install.sh; returns the finished process with its output as text."""
        argv = [*AS_ROOT, self.shell, str(top / "install.sh"), "--root", str(self.root), *flags]
        variables = {**os.environ, "PATH": self.path, **(environment or {})}
        return subprocess.run(argv, env=variables, capture_output=True, text=True, timeout=120, check=False)

    def install(self, top, *flags):
        """The same; it must succeed."""
        done = self.run(top, *flags)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def link(self, name):
        try:
            return os.path.basename(os.readlink(self.base / name))
        except FileNotFoundError:
            return None

    @property
    def current(self):
        return self.base / "releases" / self.link("current")

    @property
    def environment(self):
        return (self.current / "environment").read_bytes().decode()

    def history(self):
        return [json.loads(line) for line in (self.base / "history.jsonl").read_text().splitlines()]

    def untouched(self):
        """Whether install.sh has written nothing."""
        return not self.base.exists()


@pytest.fixture(scope="session")
def busybox_tools(tmp_path_factory):
    """A directory with busybox under all of its names, as on a host that has no other tools."""
    directory = tmp_path_factory.mktemp("busybox")
    for name in subprocess.run(
        ["busybox", "--list"], capture_output=True, text=True, check=True
    ).stdout.split():
        (directory / name).symlink_to(shutil.which("busybox"))
    return directory


@pytest.fixture(params=["dash", "busybox"])
def call(request, tmp_path):
    """Call functions of install.sh with the shells and the tools that hosts have."""
    path = os.environ["PATH"]
    shell = ["dash"]
    if request.param == "busybox":
        path = "%s:%s" % (request.getfixturevalue("busybox_tools"), path)
        shell = ["busybox", "sh"]

    def run(script, *arguments, **variables):
        argv = [*shell, "-c", SOURCE + script, "sh", str(INSTALL_SH), *map(str, arguments)]
        environment = {"PATH": path, **variables}
        return subprocess.run(
            argv, env=environment, cwd=tmp_path, capture_output=True, timeout=60, check=False
        )

    return run


@pytest.fixture(params=["dash", "busybox"])
def host(request, tmp_path):
    """Each test runs twice: with the two shells, and the two sets of tools, that hosts have."""
    root = tmp_path / "root"
    (root / "etc" / "systemd" / "system").mkdir(parents=True)
    if request.param == "dash":
        return Host(root, "dash", os.environ["PATH"])
    tools = request.getfixturevalue("busybox_tools")
    return Host(root, str(tools / "sh"), "%s:%s" % (tools, os.environ["PATH"]))


@pytest.fixture
def tarball(tmp_path):
    """Make an unpacked tarball: version, flags of ``files_of``; returns its directory."""

    def make(version="1.4.2", target=None, app="orders", **extra):
        return lay_out(tmp_path, files_of(app, **extra), app=app, version=version, target=target)[0]

    return make
