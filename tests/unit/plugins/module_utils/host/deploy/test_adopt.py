# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service of the app's name that somebody set up by hand: refused, or taken over, and never lost."""

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import adopt

from .artifacts import ARGUMENTS, loader
from .managed_host import APP, UNIT, refusal, version_of
from .service import MARK

SECRET = "swordfish"
TEXT = """# written by hand
[Service]
Environment=DB_PASSWORD=%s "GREETING=two words" \\
  MODE=fast
EnvironmentFile=%s
ExecStart=%s
ExecStartPost=-/usr/local/bin/announce --token=%s

[Install]
WantedBy=multi-user.target
"""


class ByHand:
    """A host on which somebody runs a service of the app's name."""

    def __init__(self, host, place="srv"):
        self.host = host
        self.path = host.unit_dir / UNIT
        self.binary = host.base / place / "orders"
        self.binary.parent.mkdir()
        self.binary.write_bytes(loader() + MARK + b"by hand")
        self.binary.chmod(0o755)
        variables = host.base / place / "environment"
        variables.write_text('PORT="%d"\n' % host.port, encoding="utf-8")
        command = " ".join([str(self.binary), *ARGUMENTS, str(host.behaviours)])
        self.text = TEXT % (SECRET, variables, command, SECRET)
        self.path.write_text(self.text, encoding="utf-8")

    def start(self, enabled=True):
        if enabled:
            self.host.systemd.run(["systemctl", "enable", UNIT])
        self.host.systemd.run(["systemctl", "start", UNIT])
        assert self.runs()
        return self

    def runs(self):
        return self.host.says() == "by hand says nothing"

    def deploy(self, version="1.0.0", **options):
        return self.host.deploy(version, **dict({"adopt": True}, **options))

    def record(self):
        with open(os.path.join(self.host.layout.adopted, "record.json"), encoding="utf-8") as handle:
            return json.load(handle)

    def expect_kept(self):
        """Its text is somewhere below the app's directory, for root's eyes only."""
        directory = self.host.layout.adopted
        kept = os.path.join(directory, UNIT)
        with open(kept, encoding="utf-8") as handle:
            assert handle.read() == self.text
        assert os.stat(kept).st_mode & 0o777 == 0o600
        assert os.stat(directory).st_mode & 0o777 == 0o700

    def expect_untouched(self, pid):
        assert self.host.systemd.pid(UNIT) == pid
        self.expect_as_before()

    def expect_as_before(self):
        assert self.path.read_text(encoding="utf-8") == self.text
        assert self.runs()
        assert UNIT in self.host.systemd.enabled
        assert self.host.links() == (None, None)
        assert sorted(os.listdir(self.host.unit_dir)) == [UNIT]
        assert self.host.systemd.running() == [UNIT]


@pytest.fixture(autouse=True)
def short(monkeypatch, tmp_path):
    monkeypatch.setattr(adopt, "SETTLE_SECONDS", 0.02)
    monkeypatch.setattr(adopt, "STATE_DIRECTORIES", str(tmp_path / "var-lib"))


@pytest.fixture
def by_hand(host):
    return ByHand(host).start()


STRATEGIES = ["restart", "socket", "blue_green"]


# --- without the word -----------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_unit_written_by_hand_is_refused_in_the_plan(by_hand, strategy):
    pid, before = by_hand.host.systemd.pid(UNIT), by_hand.host.everything()
    message = refusal(by_hand.host.plan("1.0.0", strategy=strategy))
    for words in (str(by_hand.path), str(by_hand.binary), "it is running, enabled", "slipway_adopt: true"):
        assert words in message
    assert SECRET not in message
    assert by_hand.host.everything() == before
    by_hand.expect_untouched(pid)


def test_the_second_look_under_the_lock_refuses_it_too(by_hand):
    pid = by_hand.host.systemd.pid(UNIT)
    assert "slipway_adopt" in refusal(by_hand.host.apply("1.0.0"))
    by_hand.expect_untouched(pid)


def test_a_unit_that_does_not_run_is_refused_too(host):
    ByHand(host)
    assert "it is not running, disabled" in refusal(host.plan("1.0.0"))


def test_a_unit_of_a_package_is_refused_too(host):
    by_hand = ByHand(host)
    move_to_package(by_hand)
    assert by_hand.host.systemd.lib_dir in refusal(host.plan("1.0.0"))


