# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""state: absent removes an app from a host, and nothing else."""

from __future__ import annotations

import os
import pathlib

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import remove
from ansible_collections.slipway.golang.plugins.module_utils.host.releases import lease

from .managed_host import APP, UNIT, refusal
from .test_adopt import ByHand


@pytest.fixture(autouse=True)
def kept(monkeypatch, tmp_path):
    """Where a removal moves what was adopted."""
    monkeypatch.setattr(remove, "ADOPTED", str(tmp_path / "var-lib" / "slipway-adopted-"))
    return tmp_path / "var-lib" / "slipway-adopted-orders"


@pytest.mark.parametrize("strategy", ["restart", "socket", "blue_green"])
def test_a_removed_app_leaves_nothing(host, strategy):
    host.configure_nginx()
    assert not host.acquire_lease("ann").get("failed")
    host.deploy("1.0.0", strategy=strategy)
    host.deploy("2.0.0", strategy=strategy)
    host.release_lease("ann")
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


def test_the_lease_of_a_rollout_leaves_nothing_either(host):
    host.acquire_lease("a")
    host.deploy("1.0.0", fencing_token=7)
    host.release_lease("a")
    result = host.deploy(state="absent")
    assert (result["outcome"], result["warnings"]) == ("ok", [])
    assert not os.path.exists(host.root)


def test_a_removal_with_a_lease_changes_nothing_where_there_is_nothing(host):
    host.acquire_lease("a")
    assert host.deploy(state="absent")["changed"] is False
    assert "in progress" in refusal(host.acquire_lease("b")), "it still keeps others out"
    assert host.release_lease("a", forget=True)["changed"] is True
    assert not os.path.exists(host.root)


def test_a_lease_is_free_again_after_the_removal_of_its_host(served):
    served.acquire_lease("a")
    served.deploy(state="absent")
    assert served.release_lease("a", forget=True)["changed"] is False
    assert not os.path.exists(served.root)
    assert served.acquire_lease("b")["changed"] is True


def test_a_rollout_that_waits_for_a_removal_gets_the_lease(host, monkeypatch):
    host.acquire_lease("a")
    polls = iter([lambda: host.release_lease("a", forget=True)])
    monkeypatch.setattr(lease.time, "sleep", lambda dummy: next(polls)())
    assert host.acquire_lease("b", wait=60)["changed"] is True
    assert os.path.exists(host.layout.lease)


def test_what_a_rollout_leaves_is_removed_too(served):
    """The lock file of the lease and the fencing token, on the host that keeps the lease."""
    served.acquire_lease("a")
    served.deploy("2.0.0", fencing_token=1)
    served.release_lease("a")
    found = served.plan(state="absent")
    assert found["warnings"] == []
    served.deploy(state="absent")
    assert not os.path.exists(served.root)


def test_an_app_is_removed_whatever_strategy_it_was_deployed_with(host):
    host.deploy("1.0.0", strategy="socket")
    assert host.deploy(state="absent")["outcome"] == "ok"
    assert host.says() is None
    assert os.listdir(host.unit_dir) == []


@pytest.mark.parametrize("other", [(), ("data.db",)])
def test_the_host_that_kept_the_lease_has_nothing_of_it_left(served, other):
    served.acquire_lease("somebody")
    served.release_lease("somebody")
    for name in other:
        pathlib.Path(served.root, name).write_bytes(b"x")
    assert served.deploy(state="absent")["warnings"] == [
        "These are not Slipway's and stay: %s" % os.path.join(served.root, name) for name in other
    ]
    assert (os.listdir(served.root) if os.path.exists(served.root) else []) == list(other)


def test_what_would_be_removed_is_listed(served):
    found = served.plan(state="absent")
    assert found["reasons"] == ["%s exists" % path for path in (served.unit_dir / UNIT, served.root)]
    assert found["diff"]["before"] == "%s\n%s\n" % (served.unit_dir / UNIT, served.root)


def test_other_files_stay(served):
    other = served.unit_dir / "orders-backup.service"
    other.write_text("[Service]\n", encoding="utf-8")
    served.deploy(state="absent")
    assert os.listdir(served.unit_dir) == [other.name]


