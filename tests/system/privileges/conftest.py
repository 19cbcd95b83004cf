# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One real host with a service on it, an operator, an auditor and an outsider."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
# Two runs in one checkout need fleets of different names.
FLEET = os.environ.get("SLIPWAY_ATTACKS_FLEET", "attacks")
STATE = CHECKOUT / ".work" / "lab" / FLEET
# Words that must never be seen where they do not belong; each with quotes and signs that tools like to stumble over.
SECRETS = {"environment": "hunter2-of-the-environment", "header": "hunter2-of-the-health-check"}


def finished(argv, **options):
    return subprocess.run(
        [str(word) for word in argv], capture_output=True, text=True, check=False, timeout=300, **options
    )


class Host:
    """The host, past ssh: what its users may do does not depend on how root came there."""

    def run(self, command, stdin=None):
        return finished(
            [sys.executable, CHECKOUT / "lab/lab.py", "exec", FLEET, "web1", "sh", "-c", command], input=stdin
        )

    def sure(self, command):
        done = self.run(command)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def may(self, user, command):
        """Whether a user succeeds with a command."""
        return self.run("cd / && runuser -u %s -- sh -c %s" % (user, shlex.quote(command))).returncode == 0

    def write(self, path, text):
        self.sure("printf %%s %s > %s" % (shlex.quote(text), shlex.quote(path)))


class Controller:
    """Runs playbooks, and keeps whatever they print, log and cache."""

    def __init__(self, directory):
        self.directory = directory
        self.said = ""

    def run(self, name, *flags, **variables):
        settings = {
            "slipway_app": "orders",
            "slipway_source": str(CHECKOUT / "tests/apps/unhealthy"),
            "slipway_dist": str(self.directory / "dist"),
            "slipway_stamp": {"main.version": "{version}"},
            "slipway_version": "1.0.0",
            "slipway_operators": "orders-operators",
            "slipway_auditors": "orders-auditors",
            "slipway_env": {"DATABASE_PASSWORD": SECRETS["environment"]},
            "slipway_health": {
                "path": "/healthz",
                "min_ready_seconds": 0.5,
                "headers": {"Authorization": SECRETS["header"]},
            },
            "slipway_build": {"go": shutil.which("go") or "/usr/local/go/bin/go"},
            **variables,
        }
        given = (
            self.directory / "given.json"
        )  # not by -e on the command line, where every process could read it
        given.write_text(json.dumps(settings))
        environment = dict(
            os.environ,
            ANSIBLE_COLLECTIONS_PATH=str(CHECKOUT / ".work/collections"),
            ANSIBLE_NOCOLOR="1",
            ANSIBLE_CACHE_PLUGIN="jsonfile",
            ANSIBLE_CACHE_PLUGIN_CONNECTION=str(self.directory / "facts"),
            ANSIBLE_LOG_PATH=str(self.directory / "ansible.log"),
        )
        argv = [
            "ansible-playbook",
            "slipway.golang." + name,
            "-i",
            STATE / "inventory.yml",
            "-e",
            "@%s" % given,
            *flags,
        ]
        done = finished(argv, env=environment, cwd=CHECKOUT)
        given.unlink()
        self.said += done.stdout + done.stderr
        return done

    def sure(self, name, *flags, **variables):
        done = self.run(name, *flags, **variables)
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
        return done


@pytest.fixture(scope="session")
def host():
    """A host; SLIPWAY_KEEP_FLEET=1 leaves it up."""
    done = finished([sys.executable, CHECKOUT / "lab/lab.py", "up", FLEET, "--group", "web=1"])
    assert done.returncode == 0, done.stdout + done.stderr
    yield Host()
    if not os.environ.get("SLIPWAY_KEEP_FLEET"):
        finished([sys.executable, CHECKOUT / "lab/lab.py", "down", FLEET])


# While a deploy runs: every command line on the host that anybody could see.
WATCH = "while sleep 0.02; do cat /proc/[0-9]*/cmdline; done 2>/dev/null | tr '\\0' ' ' >/root/command-lines"


@pytest.fixture(scope="session")
def deployed(host, tmp_path_factory):
    """The controller after a setup and a deploy with -vvv; users of three kinds are on the host."""
    controller = Controller(tmp_path_factory.mktemp("controller"))
    controller.sure("setup")
    for user, groups in (
        ("operator", "orders-operators"),
        ("auditor", "orders-auditors"),
        ("outsider", "users"),
    ):
        host.sure(
            "id -u %s >/dev/null 2>&1 || useradd --create-home --gid users --groups %s %s"
            % (user, groups, user)
        )
    host.sure(
        "systemctl stop watch-command-lines 2>/dev/null; systemd-run --quiet --collect --unit=watch-command-lines sh -c %s"
        % shlex.quote(WATCH)
    )
    controller.sure("deploy", "-vvv", "--diff")
    host.sure("systemctl stop watch-command-lines")
    return controller
