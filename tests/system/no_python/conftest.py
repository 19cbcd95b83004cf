# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real host without Python, reached by ssh and scp only, as the user of install.sh would."""

from __future__ import annotations

import json
import platform
import shlex
import time

import pytest
from support import lab

CHECKOUT = lab.CHECKOUT
FLEET = lab.Fleet("no-python", "plain=2:nopython", "web=1", timeout=180)
PORT = "8080"
GOARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


class Host(lab.Host):
    """The host, and the shell in which install.sh runs there."""

    def __init__(self, name):
        super().__init__(FLEET, name)
        self.shell = "sh"

    def unpack(self, tarball):
        """scp and tar, as a user would; returns install.sh on the host."""
        self.copy(tarball.path)
        self.sure("tar xzf %s" % shlex.quote(tarball.path.name))
        return "./%s/install.sh" % tarball.top

    def install(self, tarball, *flags, env=None):
        """Bring a tarball there and install it; ``env`` is the text of an --env-file."""
        return self.run(self.install_command(tarball, *flags, env=env))

    def install_command(self, tarball, *flags, env=None):
        script = self.unpack(tarball)
        if env is not None:
            self.sure("umask 077; printf %%s %s >orders.env" % shlex.quote(env))
            flags += ("--env-file", "orders.env")
        return " ".join([self.shell, script, *map(shlex.quote, flags)])

    def link(self, name):
        return self.run("basename $(readlink /opt/orders/%s)" % name).out.strip()

    def history(self):
        return [json.loads(line) for line in self.run("cat /opt/orders/history.jsonl").out.splitlines()]

    def outcomes(self):
        return [entry["outcome"] for entry in self.history()]

    def pid(self):
        return self.sure("systemctl show --property=MainPID --value orders").strip()

    def serving(self):
        """The version that answers."""
        answer = self.run("curl -sS -m 5 http://127.0.0.1:%s/healthz" % PORT).out
        return json.loads(answer)["release"] if answer else None

    def wait_until(self, command, seconds=20):
        deadline = time.monotonic() + seconds
        while self.run(command).code:
            assert time.monotonic() < deadline, "never true on %s: %s" % (self.name, command)
            time.sleep(0.1)

    def forget_everything(self):
        self.run(
            "systemctl disable --now orders; "
            "rm -rf /opt/orders /etc/systemd/system/orders.service orders*; "
            "systemctl daemon-reload; systemctl reset-failed orders; userdel orders; groupdel orders"
        )


class Tarball:
    def __init__(self, path, top):
        self.path = path
        self.top = top


@pytest.fixture(scope="session")
def fleet():
    """Two hosts without Python and one with it; most tests use the first."""
    with FLEET:
        host = Host("plain1")
        # busybox under all of its names, for the tests in which a host has no other tools.
        host.sure("mkdir -p /bb && busybox --install -s /bb && ! command -v python3")
        yield host


@pytest.fixture(params=["dash", "busybox"])
def host(request, fleet):
    """The host with nothing installed, once for each shell that hosts have as sh."""
    fleet.shell = {"dash": "dash", "busybox": "PATH=/bb:$PATH /bb/sh"}[request.param]
    fleet.forget_everything()
    return fleet


@pytest.fixture(scope="session")
def tarball(tmp_path_factory):
    """Make, once, the tarball of a version; the app is tests/apps/unhealthy."""
    directory = tmp_path_factory.mktemp("tarballs")
    made = {}

    def make(version):
        if version not in made:
            made[version] = pack(directory, version)
        return made[version]

    return make


def playbook(name, *flags, **options):
    """Run one of the collection's playbooks by its full name."""
    return FLEET.playbook("slipway.golang." + name, *flags, **options)


def pack(directory, version, goarch=GOARCH):
    """Build and package tests/apps/unhealthy as the app orders."""
    settings = {
        "slipway_app": "orders",
        "slipway_source": str(CHECKOUT / "tests" / "apps" / "unhealthy"),
        "slipway_version": version,
        "slipway_stamp": {"main.version": "{version}"},
        "slipway_targets": ["linux/" + goarch],
        "slipway_dist": str(directory),
        "slipway_build": {"go": lab.find_go()},
    }
    done = playbook("build", inventory="nohost,", **settings)
    assert done.code == 0, done
    return Tarball(directory / ("orders-%s-linux-%s.tar.gz" % (version, goarch)), "orders-" + version)