def test_a_timer_that_starts_it_is_named(host):
    """The new release would be started by it too."""
    ByHand(host)
    host.systemd.properties[UNIT] = {"TriggeredBy": "orders.timer"}
    assert "started by orders.timer" in refusal(host.plan("1.0.0"))


@pytest.mark.parametrize("name", ["orders.socket", "orders@.service"])
def test_another_file_that_would_be_replaced_is_refused_too(host, name):
    (host.unit_dir / name).write_text("[Unit]\nDescription=mine\n", encoding="utf-8")
    strategy = "socket" if name.endswith("socket") else "blue_green"
    assert str(host.unit_dir / name) in refusal(host.plan("1.0.0", strategy=strategy))


def test_staging_replaces_nothing(by_hand):
    pid = by_hand.host.systemd.pid(UNIT)
    assert by_hand.host.deploy("1.0.0", state="staged")["outcome"] == "ok"
    by_hand.expect_untouched(pid)


def test_the_unit_of_a_release_is_not_adopted(served):
    os.unlink(os.path.join(served.root, "current"))
    assert served.deploy("1.0.0")["outcome"] == "ok"
    assert not os.path.lexists(served.layout.adopted)


def test_an_edited_unit_of_a_release_that_runs_is_not_adopted(served):
    os.unlink(os.path.join(served.root, "current"))
    path = served.unit_dir / UNIT
    path.write_text(path.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    assert served.deploy("1.0.0")["outcome"] == "ok"
    assert [name.partition(".edited-")[0] for name in os.listdir(served.layout.adopted)] == [UNIT]


def test_after_a_first_release_that_failed_the_next_one_is_deployed(host):
    host.behave("1.0.0", "crashes %d" % host.port)
    assert host.deploy("1.0.0")["outcome"] == "down"
    result = host.deploy("2.0.0")
    assert result["outcome"] == "ok", result


# --- what cannot be put back ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "properties, words",
    [
        ({"Id": "shop.service"}, "another name of shop.service"),
        ({"FragmentPath": "/run/systemd/transient/orders.service"}, "started by systemd-run"),
        ({"FragmentPath": "/srv/gone/orders.service"}, "its unit file is gone"),
        ({"TriggeredBy": "nginx.service orders.socket"}, "systemctl disable --now orders.socket"),
    ],
)
def test_what_could_not_be_put_back_is_refused_even_with_the_word(by_hand, properties, words):
    by_hand.host.systemd.properties[UNIT] = properties
    by_hand.host.systemd.active.add("orders.socket")
    before = by_hand.host.everything()
    assert words in refusal(by_hand.deploy())
    assert by_hand.host.everything() == before


def test_a_service_whose_unit_file_is_gone_is_refused(by_hand):
    by_hand.path.unlink()
    by_hand.host.systemd.properties[UNIT] = {"FragmentPath": str(by_hand.path)}
    assert "systemctl stop orders.service" in refusal(by_hand.deploy())


def test_data_of_another_user_is_refused(by_hand, monkeypatch):
    """systemd would give the directory to the new user: the old service could not be put back."""
    directory = by_hand.host.base / "var-lib" / APP
    directory.mkdir(parents=True)
    monkeypatch.setattr(adopt, "_owner", lambda path: {str(directory): 1}[path])
    message = refusal(by_hand.deploy())
    assert "%s belongs to" % directory in message and "slipway_unit: {user: " in message


# --- with the word --------------------------------------------------------------------------------


def test_the_plan_shows_the_text_without_its_secrets(by_hand):
    found = by_hand.host.plan("1.0.0", adopt=True)
    assert found["reasons"][-1].startswith("it takes over %s" % by_hand.path)
    before = found["diff"]["before"]
    assert "# %s (not Slipway's)\n# written by hand\n[Service]\n" % by_hand.path in before
    assert "Environment=DB_PASSWORD=(hidden) GREETING=(hidden) MODE=(hidden)\n" in before
    assert "--token=(hidden)" in before
    assert SECRET not in json.dumps(found)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_it_is_taken_over(by_hand, strategy):
    by_hand.host.configure_nginx()
    result = by_hand.deploy(strategy=strategy)
    assert result["outcome"] == "ok", result
    says = by_hand.host.says_behind_nginx() if strategy == "blue_green" else by_hand.host.says()
    assert says == "1.0.0 says nothing"
    assert by_hand.host.links() == ("1.0.0", None)
    assert set(by_hand.host.systemd.running()) <= by_hand.host.systemd.enabled
    by_hand.expect_kept()
    record = by_hand.record()
    assert (record["state"], record["active"], record["enabled"]) == ("done", True, "enabled")
    assert "kept orders.service in %s" % by_hand.host.layout.adopted in result["actions"]
    assert not by_hand.deploy(strategy=strategy)["changed"]
    assert not by_hand.host.deploy("1.0.0", strategy=strategy)["changed"]
    assert by_hand.host.deploy("2.0.0", strategy=strategy)["outcome"] == "ok"
    by_hand.expect_kept()


