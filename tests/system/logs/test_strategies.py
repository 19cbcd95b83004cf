# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the strategy is, nobody has to know the names of units; and what was there before Slipway."""

from __future__ import annotations

import re

import pytest
from support import lab

from .conftest import PORT, Controller, Service

# What journald wrote down about the lines of a service.
IDENTIFIERS = "journalctl --quiet --output=json --output-fields=SYSLOG_IDENTIFIER,_EXE %s | grep /releases/"
BY_HAND = """[Service]
ExecStart=/usr/local/bin/legacy
Environment=PORT=8063
User=talk
[Install]
WantedBy=multi-user.target
"""


# Each host has another app, with another strategy.
APPS = {
    "edge1": {
        "slipway_app": "pair",
        "slipway_port": PORT + 1,
        "slipway_alternate_port": PORT + 11,
        "slipway_strategy": "blue_green",
        "slipway_domain": "pair.test",
        "slipway_tls": False,
    },
    "web1": {"slipway_app": "door", "slipway_port": PORT + 2, "slipway_strategy": "socket"},
    "web2": {"slipway_app": "legacy", "slipway_port": PORT + 3, "slipway_adopt": True},
}
SAY_TO_PAIR = "curl -sSf -H 'Host: pair.test' --data-binary 'I am %s' http://127.0.0.1/say"


@pytest.fixture(scope="module")
def logged(counted, hosts, tmp_path_factory):
    """The rows of each host, and what is printed: three apps that spoke before and after deploys."""
    web2, legacy = hosts["web2"], Service(hosts["web2"], PORT + 3)
    web2.sure("cp /opt/talk/current/bin/talk /usr/local/bin/legacy")
    web2.write("/etc/systemd/system/legacy.service", BY_HAND)
    web2.sure("systemctl daemon-reload && systemctl enable --now legacy")
    web2.sure("until curl -sSf http://127.0.0.1:8063/healthz; do sleep 0.1; done 2>/dev/null")
    legacy.say("before")
    controller = Controller(tmp_path_factory.mktemp("apps"))
    controller.use(APPS)
    controller.sure("setup", "--limit", "edge1")
    controller.deploy("1.0.0")
    legacy.say("after")
    Service(hosts["web1"], PORT + 2).say("hello")
    hosts["edge1"].sure(SAY_TO_PAIR % "1.0.0")
    controller.deploy("2.0.0", "--limit", "edge1")
    hosts["edge1"].sure(SAY_TO_PAIR % "2.0.0" + " && journalctl --sync")
    rows = controller.rows()
    return {name: [row for row in rows if row.get("host") == name] for name in APPS}, controller.logs()


def said(rows):
    """(message, version of the release, kind) of each row about the service itself."""
    return [
        (row["message"], (row["release"] or "none").rpartition("-")[0] or "none", row["kind"])
        for row in rows
        if row["kind"] in ("line", "unit")
    ]


def test_both_instances_of_blue_green_are_in_one_log(logged, hosts):
    found = said(logged[0]["edge1"])
    assert [row for row in found if row[2] == "line"] == [
        ("I am 1.0.0", "1.0.0", "line"),
        ("ended", "1.0.0", "line"),
        ("I am 2.0.0", "2.0.0", "line"),
    ]
    assert {version for message, version, kind in found if "pair@" in message} >= {"1.0.0", "2.0.0"}
    # With its ids: the other apps have a 1.0.0 too.
    assert re.search(r"edge1 deploy 1\.0\.0-[0-9a-f]{12} → 2\.0\.0 ok, ready in ", logged[1]), logged[1]
    _named_after_the_app(hosts["edge1"], "pair", "--unit=pair@*")


def test_a_socket_is_part_of_the_log(logged, hosts):
    found = said(logged[0]["web1"])
    assert ("hello", "1.0.0", "line") in found
    assert any("door.socket" in message and kind == "unit" for message, dummy, kind in found)
    _named_after_the_app(hosts["web1"], "door", "--unit=door")


def test_one_that_was_taken_over_has_lines_of_no_release_before(logged):
    lines = [row for row in said(logged[0]["web2"]) if row[2] == "line"]
    # The last line of the old process may have the invocation of the new one in the journal.
    assert lines == [("before", "none", "line"), ("ended", "none", "line"), ("after", "1.0.0", "line")]


def test_a_process_that_ended_at_once_has_its_release_from_the_history(counted, hosts):
    """journald looks at a process at most once a second: of one that panics it may know no program."""
    options = {"slipway_app": "crash", "slipway_port": None, "slipway_unit": {"user": "talk"}}
    options.update(slipway_build={"package": "./cmd/panic", "go": lab.find_go()}, slipway_stamp={})
    done = counted.play("deploy", "--limit", "web1", slipway_version="4.0.0", slipway_smoke=False, **options)
    assert done.code != 0 and "panic: " in done.out, done.out[-3000:]
    rows = counted.rows("--limit", "web1", **options)
    lines = [row for row in rows if row["kind"] == "line"]
    assert any(row["message"].startswith("panic: ") and row["level"] == "fatal" for row in lines), rows[-5:]
    assert all(row["release"].startswith("4.0.0-") for row in lines)
    (act,) = [row for row in rows if row["kind"] == "act"]
    assert act["outcome"] == "down" and "4.0.0" in act["to"]


def _named_after_the_app(host, app, match):
    """SyslogIdentifier= is not needed: the program has the app's name in every release."""
    for line in host.sure(IDENTIFIERS % match).splitlines():
        assert '"SYSLOG_IDENTIFIER":"%s"' % app in line
