# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of release_info."""

from __future__ import annotations

import os
import time

from ansible_collections.slipway.golang.plugins.module_utils.common import health
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.common.health import probe
from ansible_collections.slipway.golang.plugins.module_utils.host.systemd import journal

from .managed_host import GIVE_UP, UNIT, version_of


def test_a_bare_host(host):
    found = host.info()
    assert (found["current"], found["running"], found["healthy"]) == (None, None, None)
    assert (found["releases"], found["history"]) == ([], [])
    assert not os.path.exists(host.root)


def test_a_host_that_serves(served):
    served.deploy("2.0.0")
    before = served.everything()
    found = served.info(health=GIVE_UP)
    assert (version_of(found["current"]), version_of(found["previous"])) == ("2.0.0", "1.0.0")
    assert (found["healthy"], found["health_problem"]) == (True, None)
    assert found["unit"]["ActiveState"] == "active"
    assert found["running"]["version"] == "2.0.0" and found["running"]["intact"]
    assert found["running"]["pid"] == served.systemd.pid(UNIT)
    assert [(item["version"], item["outcome"]) for item in found["releases"]] == [
        ("1.0.0", "ok"),
        ("2.0.0", "ok"),
    ]
    assert served.everything() == before


def test_without_health_options_the_port_of_the_release_is_checked(served):
    found = served.info(health=None)
    assert (found["healthy"], found["health_problem"]) == (True, None)


def test_an_unhealthy_host(served):
    served.behave("1.0.0", "unhealthy")
    found = served.info(health=GIVE_UP)
    assert found["healthy"] is False and "answered 500" in found["health_problem"]


def test_a_late_answer_of_a_busy_host(served, monkeypatch):
    answers = [health.Attempt(False, "did not answer within 1 s"), health.Attempt(True)]
    monkeypatch.setattr(probe, "probe", lambda check, release, deadline: answers.pop(0))
    assert served.info(health=dict(GIVE_UP, failure_threshold=2))["healthy"] is True
    assert answers == []


def test_what_journald_dropped_is_counted_if_it_is_asked_for(served, monkeypatch):
    def dropped(units, since):
        assert "%s.service" % units[0].partition(".")[0] == UNIT and 0 <= time.time() - 86400 - since < 60
        return 4312

    monkeypatch.setattr(journal, "dropped", dropped)
    assert served.info(log_lost=True)["log_lost"] == 4312
    assert served.info()["log_lost"] is None


def test_a_journal_that_cannot_be_asked_is_no_failure(served, monkeypatch):
    def dropped(units, since):
        raise SlipwayError("journalctl failed")

    monkeypatch.setattr(journal, "dropped", dropped)
    found = served.info(log_lost=True)
    assert found["log_lost"] is None and found["healthy"] is not None


def test_a_stopped_service(served):
    served.systemd.run(["systemctl", "stop", UNIT])
    found = served.info(health=GIVE_UP)
    assert (found["running"], found["healthy"], found["health_problem"]) == (None, False, "it does not run")


def test_a_binary_that_was_changed(served):
    served.damage()
    assert served.info()["running"]["intact"] is False


def test_releases_that_failed_or_were_only_staged(served):
    served.behave("2.0.0", "crashes")
    served.deploy("2.0.0")
    served.deploy("3.0.0", state="staged")
    outcomes = [(item["version"], item["outcome"]) for item in served.info()["releases"]]
    assert outcomes == [("3.0.0", None), ("1.0.0", "ok"), ("2.0.0", "rejected")]


def test_the_history_is_as_long_as_requested(served):
    served.deploy("2.0.0")
    assert [version_of(entry["to"]) for entry in served.info(history=1)["history"]] == ["2.0.0"]
    assert served.info(history=0)["history"] == []
