# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The strategy blue_green: when nginx switches, and which of the two instances is left."""

from __future__ import annotations

import os
import socket
import sys

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import live_color, process

from .managed_host import APP, GIVE_UP, UNIT, refusal, version_of

BLUE, GREEN = "orders@blue.service", "orders@green.service"


@pytest.fixture
def blue(host):
    """A host whose blue instance serves 1.0.0."""
    host.configure_nginx()
    assert deploy(host, "1.0.0")["outcome"] == "ok"
    return host


def deploy(host, version=None, **options):
    return host.deploy(version, strategy="blue_green", **options)


def expect_alone(host, instance, version):
    """nginx sends to this instance, it runs at boot too, and the other one does not."""
    assert live_color.live(APP) == ("blue" if instance == BLUE else "green")
    assert host.says_behind_nginx() == "%s says nothing" % version
    assert host.systemd.running() == [instance]
    assert {name for name in host.systemd.enabled if name.startswith(APP)} == {instance}


def test_the_first_instance_is_blue(blue):
    expect_alone(blue, BLUE, "1.0.0")
    assert blue.links() == ("1.0.0", None)
    assert blue.info()["running"]["version"] == "1.0.0"


def test_versions_take_turns(blue):
    deploy(blue, "2.0.0")
    expect_alone(blue, GREEN, "2.0.0")
    assert blue.links() == ("2.0.0", "1.0.0")
    assert blue.info(health=GIVE_UP)["healthy"]
    deploy(blue, "3.0.0")
    expect_alone(blue, BLUE, "3.0.0")
    assert deploy(blue, release="previous")["outcome"] == "ok"
    expect_alone(blue, GREEN, "2.0.0")


def test_a_second_run_changes_nothing(blue):
    before = blue.everything()
    assert not deploy(blue, "1.0.0")["changed"]
    assert blue.everything() == before


def test_nginx_switches_after_the_health_check_and_before_the_old_one_stops(blue):
    """Whatever systemd is asked to do, an instance serves behind nginx at that moment."""
    served = []
    blue.systemd.before = lambda call: served.append((call, blue.says_behind_nginx()))
    deploy(blue, "2.0.0")
    order = [(call, says[:5]) for call, says in served]
    assert order == [
        ("stop " + GREEN, "1.0.0"),
        ("restart " + GREEN, "1.0.0"),
        ("enable " + GREEN, "1.0.0"),
        ("stop " + BLUE, "2.0.0"),
        ("disable " + BLUE, "2.0.0"),
    ]


@pytest.mark.parametrize("word", ["crashes", "unhealthy", "lies"])
def test_an_unhealthy_release_gets_no_request_and_is_stopped(blue, word):
    pid, unit = blue.systemd.pid(BLUE), (blue.unit_dir / "orders@.service").read_bytes()
    blue.behave("2.0.0", word)
    new = dict(blue.request()["unit"], description="new")
    message = refusal(deploy(blue, "2.0.0", health=GIVE_UP, unit=new))
    assert "still serves, untouched" in message
    expect_alone(blue, BLUE, "1.0.0")
    assert blue.systemd.pid(BLUE) == pid
    assert blue.links() == ("1.0.0", None)
    assert (blue.unit_dir / "orders@.service").read_bytes() == unit
    assert blue.history()[-1] == ("deploy", "2.0.0", "rejected")
    assert not deploy(blue, "1.0.0")["changed"]


def crashes_after_health_check(host, instance, also=lambda: None):
    """The new instance passes its health check, and has crashed when nginx sends to it."""

    def kill(call):
        if call == "enable " + instance:
            host.systemd.kill(instance)
            also()

    host.systemd.before = kill


def test_a_release_that_fails_under_traffic_is_rolled_back_to_the_old_one_which_still_runs(blue):
    pid, unit = blue.systemd.pid(BLUE), (blue.unit_dir / "orders@.service").read_bytes()
    crashes_after_health_check(blue, GREEN)
    result = deploy(blue, "2.0.0", unit=dict(blue.request()["unit"], description="new"))
    assert (result["outcome"], version_of(result["current"])) == ("reverted", "1.0.0")
    expect_alone(blue, BLUE, "1.0.0")
    assert blue.systemd.pid(BLUE) == pid
    assert blue.links() == ("1.0.0", None)
    assert (blue.unit_dir / "orders@.service").read_bytes() == unit
    assert blue.history()[-1] == ("deploy", "2.0.0", "reverted")


def test_an_old_instance_that_has_ended_is_started_again(blue):
    crashes_after_health_check(blue, GREEN, also=lambda: blue.systemd.kill(BLUE))
    assert deploy(blue, "2.0.0")["outcome"] == "reverted"
    assert blue.says_behind_nginx() == "1.0.0 says nothing"
    assert blue.systemd.running() == [BLUE]


