# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from unittest import mock

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.systemd import (
    service,
    systemctl,
    unit_file,
    written,
)

BARE = ("", {"ActiveState": "inactive"})
SERVING = ("[Unit]\n", {"ActiveState": "active", "UnitFileState": "enabled", "NeedDaemonReload": "no"})
STALE = ("[Unit]\n", {"ActiveState": "active", "UnitFileState": "enabled", "NeedDaemonReload": "yes"})
FAILED = ("[Unit]\n", {"ActiveState": "failed", "UnitFileState": "disabled"})
LOOPING = ("[Unit]\n", {"ActiveState": "activating", "UnitFileState": "enabled"})


@pytest.mark.parametrize(
    ("now", "differs", "state", "enabled", "steps"),
    [
        (BARE, True, "started", True, ["install", "reload", "enable", "start"]),
        (BARE, True, "started", False, ["install", "reload", "start"]),
        (BARE, True, "present", None, ["install", "reload"]),
        (BARE, True, "stopped", True, ["install", "reload", "enable"]),
        (BARE, False, "absent", True, []),
        (SERVING, False, "started", True, []),
        (SERVING, True, "started", True, ["install", "reload", "restart"]),
        (SERVING, True, "present", True, ["install", "reload"]),
        (SERVING, False, "restarted", True, ["restart"]),
        (SERVING, False, "stopped", True, ["stop"]),
        (SERVING, False, "started", False, ["disable"]),
        (SERVING, False, "absent", True, ["stop", "disable", "remove", "reload"]),
        (STALE, False, "started", True, ["reload", "restart"]),
        (STALE, False, "present", True, ["reload"]),
        (FAILED, False, "started", True, ["enable", "start"]),
        (FAILED, False, "stopped", None, []),
        (FAILED, False, "absent", None, ["remove", "reload"]),
        (LOOPING, True, "started", True, ["install", "reload", "start"]),
        (LOOPING, False, "stopped", True, ["stop"]),
    ],
)
def test_the_plan_follows_from_the_state_and_the_options(now, differs, state, enabled, steps):
    before = service.ServiceState("no-such-unit-anywhere.service", *now)
    assert service.plan(before, differs=differs, state=state, enabled=enabled) == steps


@pytest.fixture
def host(monkeypatch, tmp_path):
    """A systemd that starts only units whose text says so."""
    done = []

    def start(name, verb="restart"):
        done.append(verb)
        if "good" not in unit_file.installed(name, str(tmp_path)):
            raise SlipwayError("Job for %s failed" % name)

    install = unit_file.install
    monkeypatch.setattr(unit_file, "install", lambda texts: install(texts, str(tmp_path)))
    monkeypatch.setattr(unit_file, "daemon_reload", lambda: done.append("reload"))
    monkeypatch.setattr(systemctl, "start", start)
    monkeypatch.setattr(systemctl, "stop", lambda name: done.append("stop"))
    monkeypatch.setattr(
        systemctl, "journal_tail", mock.create_autospec(systemctl.journal_tail, return_value=["exit 1"])
    )
    monkeypatch.setattr(service, "_check_still_running", lambda name: None)
    monkeypatch.setattr(written, "NOTES", str(tmp_path / "notes"))
    monkeypatch.setattr(written, "ADOPTED", str(tmp_path / "adopted-"))
    return done, tmp_path


@pytest.mark.parametrize(
    ("old", "running", "message", "calls"),
    [
        ("# good old\n", "active", "runs with it again", ["reload", "restart", "reload", "restart"]),
        ("# bad old\n", "active", "does not start either", ["reload", "restart", "reload", "restart"]),
        (
            "# good old\n",
            "inactive",
            "The old unit file was put back$",
            ["reload", "restart", "reload", "stop"],
        ),
    ],
)
def test_if_a_unit_does_not_start_the_old_one_is_put_back(host, old, running, message, calls):
    done, directory = host
    (directory / "orders.service").write_text(old, encoding="utf-8")
    before = service.ServiceState("orders.service", old, {"ActiveState": running})
    with pytest.raises(SlipwayError, match=message) as caught:
        service.apply("orders.service", "# new\n", ["install", "reload", "restart"], before)
    assert done == calls
    assert caught.value.facts["journal"] == ["exit 1"]
    assert (directory / "orders.service").read_text(encoding="utf-8") == old


def test_a_first_unit_that_does_not_start_stays_for_inspection(host):
    _done, directory = host
    with pytest.raises(SlipwayError, match="Job for orders.service failed$"):
        service.apply(
            "orders.service",
            "# new\n",
            ["install", "reload", "start"],
            service.ServiceState("orders.service", "", {"ActiveState": "inactive"}),
        )
    assert (directory / "orders.service").exists()


def test_root_is_required_before_anything_is_done(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SlipwayError, match="become: true"):
        service.preflight("orders.service", "", "/bin/true", ["stop"])


def test_a_missing_binary_is_reported_before_the_start(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(SlipwayError, match="does not exist or is not executable"):
        service.preflight("orders.service", "", str(tmp_path / "none"), ["restart"])
    service.preflight("orders.service", "", str(tmp_path / "none"), ["stop"])


@pytest.mark.parametrize(
    ("state", "runs"),
    [
        ({"ActiveState": "active", "NRestarts": 0, "MainPID": 7}, True),
        ({"ActiveState": "active", "NRestarts": 1, "MainPID": 8}, False),
        ({"ActiveState": "activating", "NRestarts": 0, "MainPID": 0}, False),
        (
            {
                "ActiveState": "failed",
                "NRestarts": 0,
                "MainPID": 0,
                "Result": "exit-code",
                "ExecMainStatus": "2",
            },
            False,
        ),
        (
            {
                "ActiveState": "inactive",
                "NRestarts": 0,
                "MainPID": 0,
                "Result": "success",
                "ExecMainStatus": "0",
            },
            False,
        ),
    ],
)
def test_a_service_that_ends_at_once_was_not_started(monkeypatch, state, runs):
    monkeypatch.setattr(systemctl, "show", lambda name: state)
    monkeypatch.setattr(service, "SETTLE_SECONDS", 0)
    if runs:
        service._check_still_running("orders.service")
    else:
        with pytest.raises(SlipwayError, match="ended at once"):
            service._check_still_running("orders.service")
