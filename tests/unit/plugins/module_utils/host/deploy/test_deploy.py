# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deploys that succeed: what is on the host afterwards, and what did not change."""

from __future__ import annotations

import os
import re

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import canonical
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.running import listed_digest
from ansible_collections.slipway.golang.plugins.module_utils.host.system import lock

from .artifacts import artifact
from .managed_host import APP, HEALTH, UNIT, version_of


def test_a_first_deploy_goes_live(host):
    result = host.deploy("1.0.0")
    assert (result["outcome"], result["changed"], result["from"]) == ("ok", True, None)
    assert result["current"] == result["release"] == host.layout.current()
    assert host.says() == "1.0.0 says nothing"
    assert host.links() == ("1.0.0", None)
    assert UNIT in host.systemd.enabled
    assert host.systemd.running() == [UNIT]
    assert host.history() == [("deploy", "1.0.0", "ok")]
    release = host.layout.release(result["release"])
    assert (host.unit_dir / UNIT).read_text(encoding="utf-8") == release.units()[UNIT]
    assert os.listdir(host.layout.incoming) == []


def test_the_next_version_takes_over_and_the_old_one_becomes_previous(served):
    old = served.systemd.pid(UNIT)
    result = served.deploy("2.0.0")
    assert (result["outcome"], version_of(result["from"])) == ("ok", "1.0.0")
    assert served.says() == "2.0.0 says nothing"
    assert served.links() == ("2.0.0", "1.0.0")
    assert served.systemd.running() == [UNIT]
    assert served.systemd.pid(UNIT) != old
    assert served.history() == [("deploy", "1.0.0", "ok"), ("deploy", "2.0.0", "ok")]


def test_a_second_run_changes_nothing_and_runs_nothing(served):
    before, pid = served.everything(), served.systemd.pid(UNIT)
    result = served.deploy("1.0.0")
    assert (result["changed"], result["outcome"], result["reasons"]) == (False, "ok", [])
    assert served.everything() == before
    assert served.systemd.pid(UNIT) == pid


def test_a_plan_asks_systemd_about_one_unit(served):
    served.systemd.shown.clear()
    assert not served.plan("1.0.0")["changed"]
    assert served.systemd.shown == [UNIT]


@pytest.fixture
def hashed(monkeypatch):
    """The binaries that were hashed, each as often as it was."""
    paths, real = [], canonical.sha256_file

    def sha256_file(path):
        if os.stat(path).st_size > 1 << 16:
            paths.append(path)
        return real(path)

    monkeypatch.setattr(canonical, "sha256_file", sha256_file)
    return paths


def test_a_plan_does_not_hash_what_a_deploy_has_verified(served, hashed):
    assert not served.plan("1.0.0")["changed"]
    assert not served.deploy("1.0.0")["changed"]
    assert hashed == []


def test_a_plan_hashes_a_binary_once_that_no_deploy_has_verified(served, hashed):
    os.unlink(served.layout.verified)  # as after install.sh
    assert not served.plan("1.0.0")["changed"]
    assert hashed == [served.layout.release(served.layout.current()).binary]


def test_a_binary_that_was_changed_in_its_place_is_found(served):
    """With the same size and time of change."""
    path = served.layout.release(served.layout.current()).binary
    before = os.stat(path)
    served.systemd.run(["systemctl", "stop", UNIT])  # what runs cannot be written to
    with open(path, "r+b") as handle:
        handle.seek(-1, os.SEEK_END)
        handle.write(b"!")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "damaged" in served.plan("1.0.0")["reasons"][0]


def test_a_verified_binary_is_known_after_a_deploy_of_another_configuration(served, hashed):
    """Both releases share the file: a link to it counts as a change of its attributes."""
    assert served.deploy("1.0.0", environment={"GREETING": "hello"})["changed"]
    hashed.clear()
    assert not served.plan("1.0.0", environment={"GREETING": "hello"})["changed"]
    assert hashed == []


