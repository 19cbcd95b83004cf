# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan only reads: a host has the same files and processes before and after it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import lab

from .conftest import SERVICE

SNAPSHOT = Path(__file__).with_name("snapshot.py").read_text()
# Another unit too, so that systemd is asked about it.
NEXT = {
    "slipway_env": {"RELEASE": "another"},
    "slipway_unit": dict(SERVICE["slipway_unit"], memory_max="200M"),
}


def snapshot(host: lab.Host) -> dict:
    return json.loads(host.sure("python3 -I -S -", data=SNAPSHOT))


def differences(before: dict, after: dict) -> dict:
    return {
        path: (before.get(path), after.get(path))
        for path in before.keys() | after.keys()
        if before.get(path) != after.get(path)
    }


@pytest.fixture(scope="module")
def around(hosts, live):
    """Host to what it had before and after a plan and a deploy in check mode; and what both printed."""
    web = {name: hosts[name] for name in ("web1", "web2")}
    live.play("plan", "--limit", ",".join(web))  # who logs in for the first time leaves more than that
    before = {name: snapshot(host) for name, host in web.items()}
    ran = [
        live.sure("plan", "--diff", "--limit", ",".join(web), **NEXT),
        live.sure("deploy", "--check", "--diff", "--limit", ",".join(web), **NEXT),
    ]
    return before, {name: snapshot(host) for name, host in web.items()}, ran


# On web1 a release is live; web2 never had one.
@pytest.mark.parametrize("name", ["web1", "web2"])
@pytest.mark.parametrize("kind", ["files", "processes"])
def test_a_plan_changes_nothing_on_a_host(name, kind, around):
    before, after, dummy = around
    assert {"files": "/etc/passwd", "processes": "1"}[kind] in before[name][kind]
    assert differences(before[name][kind], after[name][kind]) == {}


def test_a_plan_and_a_deploy_in_check_mode_show_the_same(around):
    for ran in around[2]:
        assert "Plan: 2 to change" in ran.done.out
        assert "RELEASE=(new value, hidden)" in ran.done.out
        assert "+MemoryMax=200M" in ran.done.out
    assert around[2][0].rows == around[2][1].rows
