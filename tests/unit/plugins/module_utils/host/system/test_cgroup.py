# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.system import cgroup


def test_this_process_is_in_its_groups():
    found = cgroup.directories(os.getpid())
    assert found
    for directory in found:
        with open(os.path.join(directory, "cgroup.procs"), encoding="ascii") as handle:
            assert str(os.getpid()) in handle.read().split()


V1 = [
    ("cgroup", "/", "/sys/fs/cgroup/systemd", {"rw", "name=systemd"}),
    ("cgroup", "/docker/7", "/sys/fs/cgroup/cpu,cpuacct", {"rw", "cpu", "cpuacct"}),
    ("cgroup2", "/", "/sys/fs/cgroup/unified", {"rw"}),
]


@pytest.mark.parametrize(
    "controllers, path, directory",
    [
        (
            {"cpu", "cpuacct"},
            "/docker/7/system.slice/a.service",
            "/sys/fs/cgroup/cpu,cpuacct/system.slice/a.service",
        ),
        ({"name=systemd"}, "/system.slice/a.service", "/sys/fs/cgroup/systemd/system.slice/a.service"),
        (set(), "/system.slice/a.service", "/sys/fs/cgroup/unified/system.slice/a.service"),
        ({"memory"}, "/system.slice/a.service", ""),
    ],
)
def test_a_group_is_found_below_its_hierarchy(controllers, path, directory):
    assert cgroup._directory(V1, controllers, path) == directory