# --- what is not Slipway's ------------------------------------------------------------------------


def test_a_service_that_was_set_up_by_hand_stays(host):
    by_hand = ByHand(host).start()
    result = host.deploy(state="absent")
    assert (result["outcome"], result["changed"]) == ("ok", False)
    assert str(by_hand.path) in host.plan(state="absent")["warnings"][0]
    assert by_hand.runs() and by_hand.path.exists()


def test_a_service_that_was_set_up_by_hand_stays_beside_a_staged_release(host):
    by_hand = ByHand(host).start()
    host.deploy("1.0.0", state="staged")
    assert host.deploy(state="absent")["changed"]
    assert by_hand.runs() and UNIT in host.systemd.enabled
    assert not os.path.exists(host.root)


def test_what_was_adopted_is_moved_and_not_lost(host, kept):
    by_hand = ByHand(host).start()
    assert by_hand.deploy()["outcome"] == "ok"
    assert host.plan(state="absent")["diff"]["after"] == "%s\n" % kept
    result = host.deploy(state="absent")
    assert result["actions"][0] == "moved what was adopted to %s" % kept
    assert (kept / "adopted" / UNIT).read_text(encoding="utf-8") == by_hand.text
    assert kept.stat().st_mode & 0o777 == 0o700
    assert (kept / "adopted" / UNIT).stat().st_mode & 0o777 == 0o600
    assert not os.path.exists(host.root)
    assert not host.deploy(state="absent")["changed"]


def test_a_second_removal_does_not_replace_what_the_first_one_moved(host, kept):
    for number in range(2):
        by_hand = ByHand(host, "again%d" % number).start()
        assert by_hand.deploy()["outcome"] == "ok"
        host.deploy(state="absent")
    assert sorted(os.listdir(kept.parent)) == [kept.name, kept.name + ".2"]


def test_what_somebody_edited_in_our_unit_is_moved_too(served, kept):
    path = served.unit_dir / UNIT
    path.write_text(path.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    assert served.deploy(state="absent")["changed"]
    (copy,) = os.listdir(kept / "adopted")
    assert (kept / "adopted" / copy).read_text(encoding="utf-8").endswith("# edited\n")


def test_other_files_in_the_directory_stay(served):
    for name in ("data.db", "releases/20240101120000"):
        (served.base / "opt" / APP / name).write_text("precious", encoding="utf-8")
    result = served.deploy(state="absent")
    assert result["changed"] and "data.db" in result["warnings"][0]
    assert sorted(os.listdir(served.root)) == ["data.db", "releases"]
    assert os.listdir(served.layout.releases_dir) == ["20240101120000"]
    assert served.says() is None
    assert not served.deploy(state="absent")["changed"]


def test_a_mask_stays(served):
    (served.unit_dir / UNIT).unlink()
    os.symlink("/dev/null", served.unit_dir / UNIT)
    assert served.deploy(state="absent")["changed"]
    assert os.readlink(served.unit_dir / UNIT) == "/dev/null"
    assert served.systemd.running() == []


@pytest.mark.parametrize("target", ["releases/20240101120000", "/srv/checkout"])
def test_the_tree_of_another_tool_stays(host, target):
    os.makedirs(os.path.join(host.root, "releases", "20240101120000"))
    os.symlink(target, os.path.join(host.root, "current"))
    before = host.everything()
    for call in (lambda: host.deploy(state="absent"), lambda: host.deploy("1.0.0", adopt=True)):
        message = refusal(call())
        assert "%s/current is a link to %s" % (host.root, target) in message
        assert "mv %s %s-before" % (host.root, host.root) in message
    assert host.everything() == before


def test_a_single_unit_that_blue_green_left_is_removed_too(host):
    """As hosts have it that were deployed to before the strategy removed it itself."""
    host.configure_nginx()
    host.deploy("1.0.0")
    text = (host.unit_dir / UNIT).read_text(encoding="utf-8")
    host.deploy("1.0.0", strategy="blue_green")
    (host.unit_dir / UNIT).write_text(text, encoding="utf-8")
    assert host.deploy(state="absent", strategy="blue_green")["outcome"] == "ok"
    assert os.listdir(host.unit_dir) == []
