# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy.state import HostState
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.layout import Layout
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.running import running_release
from ansible_collections.slipway.golang.plugins.module_utils.host.systemd import systemctl

RELEASE = "1.4.2-0a1b2c3d4e5f"


@pytest.fixture(name="running")
def _running(tmp_path):
    """A process of a release, in a tree that is reached by a link."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "opt").symlink_to("disk")
    layout = Layout("orders", str(tmp_path / "opt" / "orders"))
    binary = os.path.join(layout.path_of(RELEASE), "bin", "orders")
    os.makedirs(os.path.dirname(binary))
    shutil.copy("/bin/sleep", binary)
    with subprocess.Popen([binary, "60"]) as process:
        yield layout, process.pid
        process.kill()


def test_the_release_of_a_process_is_known_although_a_directory_above_is_a_link(running):
    assert running_release(*running) == RELEASE


class Unit:
    """What a HostState needs of a request and its strategy."""

    def __init__(self, layout, pid):
        self.layout = layout
        self.strategy = self
        self.pid = pid

    def serving(self, dummy):
        return "orders.service"


@pytest.mark.parametrize("link", [None, "0.0.1-000000000000"])
def test_if_current_names_no_release_a_deploy_starts_from_the_running_one(running, link, monkeypatch):
    layout, pid = running
    if link:
        layout.point("current", link)
    monkeypatch.setattr(systemctl, "show", lambda unit: {"MainPID": pid})
    state = HostState(Unit(layout, pid), None, {RELEASE: None})
    assert state.live == RELEASE