def test_a_note_that_cannot_be_written_or_read_costs_a_hash_and_no_deploy(served, hashed):
    os.unlink(served.layout.verified)
    os.makedirs(os.path.join(served.layout.verified, "full"))
    assert served.deploy("2.0.0")["outcome"] == "ok"
    hashed.clear()
    assert not served.plan("2.0.0")["changed"]
    assert len(hashed) == 1


def test_a_deploy_does_not_hash_again_what_it_has_just_unpacked(served, hashed):
    payload = artifact(APP, "2.0.0").stream()
    assert served.apply("2.0.0", payload)["outcome"] == "ok"
    assert hashed == []


def test_a_binary_that_was_replaced_under_the_process_is_hashed(served, hashed):
    """The file is the released one again; the process still runs another."""
    path = served.layout.release(served.layout.current()).binary
    with open(path, "rb") as handle:
        content = handle.read()
    served.damage()
    os.unlink(path)
    with open(path, "wb") as handle:
        handle.write(content)
    os.chmod(path, 0o755)
    hashed.clear()
    assert served.plan("1.0.0")["reasons"] == ["the running binary is not the one that was released"]
    assert hashed == [path, "/proc/%d/exe" % served.systemd.pid(UNIT)]


def test_a_smoke_test_that_a_killed_deploy_left_running_is_stopped_first(served):
    smoke = "orders-smoke.service"
    served.systemd.calls.clear()
    served.deploy("2.0.0")
    calls = [call for call in served.systemd.calls if smoke in call]
    assert calls == ["run " + smoke, "stop " + smoke]
    binary = served.layout.release(served.layout.current()).binary
    served.systemd.run(["systemd-run", "--unit=" + smoke, "--", binary, "60"])
    served.systemd.calls.clear()
    assert served.deploy("3.0.0")["outcome"] == "ok"
    calls = [call for call in served.systemd.calls if smoke in call]
    assert calls == ["stop " + smoke, "run " + smoke, "stop " + smoke]


def test_apply_without_a_difference_does_nothing_and_records_nothing(served):
    before = served.everything()
    result = served.apply("1.0.0")
    assert (result["changed"], result["outcome"], result["actions"]) == (False, "ok", [])
    assert served.everything() == before


def test_other_settings_make_a_release_from_the_artifact_that_is_here(served):
    found = served.plan("1.0.0", environment={"GREETING": "hello"})
    assert (found["changed"], found["needs_artifact"]) == (True, False)
    old = served.layout.release(served.layout.current())
    result = served.apply("1.0.0", environment={"GREETING": "hello"})
    assert result["outcome"] == "ok"
    assert served.says() == "1.0.0 says hello"
    new = served.layout.release(served.layout.current())
    assert new.id != old.id and os.path.samefile(new.binary, old.binary)
    assert served.layout.previous() == old.id


def test_another_unit_is_installed_and_read_before_the_start(served):
    unit = dict(served.request()["unit"], description="the shop's orders")
    assert served.deploy("1.0.0", unit=unit)["outcome"] == "ok"
    assert "the shop's orders" in (served.unit_dir / UNIT).read_text(encoding="utf-8")
    assert served.systemd.calls[-2:] == ["daemon-reload", "restart " + UNIT]


def test_a_staged_release_waits_on_the_host(served):
    result = served.deploy("2.0.0", state="staged")
    assert (result["outcome"], result["changed"], version_of(result["current"])) == ("ok", True, "1.0.0")
    assert served.says() == "1.0.0 says nothing"
    assert served.links() == ("1.0.0", None)
    assert served.versions() == ["1.0.0", "2.0.0"]
    assert served.history()[-1] == ("stage", "2.0.0", "ok")
    assert not served.plan("2.0.0", state="staged")["changed"]
    assert not served.plan("2.0.0")["needs_artifact"]
    assert served.deploy("2.0.0")["outcome"] == "ok"
    assert served.says() == "2.0.0 says nothing"


