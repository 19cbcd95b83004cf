# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.filter import drill, logs, observe, run, service, status

STATUS = {
    "unit": {"ActiveState": "active", "NRestarts": 0},
    "log_lost": 0,
    "running": {"release": "orders-1.1.0-bbbb", "intact": True},
    "previous": "orders-1.0.0-aaaa",
    "healthy": True,
    "health_problem": None,
}


@pytest.mark.parametrize(
    "result, cells",
    [
        (STATUS, "orders-1.1.0-bbbb orders-1.0.0-aaaa active 0 0 healthy"),
        (
            dict(STATUS, healthy=False, health_problem="status 500"),
            "orders-1.1.0-bbbb orders-1.0.0-aaaa active 0 0 status 500",
        ),
        (
            dict(STATUS, healthy="False", health_problem="refused", previous="", log_lost=None),
            "orders-1.1.0-bbbb - active 0 - refused",
        ),
        (dict(STATUS, running=None, log_lost="4312"), "- orders-1.0.0-aaaa active 0 4312 healthy"),
        (
            dict(STATUS, running={"release": "", "intact": True}),
            "unknown orders-1.0.0-aaaa active 0 0 healthy",
        ),
        (
            dict(STATUS, running={"release": "orders-1.1.0-bbbb", "intact": False}),
            "orders-1.1.0-bbbb (ALTERED) orders-1.0.0-aaaa active 0 0 healthy",
        ),
        ({"unreachable": True, "msg": "a long text from ssh"}, "unreachable"),
        ({"failed": True, "msg": "there is no such service"}, "there is no such service"),
        ({"failed": True}, "no answer"),
        (None, "unreachable"),
    ],
)
def test_the_status_of_a_host(result, cells):
    lines = status.status_table(["web1"], {"web1": {} if result is None else {"slipway__status": result}})
    assert [" ".join(line.split()) for line in lines] == [
        "HOST RUNNING PREVIOUS STATE RESTARTS LOG LOST HEALTH",
        "web1 " + cells,
    ]


def test_a_long_message_widens_no_column():
    hostvars = {"web1": {"slipway__status": STATUS}, "web2": {"slipway__status": {"msg": "no " * 80}}}
    lines = status.status_table("['web1', 'web2']", hostvars)
    assert len(lines[1]) < 90 and lines[2].startswith("web2  no no")


def test_a_message_of_several_lines_gives_several_lines():
    assert status.status_table(["web1"], {"web1": {"slipway__status": {"msg": "one\ntwo"}}})[1:] == [
        "web1  one",
        "two",
    ]


def certificate(**values):
    found = {
        "path": "/etc/x.pem",
        "not_after": "2027-01-01T00:00:00Z",
        "days_left": 35,
        "domains": ["a.test", "b.test"],
    }
    return {"certificates": [dict(found, **values)]}


@pytest.mark.parametrize(
    "result, cells",
    [
        (certificate(), "35 2027-01-01T00:00:00Z a.test b.test"),
        (certificate(days_left="0"), "0 2027-01-01T00:00:00Z a.test b.test"),
        (certificate(days_left="-3"), "EXPIRED 2027-01-01T00:00:00Z a.test b.test"),
        ({"certificates": [{"path": "/etc/x.pem", "exists": False}]}, "/etc/x.pem: not found"),
        ({"certificates": [{"path": "/etc/x.pem", "problem": "not PEM"}]}, "/etc/x.pem: not PEM"),
        ({"failed": True, "msg": "permission denied"}, "permission denied"),
        ({"unreachable": True}, "unreachable"),
        ({}, "unreachable"),
    ],
)
def test_the_certificate_of_a_host(result, cells):
    lines = status.certificate_table(["web1"], {"web1": {"slipway__certificate": result}})
    assert [" ".join(line.split()) for line in lines[1:]] == ["web1 " + cells]


def test_a_host_without_a_certificate_to_look_at_has_no_line():
    hostvars = {
        "web1": {"slipway__certificate": {"skipped": True}},
        "web2": {"slipway__certificate": certificate()},
    }
    assert [line.split()[0] for line in status.certificate_table(list(hostvars), hostvars)] == [
        "HOST",
        "web2",
    ]


def test_the_servers_of_an_upstream():
    hostvars = {
        "web1": {},
        "web2": {"ansible_host": "192.0.2.2", "slipway_port": "9000"},
        "web3": {"ansible_host": "192.0.2.3", "slipway_address": "2001:db8::3", "slipway_port": 8081},
    }
    assert status.upstream_servers(list(hostvars), hostvars) == [
        {"address": "web1:8080"},
        {"address": "192.0.2.2:9000"},
        {"address": "[2001:db8::3]:8081"},
    ]


def test_every_filter_is_documented():
    folder = Path(status.__file__).parent
    filters = {
        name: each
        for file in (drill, logs, observe, run, service, status)
        for name, each in file.FilterModule().filters().items()
    }
    assert {path.stem for path in folder.glob("*.yml")} == set(filters)
    for name, function in filters.items():
        options = yaml.safe_load((folder / (name + ".yml")).read_text(encoding="utf-8"))["DOCUMENTATION"][
            "options"
        ]
        assert len(options) == function.__code__.co_argcount
        assert set(list(options)[1:]) == set(function.__code__.co_varnames[1 : function.__code__.co_argcount])


# --- where a migration runs -----------------------------------------------------------------------

UP = ["migrate", "up"]


def plan(changed=True, release="2.0.0-123456789012", **more):
    return {"rollout_result": dict({"changed": changed, "release": release, "migrations": []}, **more)}


def migration(max_failures=0, **plans):
    return status.rollout_migration(list(plans), plans, UP, max_failures)