def test_drop_ins_are_listed_and_stay(by_hand):
    drop_in = by_hand.host.unit_dir / (UNIT + ".d") / "limits.conf"
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nLimitNOFILE=9\n", encoding="utf-8")
    assert str(drop_in) in refusal(by_hand.host.plan("1.0.0"))
    assert by_hand.deploy()["outcome"] == "ok"
    assert by_hand.record()["drop_ins"] == [str(drop_in)]
    assert drop_in.exists()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_release_that_fails_its_first_test_leaves_it_alone(by_hand, strategy):
    by_hand.host.configure_nginx()
    pid = by_hand.host.systemd.pid(UNIT)
    by_hand.host.behave("1.0.0", "crashes")
    message = refusal(by_hand.deploy(strategy=strategy))
    assert "orders.service still runs, untouched" in message
    assert by_hand.host.systemd.pid(UNIT) == pid and by_hand.runs()
    assert by_hand.path.read_text(encoding="utf-8") == by_hand.text
    assert by_hand.record()["state"] == "rejected"
    by_hand.host.behave("1.0.0", "")
    assert by_hand.deploy(strategy=strategy)["outcome"] == "ok"


@pytest.mark.parametrize("strategy", ["restart", "socket"])
def test_where_the_first_release_fails_it_is_put_back_and_started(by_hand, strategy):
    by_hand.host.behave("1.0.0", "crashes %d" % by_hand.host.port)
    result = by_hand.deploy(strategy=strategy)
    assert (result["outcome"], result["current"]) == ("reverted", None)
    assert "orders.service of before was put back, runs again" in result["msg"]
    by_hand.expect_as_before()
    by_hand.expect_kept()
    assert by_hand.record()["state"] == "put back"
    assert by_hand.host.history()[-1] == ("deploy", "1.0.0", "reverted")
    assert "slipway_adopt" in refusal(by_hand.host.plan("2.0.0"))
    assert by_hand.deploy("2.0.0", strategy=strategy)["outcome"] == "ok"
    assert by_hand.host.says() == "2.0.0 says nothing"


def test_with_blue_green_it_never_stopped(by_hand):
    """The new instance passes its health check, and has crashed when nginx sends to it."""
    by_hand.host.configure_nginx()
    pid = by_hand.host.systemd.pid(UNIT)
    green = "orders@green.service"
    by_hand.host.systemd.before = lambda call: call == "enable " + green and by_hand.host.systemd.kill(green)
    result = by_hand.deploy(strategy="blue_green")
    assert result["outcome"] == "reverted", result
    assert by_hand.host.systemd.pid(UNIT) == pid
    by_hand.expect_as_before()
    assert by_hand.host.says_behind_nginx() == "by hand says nothing"


def test_a_unit_that_did_not_run_is_put_back_and_does_not_run(host):
    by_hand = ByHand(host)
    host.behave("1.0.0", "crashes %d" % host.port)
    result = by_hand.deploy()
    assert result["outcome"] == "down" and "It did not run, and does not now" in result["msg"]
    assert by_hand.path.read_text(encoding="utf-8") == by_hand.text
    assert (host.systemd.running(), UNIT in host.systemd.enabled, host.links()) == ([], False, (None, None))


def test_an_old_service_that_does_not_start_again_is_down(by_hand):
    by_hand.host.behave("1.0.0", "crashes %d" % by_hand.host.port)
    by_hand.host.behave("by hand", "crashes")
    result = by_hand.deploy()
    assert result["outcome"] == "down" and "NOTHING HEALTHY IS RUNNING" in result["msg"]
    assert by_hand.host.layout.adopted in result["msg"]
    assert result["evidence_of_old"]["unit"] == UNIT
    by_hand.expect_kept()
    assert by_hand.path.read_text(encoding="utf-8") == by_hand.text


def test_a_linked_unit_is_a_link_again(by_hand):
    elsewhere = by_hand.host.base / "srv" / "their.service"
    by_hand.path.rename(elsewhere)
    by_hand.path.symlink_to(elsewhere)
    by_hand.host.behave("1.0.0", "crashes %d" % by_hand.host.port)
    assert by_hand.deploy()["outcome"] == "reverted"
    assert os.readlink(by_hand.path) == str(elsewhere)
    by_hand.expect_as_before()