def test_if_the_old_one_is_bad_too_the_host_is_down(blue):
    def spoil():
        blue.behave("1.0.0", "crashes")
        blue.systemd.kill(BLUE)

    crashes_after_health_check(blue, GREEN, also=spoil)
    result = deploy(blue, "2.0.0")
    assert result["outcome"] == "down" and "NOTHING HEALTHY" in result["msg"]
    assert blue.history()[-1] == ("deploy", "2.0.0", "down")


def test_a_first_release_that_fails_under_traffic_leaves_nothing(host):
    host.configure_nginx()
    crashes_after_health_check(host, BLUE)
    assert deploy(host, "1.0.0")["outcome"] == "down"
    assert host.links() == (None, None)
    assert host.systemd.running() == []
    assert not any(name.startswith(APP) for name in host.systemd.enabled)


def test_the_single_service_of_restart_is_replaced_without_a_gap(host):
    host.configure_nginx()
    host.deploy("1.0.0")
    says = []
    host.systemd.before = lambda call: says.append(host.says_behind_nginx())
    assert deploy(host, "2.0.0")["outcome"] == "ok"
    assert None not in says
    expect_alone(host, GREEN, "2.0.0")
    assert host.links() == ("2.0.0", "1.0.0")


def test_a_single_service_that_has_ended_is_started_again_with_its_own_release(host):
    """Its unit runs what `current` names."""
    host.configure_nginx()
    host.deploy("1.0.0")
    crashes_after_health_check(host, GREEN, also=lambda: host.systemd.kill(UNIT))
    assert deploy(host, "2.0.0")["outcome"] == "reverted"
    assert host.says_behind_nginx() == "1.0.0 says nothing"
    assert host.systemd.running() == [UNIT]


def test_a_single_service_that_an_interrupted_deploy_left_makes_way(host, faults):
    """It has the port of the next instance."""
    host.configure_nginx()
    host.deploy("1.0.0")
    with faults.killed(before="stop " + UNIT):
        deploy(host, "2.0.0")
    assert host.systemd.running() == [UNIT, GREEN]
    assert deploy(host, "3.0.0")["outcome"] == "ok"
    expect_alone(host, BLUE, "3.0.0")


def test_an_old_instance_that_has_ended_does_not_start_at_boot(blue):
    blue.systemd.before = lambda call: call == "restart " + GREEN and blue.systemd.kill(BLUE)
    assert deploy(blue, "2.0.0")["outcome"] == "ok"
    blue.systemd.before = lambda call: None
    expect_alone(blue, GREEN, "2.0.0")
    assert not deploy(blue, "2.0.0")["changed"]


def test_a_release_that_an_interrupted_deploy_left_live_is_not_rolled_back_to(blue, faults):
    """It was never recorded as healthy: its instance gets the release before it."""
    with faults.killed(before="stop " + BLUE):
        deploy(blue, "2.0.0")
    crashes_after_health_check(blue, BLUE)
    result = deploy(blue, "3.0.0")
    assert (result["outcome"], version_of(result["current"])) == ("reverted", "1.0.0")
    expect_alone(blue, GREEN, "1.0.0")
    assert not deploy(blue, "1.0.0")["changed"]


def test_an_old_instance_that_was_retired_starts_at_boot_after_a_rollback(blue, monkeypatch):
    """The confirmation timer is armed last, when the old instance is retired already."""
    blue.systemd.broken["enable orders.unconfirmed.timer"] = "Read-only file system"
    for name in ("bootstrap", "packed"):
        monkeypatch.setattr(sys.modules["__main__"], name, b"", raising=False)
    assert deploy(blue, "2.0.0", confirm_within=60)["outcome"] == "reverted"
    expect_alone(blue, BLUE, "1.0.0")


def test_an_old_instance_that_cannot_be_stopped_is_a_warning(blue):
    blue.systemd.broken["stop " + BLUE] = "it hangs"
    result = deploy(blue, "2.0.0")
    assert result["outcome"] == "ok" and "it hangs" in result["warnings"][0]


