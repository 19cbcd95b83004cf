# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deploys that are refused: the live release still serves, untouched, and the message says so."""

from __future__ import annotations

import io
import os
import socket
from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import request
from ansible_collections.slipway.golang.plugins.module_utils.host.system import platform

from .artifacts import artifact
from .managed_host import APP, GIVE_UP, UNIT, refusal


@pytest.mark.parametrize(
    "word, words",
    [("crashes", "its process ended"), ("unhealthy", "answered 500"), ("lies", "answered by release 9.9.9")],
)
def test_a_release_that_fails_its_smoke_test(untouched, word, words):
    untouched.behave("2.0.0", word)
    result = untouched.deploy("2.0.0", health=GIVE_UP)
    assert words in refusal(result)
    assert "1.0.0" in result["msg"] and "still serves, untouched" in result["msg"]
    assert result["evidence"]["unit"] == "orders-smoke.service"
    assert untouched.history()[-1] == ("deploy", "2.0.0", "rejected")
    assert untouched.versions() == ["1.0.0", "2.0.0"]


def test_the_evidence_has_the_journal_of_the_process(untouched):
    untouched.behave("2.0.0", "crashes")
    result = untouched.deploy("2.0.0")
    assert result["evidence"]["journal"] == ["panic: 2.0.0 was told to crash"]
    assert result["evidence"]["state"]["ExecMainStatus"] == "3"


def test_a_service_that_does_not_take_its_port_from_the_environment_gets_a_hint(untouched):
    untouched.behave("2.0.0", "insists %d" % untouched.port)
    hint = untouched.deploy("2.0.0")["hint"]
    assert "which PORT named: this was the smoke test" in hint and "slipway_port_variable" in hint


def test_a_smoke_test_that_systemd_cannot_start(untouched):
    untouched.systemd.broken["run orders-smoke.service"] = "no such cgroup"
    assert "systemd could not start it: no such cgroup" in refusal(untouched.deploy("2.0.0"))


def test_a_first_release_that_fails_its_smoke_test_leaves_nothing_that_serves(host):
    host.behave("1.0.0", "crashes")
    assert "Nothing was serving before, and nothing was started" in refusal(host.deploy("1.0.0"))
    assert host.links() == (None, None)
    assert host.systemd.running() == [] and UNIT not in host.systemd.enabled
    assert os.listdir(host.unit_dir) == []


def test_a_unit_that_systemd_does_not_understand(untouched):
    unit = dict(untouched.request()["unit"], directives={"Service": {"NoSuchDirective": "1"}})
    before = untouched.history()
    assert "Unknown key 'NoSuchDirective'" in refusal(untouched.plan("1.0.0", unit=unit, check=True))
    assert untouched.history() == before, "the plan found it: no deploy began"
    assert "Unknown key 'NoSuchDirective'" in refusal(untouched.deploy("1.0.0", unit=unit))


def test_a_user_that_is_not_on_the_host(untouched):
    unit = dict(untouched.request()["unit"], user="no-such-user")
    assert "There is no user 'no-such-user' on this host" in refusal(untouched.deploy("2.0.0", unit=unit))


def test_a_masked_unit(host):
    os.symlink("/dev/null", host.unit_dir / UNIT)
    assert "orders.service is masked" in refusal(host.deploy("1.0.0"))
    assert os.readlink(host.unit_dir / UNIT) == "/dev/null"
    assert host.links() == (None, None)


def test_a_port_that_another_program_has(host):
    with socket.socket() as other:
        other.bind(("127.0.0.1", host.port))
        other.listen()
        assert "Port %d is already taken" % host.port in refusal(host.deploy("1.0.0"))
    assert host.systemd.calls == []


def refused_port(host):
    with socket.socket() as other:
        other.bind(("127.0.0.1", host.port))
        other.listen()
        return host.plan("1.0.0", check=True)


def refused_unit(host):
    directives = {"Service": {"NoSuchDirective": "1"}}
    return host.plan("1.0.0", check=True, unit=dict(host.request()["unit"], directives=directives))


def refused_user(host):
    return host.plan("1.0.0", check=True, unit=dict(host.request()["unit"], user="no-such-user"))


@pytest.mark.parametrize(
    "refused, words",
    [
        (refused_port, "is already taken"),
        (refused_unit, "Unknown key 'NoSuchDirective'"),
        (refused_user, "There is no user"),
    ],
)
def test_check_mode_refuses_what_a_deploy_would(host, refused, words):
    """`slipway_migrate` asks by check mode whether the hosts take the release, before it migrates."""
    before = host.everything()
    assert words in refusal(refused(host))
    assert host.everything() == before and host.history() == []


def test_check_mode_of_a_release_that_is_live(untouched):
    plan = untouched.plan("1.0.0", check=True)
    assert not plan["changed"] and plan["actions"] == []
    assert untouched.plan("2.0.0", check=True)["actions"] == ["restart orders.service"]


def test_a_disk_without_room_is_noticed_before_the_transfer(untouched, monkeypatch):
    before = untouched.everything()
    monkeypatch.setattr(platform, "free_bytes", lambda path: 8 << 20)
    assert "has 8 MB free, and the release needs 9 MB" in refusal(untouched.plan("2.0.0"))
    assert untouched.everything() == before


def test_a_truncated_artifact(untouched):
    tarball = artifact(APP, "2.0.0").tarball
    refusal(untouched.apply("2.0.0", io.BytesIO(tarball[: len(tarball) // 2])))
    assert untouched.versions() == ["1.0.0"]
    assert untouched.history()[-1] == ("deploy", "2.0.0", "rejected")


def test_an_artifact_that_is_not_the_requested_one(untouched):
    assert "is not the requested one" in refusal(untouched.apply("2.0.0", artifact(APP, "3.0.0").stream()))
    assert untouched.versions() == ["1.0.0"]


def test_an_artifact_that_was_not_sent(untouched):
    assert "was not sent" in refusal(untouched.apply("2.0.0"))


def test_an_artifact_without_a_signature(untouched):
    assert "is not signed" in refusal(untouched.deploy("2.0.0", allowed_signers="ann ssh-ed25519 AAAA"))
    assert untouched.versions() == ["1.0.0"]


def test_a_staged_release_without_a_signature(untouched):
    untouched.deploy("2.0.0", state="staged")
    assert "is not signed" in refusal(
        untouched.apply("2.0.0", artifact(APP, "2.0.0").stream(), allowed_signers="x")
    )


def test_an_artifact_for_another_architecture(untouched):
    foreign = dict(artifact(APP, "2.0.0").described, goarch="mips")
    assert "Wrong architecture" in refusal(untouched.plan("2.0.0", artifacts=[foreign]))


def test_without_root(untouched, monkeypatch):
    monkeypatch.setattr(request, "os", SimpleNamespace(geteuid=lambda: 1000))
    assert "set become: true" in refusal(untouched.plan("2.0.0"))


def test_a_directory_that_is_a_link(host):
    os.makedirs(host.base / "elsewhere")
    os.makedirs(os.path.dirname(host.root))
    os.symlink(host.base / "elsewhere", host.root)
    assert "is not a directory, as it must be" in refusal(host.apply("1.0.0"))
    assert os.listdir(host.base / "elsewhere") == []


def test_a_tree_that_cannot_be_written(untouched, monkeypatch):
    def refuse(dummy):
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr(type(untouched.layout), "sweep", refuse)
    result = untouched.apply("2.0.0", artifact(APP, "2.0.0").stream())
    assert "cannot be deployed to" in refusal(result) and "Read-only" in result["msg"]
