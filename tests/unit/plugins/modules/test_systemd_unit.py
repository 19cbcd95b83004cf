# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""slipway.golang.systemd_unit on a host with a past: what somebody set up by hand is never lost."""

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.systemd import (
    accounts,
    service,
    systemctl,
    unit_file,
    written,
)
from ansible_collections.slipway.golang.plugins.modules import systemd_unit

UNIT = "orders.service"
BY_HAND = "[Service]\nExecStart=/usr/local/bin/legacy --token=hunter2\nEnvironment=PASSWORD=hunter3\n"


class Systemd:
    """One service of a systemd, as far as this module asks for it."""

    def __init__(self, directory):
        self.directory = directory
        self.path = directory / UNIT
        self.fragment = str(self.path)
        self.active = self.enabled = False
        self.broken = ""  # a unit with this word in it does not start
        self.calls = []

    def set_up_by_hand(self, path=None):
        path = path or self.path
        path.parent.mkdir(exist_ok=True)
        path.write_text(BY_HAND, encoding="utf-8")
        path.chmod(0o600)
        self.fragment = str(path)
        self.active = self.enabled = True

    def show(self, dummy):
        return {
            "ActiveState": "active" if self.active else "inactive",
            "UnitFileState": "enabled" if self.enabled else "disabled",
            "MainPID": 7 if self.active else 0,
            "NRestarts": 0,
        }

    def properties(self, name, wanted):
        found = dict.fromkeys(wanted, "")
        path = str(self.path) if os.path.lexists(self.path) else self.fragment
        found.update(Id=name, ActiveState=self.show(name)["ActiveState"])
        found.update(UnitFileState=self.show(name)["UnitFileState"])
        found["FragmentPath"] = path if os.path.exists(path) else ""
        return found

    def start(self, name, verb="restart"):
        self.calls.append(verb)
        path = self.path if self.path.exists() else self.fragment
        with open(path, encoding="utf-8") as handle:
            if self.broken and self.broken in handle.read():
                self.active = False
                raise SlipwayError("Job for %s failed" % name)
        self.active = True

    def set(self, **fields):
        self.__dict__.update(fields)


