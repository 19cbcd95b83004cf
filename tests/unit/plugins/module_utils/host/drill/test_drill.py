# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a drill is refused, in which order it begins, and that nothing stays broken where it cannot begin."""

from __future__ import annotations

import contextlib
import json
import os
from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import wire
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput, SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host import engine
from ansible_collections.slipway.golang.plugins.module_utils.host.drill import drill

RELEASE = "1.0.0-0a1b2c3d4e5f"
GIVEN = {
    "name": "orders",
    "fault": "kill",
    "seconds": 5,
    "id": "7b",
    "actor": "ann",
    "check": False,
    "health": {},
}


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A healthy host, and a fault that remembers what was done. ``begin`` runs one."""
    found = SimpleNamespace(done=[], healthy=True, armed=False, root=tmp_path, error=None)
    (tmp_path / "releases").mkdir()

    def begin(facts):
        found.done.append("begin")
        if found.error:
            raise found.error

    fault = SimpleNamespace(
        plan=lambda live, options: {"does": "breaks"},
        begin=begin,
        undo=lambda facts: found.done.append("undo"),
    )

    @contextlib.contextmanager
    def ending(app):
        yield found.armed
        found.armed = False

    def arm(app, request, seconds):
        found.done.append("arm")
        found.armed, found.request = True, request

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(drill.faults, "load", lambda name: fault)
    monkeypatch.setattr(drill.armed, "is_armed", lambda app: found.armed)
    monkeypatch.setattr(drill.armed, "ending", ending)
    monkeypatch.setattr(drill.armed, "arm", arm)
    monkeypatch.setattr(
        drill,
        "Live",
        lambda layout: SimpleNamespace(release=SimpleNamespace(id=RELEASE), unit="orders.service"),
    )
    monkeypatch.setattr(
        drill.info,
        "info",
        lambda options, stream: {"healthy": found.healthy, "health_problem": "answered 503"},
    )
    found.begin = lambda **more: drill.begin_drill(dict(GIVEN, root=str(tmp_path), **more), None)
    found.fault = fault
    return found


def history(host):
    path = host.root / "history.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(entry["act"], entry["outcome"], entry["message"]) for entry in map(json.loads, lines)]


def test_it_is_armed_before_it_begins_and_marked(host):
    result = host.begin()
    assert host.done == ["arm", "begin"]
    assert (result["does"], result["release"], result["ends_by_itself_after"]) == ("breaks", RELEASE, 15)
    assert 0 <= result["lasted"] < 5
    assert host.request["facts"]["id"] == "7b" and host.request["step"] == "undo_drill"
    assert history(host) == [("drill", "begun", "kill: breaks")]
    drill.undo_drill(host.request, None)
    drill.undo_drill(host.request, None)
    assert host.done == ["arm", "begin", "undo"]
    assert history(host)[1:] == [("drill", "ended", "kill")]


def test_check_mode_only_looks(host):
    assert host.begin(check=True)["does"] == "breaks"
    assert host.done == [] and history(host) == []


def test_an_unhealthy_service_is_not_broken_further(host):
    host.healthy = False
    with pytest.raises(drill.Refused, match="unhealthy: answered 503. Nothing was broken"):
        host.begin()
    assert host.done == []


def test_two_drills_at_once_are_one_too_many(host):
    host.armed = True
    with pytest.raises(drill.Refused, match="a drill of orders has not ended"):
        host.begin()


def test_a_release_that_waits_for_its_confirmation_is_left_alone(host):
    (host.root / "unconfirmed").write_text("")
    with pytest.raises(drill.Refused, match="waits for its confirmation"):
        host.begin()


def test_a_fault_that_is_not_possible_here_is_refused(host):
    def plan(live, options):
        raise SlipwayError("it needs nft")

    host.fault.plan = plan
    with pytest.raises(drill.Refused, match="kill was refused: it needs nft"):
        host.begin()


@pytest.mark.parametrize("error", [SlipwayError("nft refused the rules"), OSError(5, "I/O error")])
def test_half_a_fault_is_undone_at_once(host, error):
    host.error = error
    with pytest.raises(drill.Aborted, match="It was undone"):
        host.begin()
    assert host.done == ["arm", "begin", "undo"] and not host.armed


def test_a_bug_is_undone_too(host):
    host.error = KeyError("x")
    with pytest.raises(KeyError):
        host.begin()
    assert host.done == ["arm", "begin", "undo"]


def test_systemd_tries_again_what_could_not_be_undone(host, capsys):
    def undo(facts):
        raise SlipwayError("busy")

    host.begin()
    host.fault.undo = undo
    assert engine.main(host.request, None) == 1
    assert "busy" in wire.result_in(capsys.readouterr().out)["msg"]


def test_what_cannot_be_armed_is_not_broken(host, monkeypatch):
    def arm(app, request, seconds):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(drill.armed, "arm", arm)
    with pytest.raises(drill.Refused, match="No space left on device. Nothing was broken"):
        host.begin()
    assert host.done == [] and history(host) == []


def test_a_host_that_stood_still_for_so_long_that_the_end_came_first_is_whole(host):
    def begin(facts):
        host.done.append("begin")
        host.armed = False

    host.fault.begin = begin
    host.begin()
    assert host.done == ["arm", "begin", "undo"]


@pytest.mark.parametrize("given", [{"fault": "../../x"}, {"seconds": 0}, {"seconds": 601}])
def test_what_is_given_is_checked(host, given):
    with pytest.raises(InvalidInput):
        host.begin(**given)


def test_a_balancer_has_no_service_and_no_history(host):
    (host.root / "releases").rmdir()
    host.healthy = False
    result = host.begin(fault="lost_balancer")
    assert result["release"] is None and host.done == ["arm", "begin"] and history(host) == []
