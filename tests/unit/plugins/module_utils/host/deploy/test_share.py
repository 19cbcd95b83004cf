# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release that has a share of the requests beside the live one: how it begins, goes on and ends."""

from __future__ import annotations

import json
import sys

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import deploy as deploying
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import flags, live_color, template

from .managed_host import APP, GIVE_UP, answer, refusal, version_of

BLUE, GREEN = "orders@blue.service", "orders@green.service"
TIMER = "orders.unconfirmed.timer"


@pytest.fixture
def blue(host, monkeypatch):
    """A host whose blue instance serves 1.0.0, and whose nginx knows shares."""
    for name in ("bootstrap", "packed"):
        monkeypatch.setattr(sys.modules["__main__"], name, b"", raising=False)
    monkeypatch.setattr(template, "DIRECTORY", str(host.base / "nginx"))
    host.configure_nginx()
    with open(template.path_of(APP), "w", encoding="utf-8") as site:
        site.write("%s {\n" % template.share_test(APP))
    assert deploy(host, "1.0.0")["outcome"] == "ok"
    return host


def deploy(host, version=None, **options):
    return host.deploy(version, strategy="blue_green", **options)


def give(host, version, share, **options):
    return deploy(host, version, share=share, confirm_within=60, **options)


def expect_alone(host, instance, version):
    """It has all requests, and of a share nothing is left."""
    assert live_color.live(APP) == ("blue" if instance == BLUE else "green") and live_color.share(APP) == 0
    assert host.says_behind_nginx() == "%s says nothing" % version
    assert host.systemd.running() == [instance]
    assert {name for name in host.systemd.enabled if name.startswith(APP)} == {instance}
    assert not host.layout.is_pending() and TIMER not in host.systemd.active
    assert host.info()["share"] is None


def expect_shared(host, percent):
    """1.0.0 is live and untouched, 2.0.0 has the share, and a timer is to end it."""
    assert live_color.live(APP) == "blue" and live_color.share(APP) == percent
    assert host.says(host.port) == "1.0.0 says nothing"
    assert host.says(host.other_port) == "2.0.0 says nothing"
    assert host.links() == ("1.0.0", None)
    assert {BLUE, GREEN, TIMER} <= host.systemd.enabled  # for a reboot
    assert TIMER in host.systemd.active
    found = host.info()["share"]
    assert (version_of(found["release"]), found["percent"]) == ("2.0.0", percent)


def test_a_share_grows_and_becomes_everything_with_one_process(blue):
    pid = blue.systemd.pid(BLUE)
    result = give(blue, "2.0.0", 5)
    assert result["outcome"] == "ok" and not result["unconfirmed"]
    assert result["server"] == "127.0.0.1:%d" % blue.other_port
    assert version_of(result["current"]) == "1.0.0" and version_of(result["release"]) == "2.0.0"
    expect_shared(blue, 5)
    new = blue.systemd.pid(GREEN)
    assert give(blue, "2.0.0", 25)["ready_ms"] == result["ready_ms"]
    expect_shared(blue, 25)
    assert (blue.systemd.pid(BLUE), blue.systemd.pid(GREEN)) == (pid, new)
    last = deploy(blue, "2.0.0")
    assert last["outcome"] == "ok" and last["ready_ms"] == result["ready_ms"]
    assert blue.systemd.pid(GREEN) == new
    expect_alone(blue, GREEN, "2.0.0")
    assert blue.links() == ("2.0.0", "1.0.0")
    assert [entry[0::2] for entry in blue.history()] == [
        ("deploy", "ok"),
        ("share", "ok"),
        ("share", "ok"),
        ("deploy", "ok"),
    ]
    assert blue.info()["history"][-2]["message"] == "25% of requests"
    assert not deploy(blue, "2.0.0")["changed"]


def test_the_next_release_gets_its_share_from_green(blue):
    deploy(blue, "2.0.0")
    give(blue, "3.0.0", 10)
    assert live_color.live(APP) == "green" and live_color.share(APP) == 10
    deploy(blue, "3.0.0")
    expect_alone(blue, BLUE, "3.0.0")


def test_nginx_gives_the_parts_up_to_the_share(blue):
    give(blue, "2.0.0", 10)
    given = [
        percent for percent in (1, 5, 10, 25, 50) if (blue.base / flags.part(APP, "green", percent)).exists()
    ]
    assert given == [1, 5, 10]