@pytest.fixture
def systemd(monkeypatch, tmp_path):
    directory = tmp_path / "units"
    directory.mkdir()
    fake = Systemd(directory)
    monkeypatch.setattr(unit_file, "DIRECTORY", str(directory))
    for name in ("install", "differences", "remove", "installed", "exists"):
        real = getattr(unit_file, name)
        monkeypatch.setattr(unit_file, name, lambda what, *dummy, real=real: real(what, str(directory)))
    monkeypatch.setattr(unit_file, "drop_ins_changed", lambda name: False)
    monkeypatch.setattr(unit_file, "daemon_reload", lambda: fake.calls.append("reload"))
    monkeypatch.setattr(unit_file, "verify", lambda texts: None)
    monkeypatch.setattr(systemctl, "show", fake.show)
    monkeypatch.setattr(systemctl, "properties", fake.properties)
    monkeypatch.setattr(systemctl, "start", fake.start)
    monkeypatch.setattr(systemctl, "stop", lambda name: fake.set(active=False))
    monkeypatch.setattr(systemctl, "enable", lambda name: fake.set(enabled=True))
    monkeypatch.setattr(systemctl, "disable", lambda name: fake.set(enabled=False))
    monkeypatch.setattr(systemctl, "journal_tail", lambda name, since: ["exit 1"])
    monkeypatch.setattr(accounts, "check_accounts", lambda text: None)
    monkeypatch.setattr(service, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(written, "NOTES", str(tmp_path / "notes"))
    monkeypatch.setattr(written, "ADOPTED", str(tmp_path / "adopted-"))
    return fake


def run(check_mode=False, **given):
    params = {
        "name": "orders",
        "binary": "/bin/sleep",
        "environment_file": None,
        "unit": {},
        "state": "started",
        "enabled": True,
        "adopt": False,
    }
    return systemd_unit.run(dict(params, **given), check_mode)


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("state", ["started", "restarted", "stopped", "present"])
def test_a_unit_that_somebody_wrote_is_refused_and_stays(systemd, state, check_mode):
    systemd.set_up_by_hand()
    with pytest.raises(SlipwayError, match="orders.service on this host is not Slipway's") as caught:
        run(check_mode, state=state)
    message = str(caught.value)
    assert "%s runs /usr/local/bin/legacy (it is running, enabled)" % systemd.path in message
    assert "Set adopt: true" in message and "hunter2" not in message
    assert systemd.path.read_text(encoding="utf-8") == BY_HAND and systemd.active


def test_it_is_adopted_by_a_word_shown_without_secrets_and_kept(systemd):
    systemd.set_up_by_hand()
    preview = run(check_mode=True, adopt=True)
    assert "hunter" not in preview["diff"]["before"] and "PASSWORD=(hidden)" in preview["diff"]["before"]
    assert "# %s (not Slipway's)" % systemd.path in preview["diff"]["before"]
    result = run(adopt=True)
    assert result["actions"][0] == "install orders.service"
    (copy,) = result["kept"]
    with open(copy, encoding="utf-8") as handle:
        assert handle.read() == BY_HAND
    assert os.stat(copy).st_mode & 0o777 == 0o600
    assert "ProtectSystem=strict" in systemd.path.read_text(encoding="utf-8")
    again = run()  # it is ours now
    assert (again["changed"], again["kept"]) == (False, [])


def test_it_is_put_back_as_it_was_where_the_new_unit_does_not_start(systemd):
    systemd.set_up_by_hand()
    systemd.broken = "ProtectSystem=strict"
    with pytest.raises(SlipwayError, match="the service runs with it again"):
        run(adopt=True)
    assert systemd.path.read_text(encoding="utf-8") == BY_HAND
    assert systemd.path.stat().st_mode & 0o777 == 0o600
    assert systemd.active and systemd.enabled
    with pytest.raises(SlipwayError, match="is not Slipway's"):
        run()  # it is not ours


def test_a_unit_of_a_package_comes_back_by_the_removal_of_ours(systemd, tmp_path):
    vendor = tmp_path / "lib" / UNIT
    systemd.set_up_by_hand(vendor)
    with pytest.raises(SlipwayError, match="is not Slipway's"):
        run()
    systemd.broken = "ProtectSystem=strict"
    with pytest.raises(SlipwayError, match="the service runs with it again"):
        run(adopt=True)
    assert not systemd.path.exists() and vendor.read_text(encoding="utf-8") == BY_HAND and systemd.active


def test_a_removal_leaves_what_is_not_ours(systemd):
    systemd.set_up_by_hand()
    result = run(state="absent", binary=None)
    assert (result["changed"], systemd.active) == (False, True)
    assert "This is not Slipway's and stays: %s" % systemd.path in result["warnings"][0]
    assert systemd.path.exists()


@pytest.mark.parametrize("given", [{"unit": {"tasks_max": 64}}, {"state": "absent", "binary": None}])
def test_a_unit_of_ours_that_somebody_edited_is_kept_when_it_is_replaced_or_removed(systemd, given):
    run()
    with open(systemd.path, "a", encoding="utf-8") as handle:
        handle.write("# tuned at night\n")
    (copy,) = run(**given)["kept"]
    with open(copy, encoding="utf-8") as handle:
        assert handle.read().endswith("# tuned at night\n")


def test_a_unit_of_ours_is_replaced_and_removed_as_before(systemd):
    assert run()["kept"] == []
    assert run(unit={"tasks_max": 64})["kept"] == []
    assert run(state="absent", binary=None)["kept"] == []
    assert not systemd.path.exists() and os.listdir(written.NOTES) == []


def test_a_unit_that_an_older_version_wrote_is_ours_while_it_is_the_same(systemd):
    run()
    os.unlink(os.path.join(written.NOTES, UNIT))
    assert run()["changed"] is False
    assert run(unit={"tasks_max": 64})["changed"] is True
