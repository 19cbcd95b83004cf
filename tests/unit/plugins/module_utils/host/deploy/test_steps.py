# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back: whatever fails, the old release is started unless it still runs."""

from __future__ import annotations

from types import SimpleNamespace
from unittest import mock

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import health_gate
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy.steps import Deployment
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy.strategies import restart
from ansible_collections.slipway.golang.plugins.module_utils.host.systemd import systemctl, unit_file

OLD = "1.0.0-0a1b2c3d4e5f"
UNIT = {"ActiveState": "active", "UnitFileState": "enabled", "NeedDaemonReload": "no", "MainPID": 7}


class Links:
    """A layout that only remembers its links."""

    app = "orders"
    unit_dir = "/nowhere"
    history = "/nowhere/history.jsonl"

    def __init__(self):
        self.links = {}
        self.full = False

    def point_back(self, release_id, previous):
        if self.full:
            raise OSError(28, "No space left on device")
        self.links = {"current": release_id, "previous": previous}

    def current(self):
        return self.links.get("current")

    def release(self, release_id):
        return SimpleNamespace(id=release_id)


@pytest.fixture
def host(monkeypatch):
    """What systemd is asked to do, and what it answers: ``unit`` is what runs now, ``broken`` what fails."""
    state = SimpleNamespace(calls=[], unit=dict(UNIT, MainPID=8), broken=None)

    def call(name):
        state.calls.append(name)
        if state.broken == name:
            raise SlipwayError("%s failed: Access denied" % name)

    monkeypatch.setattr(unit_file, "install", lambda texts, directory: True)
    monkeypatch.setattr(unit_file, "daemon_reload", lambda: call("daemon-reload"))
    monkeypatch.setattr(systemctl, "start", lambda name, ready_within: call("start"))
    journal_tail = mock.create_autospec(systemctl.journal_tail, return_value=["cannot open database"])
    monkeypatch.setattr(systemctl, "journal_tail", journal_tail)
    monkeypatch.setattr(systemctl, "show", lambda name: state.unit)

    def wait_release_healthy(*_arguments, is_verified):
        state.calls.append("health")
        assert not is_verified  # this run did not hash the old release

    monkeypatch.setattr(health_gate, "wait_release_healthy", wait_release_healthy)
    return state


@pytest.fixture
def deployment(host):
    """A deploy whose new release was switched to and failed."""
    old = SimpleNamespace(id=OLD, units={"orders.service": "[Unit]\n"}, names=("1.0.0", OLD))
    check = SimpleNamespace(deadline=30.0)
    request = SimpleNamespace(app="orders", layout=Links(), check_for=lambda target, port=None: check)
    state = SimpleNamespace(
        live=None,
        current=OLD,
        previous=None,
        releases={},
        unit=UNIT,
        running_release=OLD,
        foreign=None,
        adoption=None,
        share=None,
    )
    result = Deployment(request, SimpleNamespace(id="2.0.0-123456789012"), state)
    result.old = old
    return result


def test_the_old_release_is_switched_to_started_and_checked(deployment, host):
    restart.put_back(deployment)
    assert host.calls == ["daemon-reload", "start", "health"]
    assert deployment.layout.current() == OLD and deployment.warnings == []


def test_the_old_release_is_started_although_systemd_cannot_read_its_unit(deployment, host):
    host.broken = "daemon-reload"
    restart.put_back(deployment)
    assert host.calls == ["daemon-reload", "start", "health"]
    assert "daemon-reload failed: Access denied" in deployment.warnings[0]


def test_the_old_release_is_started_although_its_links_cannot_be_set(deployment, host):
    deployment.layout.full = True
    restart.put_back(deployment)
    assert host.calls[-2:] == ["start", "health"]
    assert "No space left on device" in deployment.warnings[0]


def test_a_process_that_was_never_stopped_is_not_restarted(deployment, host):
    host.unit = UNIT
    restart.put_back(deployment)
    assert host.calls == ["daemon-reload", "health"]
    assert "orders.service was never stopped" in deployment.actions


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param({"ActiveState": "deactivating"}, id="its stop was not waited for"),
        pytest.param({"MainPID": 0, "ActiveState": "failed"}, id="nothing runs"),
        pytest.param({"MainPID": 9}, id="another process runs"),
    ],
)
def test_a_process_that_ends_or_has_ended_is_started_again(deployment, host, unit):
    host.unit = dict(UNIT, **unit)
    restart.put_back(deployment)
    assert host.calls == ["daemon-reload", "start", "health"]


def test_an_old_release_that_does_not_start_is_an_error(deployment, host):
    host.broken = "start"
    with pytest.raises(SlipwayError, match="start failed"):
        restart.put_back(deployment)


# --- a start that fails ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "current, active, ended",
    [
        pytest.param("2.0.0-123456789012", "activating", True, id="systemd would run its commands again"),
        pytest.param("2.0.0-123456789012", "failed", False, id="it has ended"),
        pytest.param("2.0.0-123456789012", "active", False, id="the old process was never stopped"),
        pytest.param(OLD, "activating", False, id="it is the old release, which may succeed later"),
    ],
)
def test_a_failed_start_has_the_journal_and_is_not_repeated(
    deployment, host, monkeypatch, current, active, ended
):
    monkeypatch.setattr(systemctl, "stop", lambda name: host.calls.append("stop"))
    host.broken, host.unit = "start", dict(UNIT, ActiveState=active)
    deployment.layout.links["current"] = current
    with pytest.raises(SlipwayError) as raised:
        deployment.start("orders.service")
    assert raised.value.facts["evidence"]["journal"] == ["cannot open database"]
    assert host.calls == ["start"] + (["stop"] if ended else [])


def test_a_start_has_as_long_as_the_longer_of_both_deadlines(deployment, host, monkeypatch):
    given = []
    deadlines = {deployment.target.id: 6.0, OLD: 40.0}
    deployment.request.check_for = lambda target: SimpleNamespace(deadline=deadlines[target.id])
    monkeypatch.setattr(systemctl, "start", lambda name, ready_within: given.append(ready_within))
    deployment.start("orders.service")
    deployment.old = None
    deployment.start("orders.service")
    assert given == [40.0, 6.0]