def test_a_share_ends_with_a_deploy_of_the_live_release(blue):
    """As the playbook rolls it back. The live instance is not touched, and its unit's old text is back."""
    pid, unit = blue.systemd.pid(BLUE), (blue.unit_dir / "orders@.service").read_bytes()
    give(blue, "2.0.0", 25, unit=dict(blue.request()["unit"], description="new"))
    assert (blue.unit_dir / "orders@.service").read_bytes() != unit
    live = blue.layout.current()
    plan = blue.plan(release=live, strategy="blue_green")
    assert plan["changed"] and plan["reasons"][0].startswith("25% of requests go to 2.0.0-")
    result = deploy(blue, release=live, reverts=True, reason="4.1% of 1,043 requests were bad")
    assert result["outcome"] == "ok"
    assert result["actions"][0] == "nginx sends all to blue"  # before it waits for anything
    expect_alone(blue, BLUE, "1.0.0")
    assert blue.systemd.pid(BLUE) == pid
    assert (blue.unit_dir / "orders@.service").read_bytes() == unit
    assert blue.history()[-2:] == [("deploy", "2.0.0", "reverted"), ("rollback", "1.0.0", "ok")]
    bad = blue.info()["history"][-2]["message"]
    assert bad == "its share of 25% of requests was ended: 4.1% of 1,043 requests were bad"
    assert not deploy(blue, "1.0.0")["changed"]


def test_a_share_ends_before_another_release_takes_its_place(blue):
    give(blue, "2.0.0", 25)
    shares = []
    blue.systemd.before = lambda call: call == "stop " + GREEN and shares.append(live_color.share(APP))
    assert deploy(blue, "3.0.0")["outcome"] == "ok"
    assert shares == [0]  # nobody was sent to an instance that stops
    expect_alone(blue, GREEN, "3.0.0")
    assert ("deploy", "2.0.0", "reverted") in blue.history()


def test_a_share_stays_while_a_later_release_is_staged(blue):
    give(blue, "2.0.0", 25)
    assert deploy(blue, "3.0.0", state="staged", keep=0)["outcome"] == "ok"
    expect_shared(blue, 25)
    assert blue.history()[-1] == ("stage", "3.0.0", "ok")
    assert sorted(map(version_of, blue.layout.releases())) == ["1.0.0", "2.0.0", "3.0.0"]
    assert deploy(blue, "2.0.0")["outcome"] == "ok"
    expect_alone(blue, GREEN, "2.0.0")


def timer_passes(host):
    """What the service of the timer does."""
    with open(host.layout.unconfirmed, "rb") as parcel:
        request = json.loads(parcel.read().rpartition(b"\n")[2])
    assert request.pop("step") == "apply"
    return answer(deploying.apply, request)


def test_a_host_that_gets_no_further_word_ends_the_share(blue):
    give(blue, "2.0.0", 25)
    assert timer_passes(blue)["outcome"] == "ok"
    expect_alone(blue, BLUE, "1.0.0")
    assert blue.history()[-2:] == [("deploy", "2.0.0", "reverted"), ("rollback", "1.0.0", "ok")]
    assert "was not confirmed within 60 s" in blue.info()["history"][-2]["message"]


def test_a_timer_that_is_late_does_not_touch_what_went_live_meanwhile(blue):
    give(blue, "2.0.0", 25)
    with open(blue.layout.unconfirmed, "rb") as parcel:
        late = json.loads(parcel.read().rpartition(b"\n")[2])
    deploy(blue, "2.0.0", confirm_within=60)
    late.pop("step")
    assert answer(deploying.apply, late)["outcome"] == "ok"
    assert blue.says_behind_nginx() == "2.0.0 says nothing"


def test_a_second_share_arms_the_timer_anew(blue):
    give(blue, "2.0.0", 5)
    calls = len(blue.systemd.calls)
    give(blue, "2.0.0", 25)
    assert "restart " + TIMER in blue.systemd.calls[calls:]


# --- what fails ---


def test_an_unhealthy_release_gets_no_share(blue):
    blue.behave("2.0.0", "unhealthy")
    message = refusal(give(blue, "2.0.0", 5, health=GIVE_UP))
    assert "still serves, untouched" in message
    expect_alone(blue, BLUE, "1.0.0")
    assert blue.history()[-1] == ("share", "2.0.0", "rejected")


