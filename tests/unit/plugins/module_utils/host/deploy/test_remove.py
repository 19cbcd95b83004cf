# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""state: absent removes an app from a host, and nothing else."""

from __future__ import annotations

import os

import pytest

from .managed_host import UNIT


@pytest.mark.parametrize("strategy", ["restart", "socket", "blue_green"])
def test_a_removed_app_leaves_nothing(host, strategy):
    host.configure_nginx()
    host.deploy("1.0.0", strategy=strategy)
    host.deploy("2.0.0", strategy=strategy)
    result = host.deploy(state="absent", strategy=strategy)
    assert (result["outcome"], result["changed"], result["current"]) == ("ok", True, None)
    assert host.systemd.running() == []
    assert host.systemd.enabled == set()
    assert not os.path.exists(host.root)
    assert os.listdir(host.unit_dir) == []
    assert os.listdir(host.base / "nginx" / "slipway") == []
    assert (host.says(), host.says(host.other_port)) == (None, None)
    assert host.systemd.calls[-1] == "daemon-reload"
    assert not host.deploy(state="absent")["changed"]


def test_an_app_is_removed_whatever_strategy_it_was_deployed_with(host):
    host.deploy("1.0.0", strategy="socket")
    assert host.deploy(state="absent")["outcome"] == "ok"
    assert host.says() is None
    assert os.listdir(host.unit_dir) == []


def test_what_would_be_removed_is_listed(served):
    found = served.plan(state="absent")
    assert found["reasons"] == ["%s exists" % path for path in (served.unit_dir / UNIT, served.root)]
    assert found["diff"]["before"] == "%s\n%s\n" % (served.unit_dir / UNIT, served.root)


def test_other_files_stay(served):
    other = served.unit_dir / "orders-backup.service"
    other.write_text("[Service]\n", encoding="utf-8")
    served.deploy(state="absent")
    assert os.listdir(served.unit_dir) == [other.name]
