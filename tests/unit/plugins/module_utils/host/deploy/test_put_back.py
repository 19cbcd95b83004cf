# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases that fail once they are live: the old one is put back and checked, or the host is down."""

from __future__ import annotations

import pytest

from .managed_host import GIVE_UP, HEALTH, UNIT, version_of


def fails_live(host, version):
    """A release that passes its smoke test and ends as soon as it has the service's own port."""
    host.behave(version, "crashes %d" % host.port)


@pytest.fixture(params=["restart", "socket"])
def live(request, host):
    """A host that serves 1.0.0 by a strategy that stops the old process, and how to deploy to it."""
    assert host.deploy("1.0.0", strategy=request.param)["outcome"] == "ok"
    return host, lambda version, **options: host.deploy(version, strategy=request.param, **options)


def test_the_old_release_is_put_back_and_started(live):
    host, deploy = live
    unit = (host.unit_dir / UNIT).read_bytes()
    fails_live(host, "2.0.0")
    result = deploy("2.0.0", unit=dict(host.request()["unit"], description="new"))
    assert (result["outcome"], version_of(result["current"])) == ("reverted", "1.0.0")
    assert "its process ended" in result["msg"] and ", which is healthy" in result["msg"]
    assert host.says() == "1.0.0 says nothing"
    assert host.links() == ("1.0.0", None)
    assert (host.unit_dir / UNIT).read_bytes() == unit
    assert UNIT in host.systemd.enabled
    reloaded = len(host.systemd.calls) - host.systemd.calls[::-1].index("daemon-reload")
    assert "restart " + UNIT in host.systemd.calls[reloaded:]
    assert host.history()[-1] == ("deploy", "2.0.0", "reverted")
    assert not deploy("1.0.0")["changed"]


def test_the_evidence_is_of_the_release_that_failed(live):
    host, deploy = live
    fails_live(host, "2.0.0")
    result = deploy("2.0.0")
    assert result["evidence"]["unit"] == UNIT
    assert result["evidence"]["journal"] == ["panic: 2.0.0 was told to crash"]
    assert result["actions"][-1] == "rolled back to %s" % result["current"]
    assert "put_back" in result["phases"]


def test_previous_names_again_what_it_named_before(live):
    host, deploy = live
    deploy("2.0.0")
    fails_live(host, "3.0.0")
    assert deploy("3.0.0")["outcome"] == "reverted"
    assert host.links() == ("2.0.0", "1.0.0")
    assert host.says() == "2.0.0 says nothing"


def test_the_newest_failed_release_is_kept_for_inspection(live):
    host, deploy = live
    for version in ("2.0.0", "3.0.0"):
        fails_live(host, version)
        deploy(version)
    assert deploy("4.0.0", keep=0)["outcome"] == "ok"
    assert host.versions() == ["1.0.0", "3.0.0", "4.0.0"]


def test_a_release_that_answers_badly_is_rolled_back(served):
    served.behave("2.0.0", "unhealthy")
    result = served.deploy("2.0.0", smoke=False, health=GIVE_UP)
    assert result["outcome"] == "reverted" and "answered 500" in result["msg"]
    assert served.says() == "1.0.0 says nothing"


def test_a_release_that_does_not_stay_up_is_rolled_back(served):
    served.behave("2.0.0", "answers-once")
    result = served.deploy("2.0.0", smoke=False, health=dict(HEALTH, min_ready_seconds=60.0))
    assert result["outcome"] == "reverted" and "its process ended" in result["msg"]
    assert served.says() == "1.0.0 says nothing"


def test_a_release_whose_answers_come_from_another_one_is_rolled_back(served):
    served.behave("2.0.0", "lies")
    result = served.deploy("2.0.0", smoke=False, health=GIVE_UP)
    assert result["outcome"] == "reverted" and "answered by release 9.9.9" in result["msg"]


def test_the_old_release_is_checked_with_the_health_check_that_it_passed(served):
    """It may lack what the new check asks for."""
    served.behave("2.0.0", "unhealthy")
    result = served.deploy("2.0.0", smoke=False, health=dict(GIVE_UP, status=["204"]))
    assert result["outcome"] == "reverted"