def test_a_release_that_fails_under_its_share_has_none_any_more(blue):
    shares = []

    def watch(call):
        if call == "enable " + GREEN:
            blue.systemd.kill(GREEN)
        if call == "stop " + GREEN:
            shares.append(live_color.share(APP))

    blue.systemd.before = watch
    assert "still serves, untouched" in refusal(give(blue, "2.0.0", 5))
    blue.systemd.before = lambda call: None
    assert shares == [0, 0]  # nobody was sent to an instance that stops
    expect_alone(blue, BLUE, "1.0.0")


@pytest.mark.parametrize("share", [25, None])
def test_a_process_that_was_restarted_meanwhile_goes_no_further(blue, share):
    give(blue, "2.0.0", 5)
    blue.systemd.properties[GREEN] = {"NRestarts": "2"}
    options = {"share": share, "confirm_within": 60} if share else {}
    assert "its process ended and was restarted 2 times" in refusal(deploy(blue, "2.0.0", **options))
    blue.systemd.properties.clear()
    expect_alone(blue, BLUE, "1.0.0")


def test_a_process_that_has_ended_meanwhile_is_started_again(blue):
    give(blue, "2.0.0", 5)
    blue.systemd.kill(GREEN)
    assert deploy(blue, "2.0.0")["outcome"] == "ok"
    expect_alone(blue, GREEN, "2.0.0")


@pytest.mark.parametrize(
    "step", ["rename nginx/slipway/orders.green.1", "enable " + GREEN, "restart " + TIMER]
)
def test_an_engine_that_is_killed_on_the_way_leaves_the_old_release(blue, faults, step):
    with faults.killed(before=step):
        give(blue, "2.0.0", 5)
    assert blue.says_behind_nginx() == "1.0.0 says nothing"
    assert deploy(blue, "2.0.0")["outcome"] == "ok"
    expect_alone(blue, GREEN, "2.0.0")


@pytest.mark.parametrize("step", ["rename nginx/slipway/orders.green", "unlink nginx/slipway/orders.green.1"])
def test_an_engine_that_is_killed_while_the_share_becomes_everything(blue, faults, step):
    give(blue, "2.0.0", 5)
    with faults.killed(before=step):
        deploy(blue, "2.0.0")
    assert blue.says_behind_nginx() in ("1.0.0 says nothing", "2.0.0 says nothing")
    assert deploy(blue, "2.0.0")["outcome"] == "ok"
    assert blue.says_behind_nginx() == "2.0.0 says nothing" and live_color.share(APP) == 0


def test_removing_the_app_removes_the_share(blue):
    give(blue, "2.0.0", 5)
    assert deploy(blue, state="absent")["outcome"] == "ok"
    assert blue.systemd.running() == [] and list((blue.base / "nginx" / "slipway").iterdir()) == []
    assert not [name for name in blue.systemd.enabled if name.startswith(APP)]


# --- what is refused ---


def test_a_first_release_has_nothing_to_share_with(host, blue):
    assert deploy(host, state="absent")["outcome"] == "ok"
    assert "needs a live release that was healthy here" in refusal(give(host, "1.0.0", 5))
    assert host.systemd.running() == []


def test_a_release_that_never_was_confirmed_has_nothing_to_go_back_to(blue):
    deploy(blue, "2.0.0", confirm_within=60)
    assert "needs a live release that was healthy here" in refusal(give(blue, "3.0.0", 5))
    assert blue.says_behind_nginx() == "2.0.0 says nothing"


def test_a_change_of_strategy_comes_first(host, monkeypatch, blue):
    deploy(host, state="absent")
    host.deploy("1.0.0")
    assert "slipway_shares (option share) cannot be used with a change" in refusal(give(host, "2.0.0", 5))


def test_an_nginx_from_before_there_were_shares(blue):
    with open(template.path_of(APP), "w", encoding="utf-8"):
        pass
    assert "run the playbook slipway.golang.setup first" in refusal(give(blue, "2.0.0", 5))
    expect_alone(blue, BLUE, "1.0.0")


@pytest.mark.parametrize(
    "options",
    [
        {"share": 7, "confirm_within": 60},
        {"share": 5},
        {"share": 5, "confirm_within": 60, "state": "staged"},
    ],
)
def test_what_is_no_share(blue, options):
    assert "share: " in refusal(deploy(blue, "2.0.0", **options))


def test_other_strategies_give_no_shares(served):
    assert "share: 5 is not usable" in refusal(served.deploy("2.0.0", share=5, confirm_within=60))
