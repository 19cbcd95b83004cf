# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What release_info says of a host."""

from __future__ import annotations

import os

from .managed_host import GIVE_UP, UNIT, version_of


def test_the_report_of_a_bare_host(host):
    found = host.report()
    assert (found["current"], found["running"], found["healthy"]) == (None, None, None)
    assert (found["releases"], found["history"]) == ([], [])
    assert not os.path.exists(host.root)


def test_the_report_of_a_host_that_serves(served):
    served.deploy("2.0.0")
    before = served.everything()
    found = served.report(health=GIVE_UP)
    assert (version_of(found["current"]), version_of(found["previous"])) == ("2.0.0", "1.0.0")
    assert (found["healthy"], found["sickness"]) == (True, None)
    assert found["unit"]["ActiveState"] == "active"
    assert found["running"]["version"] == "2.0.0" and found["running"]["intact"]
    assert found["running"]["pid"] == served.systemd.pid(UNIT)
    assert [(item["version"], item["outcome"]) for item in found["releases"]] == [
        ("1.0.0", "ok"),
        ("2.0.0", "ok"),
    ]
    assert served.everything() == before


def test_the_report_of_a_host_that_is_unhealthy(served):
    served.behave("1.0.0", "unhealthy")
    found = served.report(health=GIVE_UP)
    assert found["healthy"] is False and "answered 500" in found["sickness"]


def test_the_report_of_a_stopped_service(served):
    served.systemd.run(["systemctl", "stop", UNIT])
    found = served.report(health=GIVE_UP)
    assert (found["running"], found["healthy"], found["sickness"]) == (None, False, "it does not run")


def test_the_report_of_a_host_whose_binary_was_changed(served):
    served.damage()
    assert served.report()["running"]["intact"] is False


def test_the_report_of_releases_that_failed_or_were_only_staged(served):
    served.behave("2.0.0", "crashes")
    served.deploy("2.0.0")
    served.deploy("3.0.0", state="staged")
    outcomes = [(item["version"], item["outcome"]) for item in served.report()["releases"]]
    assert outcomes == [("3.0.0", None), ("1.0.0", "ok"), ("2.0.0", "rejected")]


def test_the_report_gives_as_much_history_as_is_asked_for(served):
    served.deploy("2.0.0")
    assert [version_of(entry["to"]) for entry in served.report(history=1)["history"]] == ["2.0.0"]
    assert served.report(history=0)["history"] == []