def test_a_failed_daemon_reload_does_not_stop_what_serves(served):
    """The new links are there, but nothing was restarted: so the rollback restarts nothing."""
    pid, calls = served.systemd.pid(UNIT), len(served.systemd.calls)
    served.systemd.broken["daemon-reload"] = "Access denied"
    unit = dict(served.request()["unit"], description="new")
    result = served.deploy("2.0.0", smoke=False, unit=unit)
    assert served.systemd.pid(UNIT) == pid
    assert result["outcome"] == "reverted"
    assert "daemon-reload failed: Access denied" in result["msg"]
    assert set(served.systemd.calls[calls:]) == {"daemon-reload"}
    assert served.links() == ("1.0.0", None)
    assert served.says() == "1.0.0 says nothing"


@pytest.mark.parametrize(
    "step", ["symlink previous.new", "rename previous", "symlink current.new", "rename current"]
)
def test_what_was_never_stopped_still_serves_if_the_links_cannot_be_set(served, faults, step):
    pid = served.systemd.pid(UNIT)
    with faults.full_disk(step):
        result = served.deploy("2.0.0", smoke=False)
    assert result["outcome"] == "reverted" and "No space left" in result["msg"]
    assert "%s was never stopped" % UNIT in result["actions"]
    assert served.systemd.pid(UNIT) == pid
    assert served.links() == ("1.0.0", None)
    assert not served.plan("1.0.0")["changed"]


def test_a_disk_that_is_full_during_the_rollback_is_a_warning(served, faults):
    served.deploy("2.0.0")
    fails_live(served, "3.0.0")
    with faults.full_disk("symlink previous.new"):
        result = served.deploy("3.0.0", smoke=False)
    assert result["outcome"] == "reverted"
    assert served.says() == "2.0.0 says nothing"


# --- down -----------------------------------------------------------------------------------------


def test_a_first_release_that_fails_is_stopped_and_disabled(host):
    fails_live(host, "1.0.0")
    result = host.deploy("1.0.0")
    assert (result["outcome"], result["current"]) == ("down", None)
    assert "There is no earlier release to roll back to: the service is stopped" in result["msg"]
    assert host.links() == (None, None)
    assert host.systemd.running() == []
    assert UNIT not in host.systemd.enabled
    assert host.systemd.calls[-2:] == ["stop " + UNIT, "disable " + UNIT]
    assert host.history() == [("deploy", "1.0.0", "down")]
    assert host.versions() == ["1.0.0"]
    host.behave("1.0.0", "")
    assert host.deploy("1.0.0")["outcome"] == "ok"


def test_a_first_release_that_is_unhealthy_is_stopped(host):
    host.behave("1.0.0", "unhealthy")
    assert host.deploy("1.0.0", smoke=False, health=GIVE_UP)["outcome"] == "down"
    assert host.says() is None


def test_with_socket_the_port_is_closed_before_the_service(host):
    """A request would start it again."""
    fails_live(host, "1.0.0")
    assert host.deploy("1.0.0", strategy="socket")["outcome"] == "down"
    stopped = [call for call in host.systemd.calls if call.startswith("stop orders.s")]
    assert stopped[-2:] == ["stop orders.socket", "stop " + UNIT]
    assert host.says() is None


def test_if_the_old_release_fails_too_the_host_is_down_and_says_so(live):
    host, deploy = live
    fails_live(host, "2.0.0")
    host.behave("1.0.0", "crashes")
    result = deploy("2.0.0")
    assert (result["outcome"], version_of(result["current"])) == ("down", "1.0.0")
    assert "NOTHING HEALTHY IS RUNNING on this host" in result["msg"]
    assert host.links() == ("1.0.0", None)
    assert host.history()[-1] == ("deploy", "2.0.0", "down")
    assert result["evidence_of_old"]["unit"] == UNIT
    assert result["evidence"]["journal"] == ["panic: 2.0.0 was told to crash"]
