# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One real host with a service on it, an operator, an auditor and an outsider."""

from __future__ import annotations

import json
import os
import shlex

import pytest
from support import lab

FLEET = lab.Fleet("privileges", "web=1", timeout=300)
# Words that must never be seen where they do not belong.
SECRETS = {"environment": "hunter2-of-the-environment", "header": "hunter2-of-the-health-check"}


class Host(lab.Host):
    """The host, past ssh: what its users may do does not depend on how root came there."""

    def __init__(self):
        super().__init__(FLEET, "web1", past_ssh=True)

    def may(self, user, command):
        """Whether a user succeeds with a command."""
        return self.run("cd / && runuser -u %s -- sh -c %s" % (user, shlex.quote(command))).code == 0


class Controller:
    """Runs playbooks, and keeps whatever they print, log and cache."""

    def __init__(self, directory):
        self.directory = directory
        self.said = ""

    def run(self, name, *flags, **variables):
        settings = {
            "slipway_app": "orders",
            "slipway_source": str(lab.CHECKOUT / "tests/apps/unhealthy"),
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
            "slipway_build": {"go": lab.find_go()},
            **variables,
        }
        given = self.directory / "given.json"  # every process could read a command line
        given.write_text(json.dumps(settings))
        environment = dict(
            os.environ,
            ANSIBLE_COLLECTIONS_PATH=str(lab.COLLECTIONS),
            ANSIBLE_NOCOLOR="1",
            ANSIBLE_CACHE_PLUGIN="jsonfile",
            ANSIBLE_CACHE_PLUGIN_CONNECTION=str(self.directory / "facts"),
            ANSIBLE_LOG_PATH=str(self.directory / "ansible.log"),
        )
        argv = lab.playbook_argv("slipway.golang." + name, *flags, inventory=FLEET.inventory, variables=given)
        done = lab.run(argv, environment=environment, timeout=FLEET.timeout)
        given.unlink()
        self.said += done.out + done.err
        return done

    def sure(self, name, *flags, **variables):
        done = self.run(name, *flags, **variables)
        assert done.code == 0, done.out[-5000:] + done.err[-2000:]
        return done


@pytest.fixture(scope="session")
def host():
    with FLEET:
        yield Host()


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
        "systemctl stop watch-command-lines 2>/dev/null; "
        "systemd-run --quiet --collect --unit=watch-command-lines sh -c %s" % shlex.quote(WATCH)
    )
    controller.sure("deploy", "-vvv", "--diff")
    host.sure("systemctl stop watch-command-lines")
    return controller