def test_the_old_instance_may_finish_what_it_has_begun(blue, monkeypatch):
    """A request that is half there when the old instance is to end gets its answer."""
    with socket.create_connection(("127.0.0.1", blue.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        rest = [b"\r\n"]
        count = process.connections

        def counted(address):
            found = count(address)
            if rest:
                client.sendall(rest.pop())
            return found

        monkeypatch.setattr(process, "connections", counted)
        result = deploy(blue, "2.0.0")
        assert "stopped %s" % BLUE in result["actions"]
        assert client.makefile("rb").read().endswith(b"1.0.0 says nothing")
    expect_alone(blue, GREEN, "2.0.0")


def test_a_connection_that_does_not_end_is_cut_off_and_counted(blue):
    unit = dict(blue.request()["unit"], drain_seconds=0)
    with socket.create_connection(("127.0.0.1", blue.port)):
        result = deploy(blue, "2.0.0", unit=unit)
    assert "stopped %s, with 1 connections that did not end in 0 s" % BLUE in result["actions"]
    expect_alone(blue, GREEN, "2.0.0")


# --- what is refused --------------------------------------------------------------------------------


def nginx_is_missing(host, monkeypatch):
    monkeypatch.setattr(process, "binary", lambda: None)


def nginx_is_stopped(host, dummy):
    host.systemd.active.discard("nginx.service")


def nginx_knows_other_ports(host, dummy):
    os.unlink(host.base / "nginx" / "conf.d" / "slipway-orders.upstream.conf")


@pytest.mark.parametrize(
    "fault, words",
    [
        (nginx_is_missing, "nginx is not installed"),
        (nginx_is_stopped, "nginx does not run"),
        (nginx_knows_other_ports, "does not know the two instances of orders"),
    ],
)
def test_without_an_nginx_that_could_send_there(blue, monkeypatch, fault, words):
    calls = len(blue.systemd.calls)
    fault(blue, monkeypatch)
    assert words in refusal(blue.plan("2.0.0", strategy="blue_green", check=True))
    assert words in refusal(deploy(blue, "2.0.0"))
    assert blue.systemd.calls[calls:] == []
    assert blue.says(blue.port) == "1.0.0 says nothing"


def test_the_plan_says_which_instance_starts_and_which_stops(blue):
    before = blue.systemd.calls[:]
    plan = blue.plan("2.0.0", strategy="blue_green", check=True)
    assert plan["actions"] == ["start orders@green.service", "stop orders@blue.service"]
    assert not [call for call in blue.systemd.calls[len(before) :] if not call.startswith("show")]


def test_check_mode_refuses_a_change_of_strategy_too(blue):
    refused = refusal(blue.plan("2.0.0", strategy="socket", check=True))
    assert "socket cannot take over" in refused and "still serves, untouched" in refused


def test_an_alternate_port_that_another_program_has(blue):
    with socket.socket() as other:
        other.bind(("127.0.0.1", blue.other_port))
        other.listen()
        assert "Port %d is already taken" % blue.other_port in refusal(deploy(blue, "2.0.0"))
    expect_alone(blue, BLUE, "1.0.0")


def test_a_change_to_another_strategy_is_refused(blue):
    for strategy in ("restart", "socket"):
        message = refusal(blue.deploy("2.0.0", strategy=strategy))
        assert "is live with the strategy blue_green, and %s cannot take over" % strategy in message
        assert "the playbook slipway.golang.remove" in message
        assert "%s still serves, untouched" % blue.info()["current"] in message
    expect_alone(blue, BLUE, "1.0.0")
    assert not (blue.unit_dir / UNIT).exists()


def test_a_refused_change_of_strategy_while_nothing_serves(blue):
    for unit_name in blue.systemd.running():
        blue.systemd.run(["systemctl", "stop", unit_name])
    assert "Nothing was serving before" in refusal(blue.deploy("2.0.0", strategy="restart"))


def test_a_rollback_to_another_strategy_says_only_what_helps(host):
    host.configure_nginx()
    host.deploy("1.0.0")
    deploy(host, "2.0.0")
    message = deploy(host, release="previous")["msg"]
    assert "was released with the strategy restart" in message
    assert message.endswith("Deploy its version again with blue_green")
    assert "cannot take over" in refusal(host.deploy(release="previous"))


def test_a_rollback_with_a_strategy_that_never_went_live(host):
    """The variable was changed, and nothing was deployed since."""
    host.configure_nginx()
    host.deploy("1.0.0")
    host.deploy("2.0.0")
    message = deploy(host, release="previous")["msg"]
    assert message.endswith("or set slipway_strategy: restart (option strategy)")
    assert host.deploy(release="previous")["outcome"] == "ok"


def test_the_single_unit_is_gone_once_blue_green_is_live(host):
    """Nobody can start a stray copy, which would take the port of the next release."""
    host.configure_nginx()
    host.deploy("1.0.0")
    result = deploy(host, "1.0.0")
    assert result["outcome"] == "ok" and "removed %s" % (host.unit_dir / UNIT) in result["actions"]
    assert os.listdir(host.unit_dir) == ["orders@.service"]
    assert host.systemd.enabled == set(host.systemd.running())
    assert not deploy(host, "1.0.0")["changed"]


def test_a_single_unit_that_was_left_is_removed_by_the_next_run(host):
    """As hosts have it that were deployed to before the strategy removed it."""
    host.configure_nginx()
    host.deploy("1.0.0")
    text = (host.unit_dir / UNIT).read_text(encoding="utf-8")
    deploy(host, "1.0.0")
    (host.unit_dir / UNIT).write_text(text, encoding="utf-8")
    pid = host.systemd.pid(host.systemd.running()[0])
    assert deploy(host, "1.0.0")["changed"]
    assert os.listdir(host.unit_dir) == ["orders@.service"]
    assert host.systemd.pid(host.systemd.running()[0]) == pid
    assert not deploy(host, "1.0.0")["changed"]


def test_a_single_unit_that_is_masked_stays(host):
    host.configure_nginx()
    deploy(host, "1.0.0")
    os.symlink("/dev/null", host.unit_dir / UNIT)
    assert not deploy(host, "1.0.0")["changed"]