def test_the_mode_of_the_file_is_restored(by_hand):
    by_hand.path.chmod(0o600)
    by_hand.host.behave("1.0.0", "crashes %d" % by_hand.host.port)
    assert by_hand.deploy()["outcome"] == "reverted"
    assert by_hand.path.stat().st_mode & 0o777 == 0o600


def move_to_package(by_hand):
    os.makedirs(by_hand.host.systemd.lib_dir)
    package = os.path.join(by_hand.host.systemd.lib_dir, UNIT)
    os.rename(by_hand.path, package)
    return package


def test_a_unit_of_a_package_is_covered_and_uncovered(host):
    by_hand = ByHand(host)
    package = move_to_package(by_hand)
    by_hand.start()
    host.behave("1.0.0", "crashes %d" % host.port)
    assert by_hand.deploy()["outcome"] == "reverted"
    assert by_hand.runs() and os.listdir(host.unit_dir) == []
    assert by_hand.deploy("2.0.0")["outcome"] == "ok"
    assert os.listdir(host.unit_dir) == [UNIT]
    with open(package, encoding="utf-8") as handle:
        assert handle.read() == by_hand.text


def test_with_blue_green_a_unit_of_a_package_stays_and_is_reported(host):
    by_hand = ByHand(host)
    move_to_package(by_hand)
    by_hand.start()
    host.configure_nginx()
    result = by_hand.deploy(strategy="blue_green")
    assert result["outcome"] == "ok" and "is still installed elsewhere" in result["warnings"][0]
    assert host.systemd.running() == ["orders@green.service"]


def test_another_unit_that_is_adopted_later_does_not_replace_what_was_kept(by_hand):
    by_hand.host.behave("1.0.0", "crashes %d" % by_hand.host.port)
    by_hand.deploy()
    first, by_hand.text = by_hand.text, by_hand.text + "# edited\n"
    by_hand.path.write_text(by_hand.text, encoding="utf-8")
    assert by_hand.deploy("2.0.0")["outcome"] == "ok"
    by_hand.expect_kept()
    with open(os.path.join(by_hand.host.layout.adopted + ".1", UNIT), encoding="utf-8") as handle:
        assert handle.read() == first


def test_a_full_disk_leaves_it_alone(by_hand, faults):
    pid = by_hand.host.systemd.pid(UNIT)
    with faults.full_disk("rename adopted"):
        assert "No space left" in refusal(by_hand.deploy())
    by_hand.expect_untouched(pid)


def test_a_daemon_reload_that_fails_does_not_stop_it(by_hand):
    pid = by_hand.host.systemd.pid(UNIT)
    by_hand.host.systemd.broken["daemon-reload"] = "Access denied"
    assert by_hand.deploy()["outcome"] == "reverted"
    by_hand.expect_untouched(pid)


def test_what_somebody_edited_in_a_unit_of_ours_is_kept(served):
    path = served.unit_dir / UNIT
    edited = path.read_text(encoding="utf-8") + "# Nice=5, since Tuesday\n"
    path.write_text(edited, encoding="utf-8")
    result = served.deploy("2.0.0")
    (copy,) = os.listdir(served.layout.adopted)
    assert copy.startswith(UNIT + ".edited-")
    with open(os.path.join(served.layout.adopted, copy), encoding="utf-8") as handle:
        assert handle.read() == edited
    assert any("kept the edited" in action for action in result["actions"])


# --- killed ---------------------------------------------------------------------------------------

KEEPING = ["rename releases/1.0.0", "rename adopted"]
SMOKE = ["run orders-smoke.service", "stop orders-smoke.service"]
STEPS = {
    "restart": [
        *KEEPING,
        *SMOKE,
        "symlink current.new",
        "rename current",
        "rename orders.service",
        "daemon-reload",
        "restart orders.service",
        "enable orders.service",
        "rename adopted/record.json",
    ],
    "socket": [
        *KEEPING,
        *SMOKE,
        "symlink current.new",
        "rename current",
        "rename orders.service",
        "rename orders.socket",
        "daemon-reload",
        "stop orders.service",
        "restart orders.socket",
        "enable orders.socket",
        "reset-failed orders.service",
        "restart orders.service",
        "enable orders.service",
        "rename adopted/record.json",
    ],
    "blue_green": [
        *KEEPING,
        "stop orders@green.service",
        "symlink green.new",
        "rename green",
        "rename green.port",
        "rename orders@.service",
        "daemon-reload",
        "restart orders@green.service",
        "enable orders@green.service",
        "rename nginx/slipway/orders.green",
        "symlink current.new",
        "rename current",
        "stop orders.service",
        "disable orders.service",
        "unlink orders.service",
        "rename adopted/record.json",
    ],
}
BEFORE_EACH = [(strategy, step) for strategy, steps in STEPS.items() for step in steps]