def test_a_rollback_is_a_deploy_of_the_previous_release(served):
    served.deploy("2.0.0")
    result = served.deploy(release="previous")
    assert (result["outcome"], version_of(result["current"])) == ("ok", "1.0.0")
    assert served.says() == "1.0.0 says nothing"
    assert served.links() == ("1.0.0", "2.0.0")
    assert served.history()[-1] == ("rollback", "1.0.0", "ok")
    assert any("has served here before" in action for action in result["actions"])


def test_a_rollback_uses_the_health_check_that_the_release_passed(served):
    served.deploy("2.0.0")
    assert (
        served.deploy(release="1.0.0", health=dict(HEALTH, status=["204"], deadline=0.1))["outcome"] == "ok"
    )


@pytest.mark.parametrize("release", ["previous", "3.0.0", "1.0.0-000000000000"])
def test_a_rollback_to_a_release_that_is_not_on_the_host(served, release):
    before = served.everything()
    result = served.apply(release=release)
    assert (result["outcome"], result["failed"]) == ("rejected", True)
    assert served.everything() == before


def stop(host):
    host.systemd.run(["systemctl", "stop", UNIT])


def end(host):
    host.systemd.kill(UNIT)


def edit_unit(host):
    with open(host.unit_dir / UNIT, "a", encoding="utf-8") as handle:
        handle.write("# by hand\n")


def forget_to_reload(host):
    text = (host.unit_dir / UNIT).read_text(encoding="utf-8")
    edit_unit(host)
    host.systemd.run(["systemctl", "daemon-reload"])
    host.systemd.run(["systemctl", "show", UNIT])
    (host.unit_dir / UNIT).write_text(text, encoding="utf-8")


def disable(host):
    host.systemd.run(["systemctl", "disable", UNIT])


def lose_link(host):
    os.unlink(os.path.join(host.root, "current"))


def damage(host):
    path = host.layout.release(host.layout.current()).binary
    os.rename(path, path + ".old")
    with open(path, "wb") as handle:
        handle.write(b"nothing")


def damage_manifest(host):
    path = os.path.join(host.layout.path_of(host.layout.current()), "manifest.json")
    os.unlink(path)
    with open(path, "wb") as handle:
        handle.write(b"{")


def lose_manifest(host):
    os.unlink(os.path.join(host.layout.path_of(host.layout.current()), "manifest.json"))


