# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that need neither systemd nor root, on real processes and files; tests/system/drill has all."""

from __future__ import annotations

import os
import signal
from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput, SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.common.faults import FAULTS
from ansible_collections.slipway.golang.plugins.module_utils.host.drill import faults
from ansible_collections.slipway.golang.plugins.module_utils.host.drill.faults import (
    cut_network,
    disk_full,
    dns,
    hang,
    kill,
    lossy_network,
    memory,
    reboot,
)
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.layout import Layout
from ansible_collections.slipway.golang.plugins.module_utils.host.system import lock, procfs


def live(process, unit="orders.service"):
    return SimpleNamespace(pid=process.pid, unit=unit, layout=Layout("orders"))


def state(process):
    with open("/proc/%d/stat" % process.pid, encoding="ascii") as handle:
        return handle.read().rpartition(")")[2].split()[0]


def test_every_fault_is_a_module_with_three_functions():
    for name in FAULTS:
        module = faults.load(name)
        assert all(callable(getattr(module, function)) for function in ("plan", "begin", "undo")), name
    with pytest.raises(InvalidInput):
        faults.load("__init__")


def test_a_process_hangs_and_goes_on(service):
    facts = hang.plan(live(service), {})
    hang.begin(facts)
    os.waitid(os.P_PID, service.pid, os.WSTOPPED)
    assert state(service) == "T"
    for dummy in range(2):
        hang.undo(facts)
        os.waitid(os.P_PID, service.pid, os.WCONTINUED | os.WNOHANG)
        assert state(service) != "T"


def test_another_process_with_its_number_is_left_alone(service):
    facts = dict(hang.plan(live(service), {}), started=1)
    hang.begin(facts)
    kill.begin(dict(facts, unit="orders.service"))
    assert state(service) not in "TZ" and service.poll() is None


def test_a_process_is_killed(service):
    kill.begin(kill.plan(live(service), {}))
    assert service.wait() == -signal.SIGKILL
    assert procfs.started(service.pid) == 0


@pytest.mark.parametrize("active, started", [("failed", True), ("active", False), ("inactive", False)])
def test_only_a_unit_that_systemd_has_given_up_is_started_again(monkeypatch, active, started):
    calls = []
    monkeypatch.setattr(kill.systemctl, "show", lambda unit: {"ActiveState": active})
    monkeypatch.setattr(kill.systemctl, "run", calls.append)
    monkeypatch.setattr(kill.systemctl, "start", lambda unit, verb: calls.append([verb, unit]))
    kill.undo({"unit": "orders.service"})
    assert bool(calls) == started


@pytest.mark.parametrize("fault", [cut_network, lossy_network])
def test_what_is_cut_are_the_ports_of_the_process(service, monkeypatch, fault):
    rules = []
    monkeypatch.setattr(fault.nft, "require", lambda: None)
    monkeypatch.setattr(fault.nft, "install", lambda table, hook, lines: rules.append((hook, *lines)))
    facts = fault.plan(live(service), {})
    assert facts["ports"] == [service.port]
    fault.begin(facts)
    ((hook, rule),) = rules
    assert hook == "input" and rule.startswith("tcp dport %d " % service.port) and rule.endswith("drop")
    with pytest.raises(SlipwayError, match="listens on no TCP port"):
        fault.plan(SimpleNamespace(pid=1 << 22, unit="orders.service", layout=Layout("orders")), {})


def test_the_names_of_root_are_not_cut(service, monkeypatch):
    monkeypatch.setattr(dns.nft, "require", lambda: None)
    monkeypatch.setattr(dns.procfs, "user_of", lambda pid: 0)
    with pytest.raises(SlipwayError, match="runs as root"):
        dns.plan(live(service), {})
    monkeypatch.setattr(dns.procfs, "user_of", lambda pid: 990)
    assert dns.plan(live(service), {})["user"] == 990


def test_a_host_does_not_reboot_in_the_middle_of_a_deploy_of_another_app(tmp_path):
    for app in ("orders", "shop"):
        (tmp_path / app).mkdir()
    on_host = SimpleNamespace(layout=Layout("orders", str(tmp_path / "orders")))
    with lock.held(str(tmp_path / "shop" / "lock"), {"actor": "ann", "to": "2.0.0"}):
        with pytest.raises(SlipwayError, match="shop/lock: ann"):
            reboot.plan(on_host, {})
    assert reboot.plan(on_host, {})["timer"] == "orders.drill-reboot"


@pytest.fixture
def directory(tmp_path, monkeypatch):
    (tmp_path / "orders").mkdir()
    monkeypatch.setattr(disk_full, "STATE", str(tmp_path))
    monkeypatch.setattr(
        disk_full.systemctl, "properties", lambda unit, names: {"StateDirectory": "orders cache/x"}
    )
    return tmp_path / "orders"


def test_a_disk_is_full_but_for_one_percent(directory, service, monkeypatch):
    size = SimpleNamespace(f_bavail=5000, f_blocks=100000, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda path: size)
    facts = disk_full.plan(live(service), {})
    assert facts["size"] == 4000 * 4096 and facts["path"] == str(directory / ".slipway-drill")
    disk_full.begin(facts)
    assert os.path.getsize(facts["path"]) == facts["size"]
    with pytest.raises(SlipwayError, match="is there already"):
        disk_full.plan(live(service), {})
    disk_full.undo(facts)
    disk_full.undo(facts)
    assert os.listdir(directory) == []
    size.f_bavail = 1000
    with pytest.raises(SlipwayError, match="full already"):
        disk_full.plan(live(service), {})


def test_what_the_service_put_in_the_place_of_the_file_stays(directory):
    facts = {"path": str(directory / ".slipway-drill"), "size": 4096}
    (directory / "kept").write_text("kept")
    os.symlink("kept", facts["path"])
    with pytest.raises(OSError):
        disk_full.begin(facts)
    disk_full.undo(facts)
    os.unlink(facts["path"])
    os.mkdir(facts["path"])
    disk_full.undo(facts)
    assert sorted(os.listdir(directory)) == [".slipway-drill", "kept"]


def score(process):
    with open("/proc/%d/oom_score_adj" % process.pid, encoding="ascii") as handle:
        return handle.read().strip()


def test_memory_without_a_limit_is_refused(service, monkeypatch):
    monkeypatch.setattr(memory.systemctl, "properties", lambda unit, names: {"MemoryMax": "infinity"})
    with pytest.raises(SlipwayError, match="memory_max"):
        memory.plan(live(service), {"seconds": 5})
    monkeypatch.setattr(memory.systemctl, "properties", lambda unit, names: {"MemoryMax": str(64 << 20)})
    facts = memory.plan(live(service), {"seconds": 5})
    assert (facts["count"], facts["size"], facts["seconds"]) == (4, 16 << 20, 5)
    assert facts["load"] == "orders.drill-load.service"
    monkeypatch.setattr(memory.load, "start", lambda facts: None)
    monkeypatch.setattr(memory.load, "stop", lambda facts: None)
    before = score(service)
    memory.begin(facts)
    assert score(service) == "1000"
    for dummy in range(2):
        memory.undo(facts)
        assert score(service) == before
    memory.begin(dict(facts, started=1))
    assert score(service) == before