def serves(by_hand, strategy):
    return by_hand.host.says_behind_nginx() if strategy == "blue_green" else by_hand.host.says()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_adoption_takes_these_steps(by_hand, faults, strategy):
    by_hand.host.configure_nginx()
    with faults.steps() as steps:
        assert by_hand.deploy(strategy=strategy)["outcome"] == "ok"
    assert list(dict.fromkeys(steps)) == list(dict.fromkeys(STEPS[strategy])), steps


@pytest.mark.parametrize("strategy, step", BEFORE_EACH)
def test_killed_before(by_hand, faults, strategy, step):
    """The text is never lost, and the next run completes the adoption."""
    by_hand.host.configure_nginx()
    with faults.killed(before=step):
        by_hand.deploy(strategy=strategy)
    if by_hand.path.is_file() and by_hand.path.read_text(encoding="utf-8") != by_hand.text:
        by_hand.expect_kept()
    assert by_hand.deploy(strategy=strategy)["outcome"] == "ok"
    assert serves(by_hand, strategy) == "1.0.0 says nothing"
    by_hand.expect_kept()
    assert by_hand.record()["state"] == "done"
    assert len(by_hand.host.systemd.running()) == 1
    assert not by_hand.deploy(strategy=strategy)["changed"]


GOES_BAD = [
    (strategy, step)
    for strategy, step in BEFORE_EACH
    if step not in ("rename adopted/record.json", *KEEPING, *SMOKE)
    and not (strategy == "blue_green" and "orders.service" in step)
    and not (strategy == "socket" and step in STEPS["restart"])
]


@pytest.mark.parametrize("strategy, step", GOES_BAD)
def test_killed_before_and_the_next_release_fails(by_hand, faults, strategy, step):
    """It was never healthy, so what was here before is put back, whatever the interrupted run had done."""
    by_hand.host.configure_nginx()
    with faults.killed(before=step):
        by_hand.deploy(strategy=strategy)
    green = by_hand.host.other_port if strategy == "blue_green" else by_hand.host.port
    for version in ("1.0.0", "2.0.0"):
        by_hand.host.behave(version, "crashes %d" % green)
    result = by_hand.deploy("2.0.0", strategy=strategy)
    assert result["outcome"] == "rejected" if strategy == "blue_green" else "reverted", result
    assert serves(by_hand, strategy) == "by hand says nothing"
    assert by_hand.path.read_text(encoding="utf-8") == by_hand.text
    assert UNIT in by_hand.host.systemd.enabled


def test_a_run_that_was_interrupted_needs_the_word_no_more(by_hand, faults):
    """It was given, and what was here is kept: where the release fails, it is put back all the same."""
    with faults.killed(before="restart orders.service"):
        by_hand.deploy()
    by_hand.host.behave("2.0.0", "crashes %d" % by_hand.host.port)
    assert by_hand.host.deploy("2.0.0")["outcome"] == "reverted"
    by_hand.expect_as_before()


PUTTING_BACK = [
    "rename orders.service",
    "daemon-reload",
    "enable orders.service",
    "restart orders.service",
    "unlink current",
    "rename adopted/record.json",
]


@pytest.mark.parametrize("step", PUTTING_BACK)
def test_killed_while_it_is_put_back(by_hand, faults, step):
    by_hand.host.behave("1.0.0", "crashes %d" % by_hand.host.port)
    with faults.steps() as steps:
        by_hand.deploy()
    tail = steps[len(steps) - steps[::-1].index("restart orders.service") - 1 :]
    assert "unlink current" in tail
    with faults.killed(before=step, occurrence=steps.count(step)):
        by_hand.deploy("1.0.0")
    by_hand.expect_kept()
    assert "stop orders.service" not in steps
    assert by_hand.deploy("2.0.0")["outcome"] == "ok"
    assert by_hand.host.says() == "2.0.0 says nothing"
    by_hand.expect_kept()
    assert version_of(by_hand.host.layout.current()) == "2.0.0"