@pytest.mark.parametrize(
    "change, reason",
    [
        (stop, "the service is inactive"),
        (end, "the service is failed"),
        (edit_unit, "is not the one that was released"),
        (forget_to_reload, "systemd has not read"),
        (disable, "the unit is not enabled"),
        (lose_link, "current is not set"),
        (damage, "the files of .* are damaged"),
        (damage_manifest, "the files of .* are damaged"),
        (lose_manifest, "the files of .* are damaged"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_change_by_hand_is_repaired(served, change, reason):
    change(served)
    (found,) = served.plan("1.0.0")["reasons"]
    assert re.search(reason, found)
    assert served.deploy("1.0.0")["outcome"] == "ok"
    assert served.says() == "1.0.0 says nothing"
    assert not served.plan("1.0.0")["changed"]


def test_a_release_that_became_unhealthy_is_started_again(served):
    pid = served.systemd.pid(UNIT)
    served.behave("1.0.0", "unhealthy %d" % pid)
    (reason,) = served.plan("1.0.0")["reasons"]
    assert "not healthy" in reason and "answered 500" in reason
    assert served.deploy("1.0.0")["outcome"] == "ok"
    assert served.systemd.pid(UNIT) != pid


def test_old_releases_are_pruned(host):
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        assert host.deploy(version, keep=5)["outcome"] == "ok"
    for bad in ("4.0.0", "5.0.0"):
        host.behave(bad, "crashes")
        assert host.deploy(bad)["outcome"] == "rejected"
    assert host.versions() == ["1.0.0", "2.0.0", "3.0.0", "4.0.0", "5.0.0"]
    result = host.deploy("6.0.0", keep=0)
    assert host.versions() == ["3.0.0", "5.0.0", "6.0.0"]  # previous, the newest failed one, and current
    pruned = [version_of(action.split()[1]) for action in result["actions"] if action.startswith("pruned ")]
    assert sorted(pruned) == ["1.0.0", "2.0.0", "4.0.0"]
    assert host.links() == ("6.0.0", "3.0.0")
    assert os.listdir(host.layout.incoming) == []


def test_after_a_rollback_the_release_in_between_stays(served):
    served.deploy("2.0.0")
    served.deploy("3.0.0", keep=5)
    assert served.deploy(release="1.0.0", keep=0)["outcome"] == "ok"
    assert served.versions() == ["1.0.0", "3.0.0"]


def test_the_lock_is_held_from_the_first_change_to_the_last(host):
    refusals = []

    def try_lock(dummy):
        with pytest.raises(SlipwayError) as refusal:
            with lock.held(host.layout.lock, {}):
                pass
        refusals.append(str(refusal.value))

    host.systemd.before = try_lock
    host.deploy("1.0.0")
    assert len(refusals) == len(host.systemd.calls) >= 4
    assert all("ann@laptop" in refusal and "deploying 1.0.0" in refusal for refusal in refusals)
    with lock.held(host.layout.lock, {}):
        pass


def test_the_history_says_who_did_what_and_how_long_it_took(served):
    served.deploy("2.0.0")
    entry = served.info()["history"][-1]
    assert (entry["actor"], entry["deploy_id"], entry["message"]) == ("ann@laptop", "42", "")
    assert (version_of(entry["from"]), version_of(entry["to"])) == ("1.0.0", "2.0.0")
    assert {"stage", "preflight", "smoke", "switch", "start", "health"} == set(entry["phases"])
    assert entry["health"] == HEALTH
    assert entry["ready_ms"] >= 0


# --- check mode -----------------------------------------------------------------------------------


def test_check_mode_on_a_bare_host_leaves_it_bare(host):
    found = host.plan("1.0.0")
    assert (found["changed"], found["needs_artifact"], found["from"]) == (True, True, None)
    assert found["artifact"] == artifact(APP, "1.0.0").described["digest"]
    assert not os.path.exists(host.root)
    assert host.systemd.calls == []


@pytest.mark.parametrize(
    "options",
    [
        {"version": "2.0.0"},
        {"version": "1.0.0", "environment": {"GREETING": "hello"}},
        {"version": "2.0.0", "state": "staged"},
        {"state": "absent"},
    ],
    ids=["version", "settings", "staged", "absent"],
)
def test_check_mode_changes_nothing(served, options):
    before = served.everything()
    assert served.plan(**options)["changed"]
    assert served.everything() == before


def test_the_diff_shows_that_a_setting_differs_and_never_its_value(served):
    diff = served.plan("1.0.0", environment={"GREETING": "secret"})["diff"]
    assert "GREETING=(new value, hidden)" in diff["after"]
    assert "PORT=(same value, hidden)" in diff["after"]
    assert "secret" not in diff["after"] + diff["before"]
    assert diff["before"].startswith("current -> 1.0.0-")


def test_a_host_lists_the_artifacts_that_a_delta_can_start_from(served):
    assert served.plan("2.0.0")["here"] == [artifact(APP, "1.0.0").described["digest"]]


def test_a_host_lists_the_binaries_that_it_has(served):
    release = served.layout.release(served.layout.current())
    assert served.plan("2.0.0")["binaries"] == {listed_digest(release): release.artifact}
    os.unlink(os.path.join(release.path, "manifest.json"))
    assert served.plan("2.0.0")["binaries"] == {}
