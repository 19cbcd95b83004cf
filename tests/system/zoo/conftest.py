# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet whose hosts are all unlike each other, and one service for all of them."""

from __future__ import annotations

import os
import re

import pytest
from support import lab
from support.line import Line

from . import oddities

FLEET = lab.Fleet("zoo", *oddities.GROUPS, timeout=300, ipv6=True)


class Controller:
    """The machine that runs Ansible, as an ordinary user of it would."""

    def __init__(self, inventory, directory):
        self.inventory = inventory
        self.environment = dict(
            os.environ,
            ANSIBLE_COLLECTIONS_PATH=str(lab.COLLECTIONS),
            ANSIBLE_NOCOLOR="1",
            # Sockets of ssh are named after host and port, which other fleets had before.
            ANSIBLE_SSH_CONTROL_PATH_DIR=FLEET.connections,
            ANSIBLE_HOME=str(directory / "ansible"),
            ANSIBLE_FORKS="10",
        )

    def play(self, name, *flags, **variables):
        variables.setdefault("slipway_dist", str(self.inventory.parent / "dist"))
        return FLEET.playbook(
            "slipway.golang." + name,
            *flags,
            inventory=self.inventory,
            environment=self.environment,
            **variables,
        )

    def sure(self, name, *flags, **variables):
        done = self.play(name, *flags, **variables)
        assert done.code == 0, done.out[-6000:] + done.err[-3000:]
        return done.out


def changes(output):
    """Host to the number of changed tasks, from the recap."""
    return {
        host: int(count) for host, count in re.findall(r"^(\w+) +: ok=.* changed=(\d+)", output, re.MULTILINE)
    }


@pytest.fixture(scope="session")
def zoo():
    """The hosts; each is made odd once."""
    with FLEET:
        hosts = oddities.hosts(FLEET)
        oddities.make_odd(hosts)
        yield hosts
        oddities.let_the_lab_in(hosts)


@pytest.fixture(scope="session")
def line(zoo):
    with Line(("127.0.0.1", int(zoo["far1"].port)), oddities.ROUND_TRIP) as line:
        yield line


@pytest.fixture(scope="session")
def controller(zoo, line, tmp_path_factory):
    directory = tmp_path_factory.mktemp("controller")
    return Controller(oddities.inventory(directory, zoo, line), directory)
