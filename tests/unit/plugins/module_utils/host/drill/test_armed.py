# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ends a drill: the file, the units, and that whoever comes second finds nothing to do."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.drill import armed


@pytest.fixture
def host(tmp_path, monkeypatch):
    """Directories in place of the host's, and what systemd was told."""
    told = []
    units = tmp_path / "units"
    wants = units / "multi-user.target.wants"
    wants.mkdir(parents=True)

    def remove(name):
        was_there = (units / name).exists()
        (units / name).unlink(missing_ok=True)
        return was_there

    monkeypatch.setattr(armed, "DIRECTORY", str(tmp_path))
    monkeypatch.setattr(armed.unit_file, "DIRECTORY", str(units))
    monkeypatch.setattr(
        armed.unit_file,
        "install",
        lambda texts: [(units / name).write_text(text) for name, text in texts.items()],
    )
    monkeypatch.setattr(armed.unit_file, "exists", lambda name: (units / name).exists())
    monkeypatch.setattr(armed.unit_file, "remove", remove)
    monkeypatch.setattr(armed.unit_file, "daemon_reload", lambda: told.append("daemon-reload"))
    for verb in ("enable", "disable", "stop"):
        monkeypatch.setattr(
            armed.systemctl, verb, lambda unit, verb=verb: told.append("%s %s" % (verb, unit))
        )
    monkeypatch.setattr(armed.systemctl, "start", lambda unit, verb: told.append("start " + unit))
    monkeypatch.setattr(armed, "_parcel", lambda request: repr(request).encode())
    return SimpleNamespace(
        told=told,
        units=units,
        file=tmp_path / "slipway-drill-orders",
        installed=lambda: sorted(path.name for path in units.iterdir() if path != wants),
    )


def test_first_the_file_then_the_units_then_the_timer(host):
    armed.arm("orders", {"step": "undo_drill"}, 30)
    assert host.file.stat().st_mode & 0o777 == 0o600
    assert host.told == ["daemon-reload", "enable orders.drill.service", "start orders.drill.timer"]
    timer = (host.units / "orders.drill.timer").read_text()
    assert "OnActiveSec=40\n" in timer and "Install" not in timer
    service = (host.units / "orders.drill.service").read_text()
    assert 'ExecStart="%s" -I -S -c' % sys.executable in service and str(host.file) in service
    assert "WantedBy=multi-user.target" in service and "Restart=on-failure" in service


def test_the_second_who_ends_it_finds_nothing_to_do(host):
    armed.arm("orders", {}, 30)
    with armed.ending("orders") as is_armed:
        assert is_armed
    assert not host.file.exists() and host.installed() == []
    assert host.told[3:] == ["stop orders.drill.timer", "disable orders.drill.service", "daemon-reload"]
    with armed.ending("orders") as is_armed:
        assert not is_armed
    assert len(host.told) == 6


def test_what_could_not_be_undone_stays_armed(host):
    armed.arm("orders", {}, 30)
    with pytest.raises(RuntimeError), armed.ending("orders"):
        raise RuntimeError
    assert armed.is_armed("orders") and len(host.installed()) == 2


def test_what_cannot_be_armed_is_not_armed_at_all(host, monkeypatch):
    def start(unit, verb):
        raise SlipwayError("no timers here")

    monkeypatch.setattr(armed.systemctl, "start", start)
    with pytest.raises(SlipwayError, match="no timers here"):
        armed.arm("orders", {}, 30)
    assert not host.file.exists() and host.installed() == []


def test_a_file_that_a_host_left_when_it_went_down_is_in_nobodys_way(host):
    host.file.write_text("of a drill whose units were removed already")
    assert not armed.is_armed("orders")
    armed.arm("orders", {}, 30)
    assert armed.is_armed("orders") and host.file.read_text() == "{}"


def test_of_two_drills_at_the_same_moment_one_is_refused(host):
    host.file.write_text("another")
    with armed._locked(str(host.file)), pytest.raises(SlipwayError, match="begins or ends at this moment"):
        armed.arm("orders", {}, 30)
    armed.arm("orders", {}, 30)
    with pytest.raises(SlipwayError, match="begins or ends at this moment"):
        armed.arm("orders", {}, 30)
    assert armed.is_armed("orders")


def test_a_drill_that_began_after_this_one_is_left_alone(host, monkeypatch):
    armed.arm("orders", {}, 30)
    flock = armed.fcntl.flock

    def late(descriptor, flags):
        """Had only when the drill is over, and another one has begun."""
        flock(descriptor, flags)
        host.file.unlink()
        host.file.write_text("of the next drill")

    monkeypatch.setattr(armed.fcntl, "flock", late)
    with armed.ending("orders") as is_armed:
        assert not is_armed
    assert host.file.read_text() == "of the next drill" and len(host.installed()) == 2


def test_half_of_it_is_disarmed_too(host):
    armed.arm("orders", {}, 30)
    (host.units / "orders.drill.timer").unlink()
    host.told.clear()
    with armed.ending("orders"):
        pass
    assert host.told == ["disable orders.drill.service", "daemon-reload"] and not host.file.exists()


def test_the_controller_starts_the_same_unit(host, monkeypatch):
    assert armed.end_drill({"name": "orders"}, None) == {"changed": False, "outcome": "ok"}
    armed.arm("orders", {}, 30)
    monkeypatch.setattr(armed.systemctl, "start", lambda unit, verb: host.file.unlink())
    assert armed.end_drill({"name": "orders"}, None)["changed"]


def test_what_is_not_undone_in_time_is_said(host, monkeypatch):
    armed.arm("orders", {}, 30)
    monkeypatch.setattr(armed, "END_SECONDS", 0)
    monkeypatch.setattr(
        armed.systemctl, "journal_tail", lambda unit, since: ["The drill could not be undone"]
    )
    with pytest.raises(SlipwayError, match="orders.drill.service is started again and again") as caught:
        armed.end_drill({"name": "orders"}, None)
    assert caught.value.facts["evidence"]["journal"] == ["The drill could not be undone"]
