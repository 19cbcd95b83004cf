# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.filter import rollout, service

OK = {
    "failed": False,
    "changed": True,
    "outcome": "ok",
    "from": "orders-1.0.0-aaaa",
    "current": "orders-1.1.0-bbbb",
    "ready_ms": 12,
    "phases": {"stage": 400, "switch": 840},
}
UNCHANGED = dict(OK, changed=False, current=OK["from"], ready_ms=None, phases={"probe": 40})
BACK = dict(OK, current=OK["from"], **{"from": OK["current"]})
# What check mode registers: what would change, and nothing that took time.
ASKED_ONLY = {
    "failed": False,
    "changed": True,
    "outcome": "ok",
    "from": "orders-1.0.0-aaaa",
    "current": "orders-1.0.0-aaaa",
    "release": "orders-1.1.0-bbbb",
}


def failed(outcome, **others):
    return dict(OK, failed=True, outcome=outcome, msg="because", **others)


def row_of(result, forward=None, check_mode=False):
    """The row of one host that was reached."""
    variables = {"rollout_result": result, "slipway__forward_result": forward}
    reverting = ["web1"] if forward else []
    return rollout.rollout_rows(["web1"], {"web1": variables}, ["web1"], reverting, check_mode)[0]


@pytest.mark.parametrize(
    "result, outcome",
    [
        (OK, "ok"),
        (UNCHANGED, "unchanged"),
        (failed("rejected"), "rejected"),
        (failed("reverted"), "reverted"),
        (failed("down"), "down"),
        (failed("unhealthy"), "unhealthy"),
        (failed("failed"), "failed"),
        (failed("ok"), "failed"),
        ({"failed": True, "msg": "because"}, "failed"),
        ({"unreachable": True, "msg": "because"}, "unreachable"),
    ],
)
def test_the_outcome_of_a_host_that_was_reached(result, outcome):
    row = row_of(result)
    assert row["outcome"] == outcome
    assert row["failed"] == (outcome not in ("ok", "unchanged"))
    assert row["why"] == ("because" if row["failed"] else "")
    assert not row["rolled_back"]


def test_a_row_has_the_releases_and_the_times():
    assert row_of(OK) == {
        "host": "web1",
        "from": "orders-1.0.0-aaaa",
        "to": "orders-1.1.0-bbbb",
        "outcome": "ok",
        "failed": False,
        "rolled_back": False,
        "ready_ms": 12,
        "seconds": 1.2,
        "why": "",
    }


def test_a_first_deploy_has_no_release_before():
    assert row_of(dict(OK, **{"from": None}))["from"] == ""


def test_hosts_of_later_waves_are_not_reached_and_have_not_failed():
    hostvars = {"web1": {"rollout_result": OK}, "web2": {"rollout_result": failed("down")}, "web3": {}}
    rows = rollout.rollout_rows(list(hostvars), hostvars, ["web1"])
    assert [row["outcome"] for row in rows] == ["ok", "not reached", "not reached"]
    assert [row["failed"] for row in rows] == [False, False, False]
    # An earlier rollout of the same run may have left a result: it is not this one's.
    assert rows[1]["why"] == "" and rows[1]["from"] == ""


def test_a_reached_host_without_a_result_is_unreachable():
    row = rollout.rollout_rows(["web1"], {"web1": {}}, ["web1"])[0]
    assert row["outcome"] == "unreachable" and row["failed"]


def test_a_host_that_was_not_drained_failed():
    row = row_of(ASKED_ONLY)
    assert row["outcome"] == "failed" and row["failed"]
    assert row["why"] == "it was not taken out of the balance: nothing was released here"


def test_check_mode_says_what_would_change():
    row = row_of(ASKED_ONLY, check_mode=True)
    assert (row["outcome"], row["failed"]) == ("would change", False)
    assert (row["from"], row["to"]) == ("orders-1.0.0-aaaa", "orders-1.1.0-bbbb")


def test_check_mode_of_what_would_not_change_and_of_what_would_be_refused():
    row = row_of(dict(ASKED_ONLY, changed=False), check_mode=True)
    assert (row["outcome"], row["to"]) == ("unchanged", "orders-1.0.0-aaaa")
    row = row_of(dict(ASKED_ONLY, failed=True, outcome="rejected", msg="because"), check_mode=True)
    assert (row["outcome"], row["failed"], row["why"]) == ("rejected", True, "because")


def test_rolled_back_after_a_good_release():
    row = row_of(BACK, forward=OK)
    assert (row["outcome"], row["failed"], row["rolled_back"]) == ("rolled back", False, True)
    assert (row["from"], row["to"], row["why"]) == (OK["from"], OK["from"], "")


def test_rolled_back_after_a_release_that_became_unhealthy():
    row = row_of(BACK, forward=failed("unhealthy"))
    assert (row["outcome"], row["failed"], row["rolled_back"]) == ("rolled back", True, True)
    assert row["why"] == "because"


def test_a_rollback_that_fails_gives_its_own_reason():
    row = row_of(dict(BACK, failed=True, outcome="down", msg="the old one fails too"), forward=OK)
    assert (row["outcome"], row["failed"], row["rolled_back"]) == ("down", True, True)
    assert row["why"] == "the old one fails too"


def test_a_result_of_an_earlier_rollback_is_not_read():
    hostvars = {"web1": {"rollout_result": OK, "slipway__forward_result": failed("unhealthy")}}
    assert rollout.rollout_rows(["web1"], hostvars, ["web1"])[0]["outcome"] == "ok"


def test_text_in_place_of_lists_truths_and_numbers():
    result = dict(OK, failed="False", changed="true", phases={"stage": "400", "switch": "840"}, ready_ms="12")
    hostvars = {"web1": {"rollout_result": result}, "web2": {"rollout_result": dict(result, failed="1")}}
    rows = rollout.rollout_rows("['web1', 'web2']", hostvars, "['web1', 'web2']", "[]", "False")
    assert [row["outcome"] for row in rows] == ["ok", "failed"]
    assert [row["failed"] for row in rows] == [False, True]
    assert rows[0]["seconds"] == 1.2
    assert rollout.rollout_rows(["web1"], hostvars, "", "")[0]["outcome"] == "not reached"
    unfinished = {"web1": {"rollout_result": dict(ASKED_ONLY, changed="True", failed="false")}}
    assert rollout.rollout_rows(["web1"], unfinished, ["web1"], check_mode="false")[0]["outcome"] == "failed"
    row = rollout.rollout_rows(["web1"], unfinished, ["web1"], check_mode="true")[0]
    assert row["outcome"] == "would change"


def fleet():
    """Four hosts: two waves of two. The first of the second wave failed by itself."""
    results = {"web1": OK, "web2": UNCHANGED, "web3": failed("reverted", current=OK["from"]), "web4": OK}
    hostvars = {host: {"rollout_result": result} for host, result in results.items()}
    return rollout.rollout_rows(list(results), hostvars, list(results))


@pytest.mark.parametrize(
    "max_failures, on_failure, found",
    [
        (0, "halt", []),
        (0, "revert_wave", ["web4"]),
        (0, "revert_all", ["web1", "web4"]),
        (1, "revert_all", []),
        ("0", "revert_all", ["web1", "web4"]),
        ("1", "revert_all", []),
    ],
)
def test_the_hosts_that_go_back_when_the_budget_is_exceeded(max_failures, on_failure, found):
    assert rollout.rollout_reverts(fleet(), max_failures, on_failure, ["web3", "web4"]) == found
    assert rollout.rollout_reverts(fleet(), max_failures, on_failure, "['web3', 'web4']") == found


@pytest.mark.parametrize("on_failure", ["halt", "revert_wave", "revert_all"])
def test_an_unhealthy_host_goes_back_within_the_budget_too(on_failure):
    rows = [
        dict(row_of(failed("unhealthy")), failed="True"),
        dict(row_of(OK), host="web2", rolled_back="False"),
    ]
    assert rollout.rollout_reverts(rows, 1, on_failure, []) == ["web1"]


def test_a_host_without_an_old_release_or_rolled_back_already_stays():
    first = row_of(failed("unhealthy", **{"from": ""}))
    unknown = row_of(failed("unhealthy", current=""))
    back = dict(row_of(failed("unhealthy")), rolled_back="True")
    assert rollout.rollout_reverts([first, unknown, back], 0, "revert_all", ["web1"]) == []


def test_the_columns_of_a_table_are_as_wide_as_their_content():
    long = "orders-1.25.0-rc.1+build.20261127-0123456789ab"
    rows = [row_of(OK), dict(row_of(dict(OK, current=long)), host="web2.eu-central.example.com"), row_of({})]
    lines = rollout.rollout_table(rows)
    assert lines[0].split() == ["HOST", "FROM", "TO", "OUTCOME", "READY", "MS", "SECONDS"]
    for heading in ("FROM", "TO", "OUTCOME", "READY MS", "SECONDS"):
        column = lines[0].index(heading)
        assert all(line[column - 2 : column] == "  " and line[column] != " " for line in lines)
    assert lines[3].split() == ["web1", "-", "-", "unreachable", "-", "0.0"]


def test_a_table_of_rows_whose_missing_time_is_text():
    assert rollout.rollout_table([dict(row_of(OK), ready_ms="")])[1].split()[4] == "-"


STATUS = {
    "unit": {"ActiveState": "active", "NRestarts": 0},
    "running": {"release": "orders-1.1.0-bbbb", "intact": True},
    "previous": "orders-1.0.0-aaaa",
    "healthy": True,
    "health_problem": None,
}


@pytest.mark.parametrize(
    "result, cells",
    [
        (STATUS, "orders-1.1.0-bbbb orders-1.0.0-aaaa active 0 healthy"),
        (
            dict(STATUS, healthy=False, health_problem="status 500"),
            "orders-1.1.0-bbbb orders-1.0.0-aaaa active 0 status 500",
        ),
        (
            dict(STATUS, healthy="False", health_problem="refused", previous=""),
            "orders-1.1.0-bbbb - active 0 refused",
        ),
        (dict(STATUS, running=None), "- orders-1.0.0-aaaa active 0 healthy"),
        (dict(STATUS, running={"release": "", "intact": True}), "unknown orders-1.0.0-aaaa active 0 healthy"),
        (
            dict(STATUS, running={"release": "orders-1.1.0-bbbb", "intact": False}),
            "orders-1.1.0-bbbb (ALTERED) orders-1.0.0-aaaa active 0 healthy",
        ),
        ({"unreachable": True, "msg": "a long text from ssh"}, "unreachable"),
        ({"failed": True, "msg": "there is no such service"}, "there is no such service"),
        ({"failed": True}, "no answer"),
        (None, "unreachable"),
    ],
)
def test_the_status_of_a_host(result, cells):
    lines = rollout.status_table(["web1"], {"web1": {} if result is None else {"slipway__status": result}})
    assert [" ".join(line.split()) for line in lines] == [
        "HOST RUNNING PREVIOUS STATE RESTARTS HEALTH",
        "web1 " + cells,
    ]


def test_a_long_message_widens_no_column():
    hostvars = {"web1": {"slipway__status": STATUS}, "web2": {"slipway__status": {"msg": "no " * 80}}}
    lines = rollout.status_table("['web1', 'web2']", hostvars)
    assert len(lines[1]) < 90 and lines[2].startswith("web2  no no")


def test_a_message_of_several_lines_gives_several_lines():
    assert rollout.status_table(["web1"], {"web1": {"slipway__status": {"msg": "one\ntwo"}}})[1:] == [
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
    lines = rollout.certificate_table(["web1"], {"web1": {"slipway__certificate": result}})
    assert [" ".join(line.split()) for line in lines[1:]] == ["web1 " + cells]


def test_a_host_without_a_certificate_to_look_at_has_no_line():
    hostvars = {
        "web1": {"slipway__certificate": {"skipped": True}},
        "web2": {"slipway__certificate": certificate()},
    }
    assert [line.split()[0] for line in rollout.certificate_table(list(hostvars), hostvars)] == [
        "HOST",
        "web2",
    ]


def test_the_servers_of_an_upstream():
    hostvars = {
        "web1": {},
        "web2": {"ansible_host": "192.0.2.2", "slipway_port": "9000"},
        "web3": {"ansible_host": "192.0.2.3", "slipway_address": "2001:db8::3", "slipway_port": 8081},
    }
    assert rollout.upstream_servers(list(hostvars), hostvars) == [
        {"address": "web1:8080"},
        {"address": "192.0.2.2:9000"},
        {"address": "[2001:db8::3]:8081"},
    ]
    assert [server["address"] for server in rollout.upstream_servers(list(hostvars), hostvars, port=80)] == [
        "web1:80",
        "192.0.2.2:80",
        "[2001:db8::3]:80",
    ]


def test_every_filter_is_documented():
    folder = Path(rollout.__file__).parent
    filters = {**rollout.FilterModule().filters(), **service.FilterModule().filters()}
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
    return rollout.rollout_migration(list(plans), plans, UP, max_failures)


def test_a_migration_runs_on_the_first_host_that_would_change():
    found = migration(web1=plan(changed=False), web2=plan(release="2.0.0-aaaaaaaaaaaa"), web3=plan())
    assert (found["host"], found["release"]) == ("web2", "2.0.0-aaaaaaaaaaaa")
    assert found["problem"] == "" and found["failed"] == []


def test_nothing_is_migrated_where_nothing_changes():
    assert migration(web1=plan(changed=False), web2=plan(changed=False))["host"] == ""


@pytest.mark.parametrize("host", ["web1", "web2"])
def test_a_migration_that_a_host_remembers_does_not_run_again(host):
    """An earlier rollout of the release migrated, and then failed on one of its hosts."""
    plans = {"web1": plan(changed=False), "web2": plan(), host: plan(migrations=[["seed"], UP])}
    assert migration(**plans)["host"] == ""


def test_another_migration_that_a_host_remembers_is_no_reason():
    assert migration(web1=plan(migrations=[["migrate", "down"]]))["host"] == "web1"


@pytest.mark.parametrize("result", [{"failed": True, "msg": "no"}, {"unreachable": True}, None])
def test_a_host_that_would_be_refused_stops_the_rollout_before_the_migration(result):
    plans = {"web1": plan(), "web2": {"rollout_result": result} if result else {}}
    found = migration(**plans)
    assert found["host"] == "" and found["failed"] == ["web2"]
    assert found["problem"].startswith(
        "1 of 2 hosts cannot be deployed to, and slipway_max_failures is 0: web2"
    )
    assert migration(1, **plans)["host"] == "web1"


def test_a_host_with_a_problem_does_not_migrate():
    assert (
        migration(1, web1={"rollout_result": {"failed": True, "changed": True}}, web2=plan())["host"]
        == "web2"
    )


def test_a_migration_is_found_in_what_older_controllers_render_as_text():
    plans = {"web1": {"rollout_result": {"changed": "True", "release": "r", "migrations": "[]"}}}
    found = rollout.rollout_migration("['web1']", plans, "['migrate', 'up']", "0")
    assert found["host"] == "web1"


@pytest.mark.parametrize("outcome", ["rejected", "reverted", "down", "unconfirmed", "unknown", "failed"])
def test_an_outcome_is_a_failure_although_the_task_did_not_fail(outcome):
    """The tasks of the playbooks do not fail, so that each failure is printed once."""
    row = row_of(dict(OK, outcome=outcome, msg="because"))
    assert (row["outcome"], row["failed"], row["why"]) == (outcome, True, "because")
    back = row_of(BACK, forward=dict(OK, outcome=outcome, msg="because"))
    assert (back["outcome"], back["failed"], back["why"]) == ("rolled back", True, "because")


def test_failures_are_printed_whole():
    rows = [
        {"host": "web1", "outcome": "down", "why": "it is\n  whole"},
        {"host": "web2", "outcome": "failed", "why": ""},
    ]
    assert rollout.rollout_failures(rows) == [
        "web1: down: it is",
        "  whole",
        "web2: failed: it gave no reason",
    ]
    assert rollout.rollout_failures([]) == []


def test_columns_stay_aligned_with_the_longest_versions():
    long = "v" + "1" * 63
    hostvars = {
        "a": {"rollout_result": dict(OK, current=long + "-0a1b2c3d4e5f")},
        "web-with-a-long-name.example.com": {
            "rollout_result": dict(OK, **{"from": long + "-111111111111", "ready_ms": None})
        },
    }
    table = rollout.rollout_table(rollout.rollout_rows(list(hostvars), hostvars, list(hostvars)))
    for heading in ("FROM", "TO", "OUTCOME", "READY MS", "SECONDS"):
        place = table[0].index(heading)
        assert all(line[place - 2 : place] == "  " and line[place] != " " for line in table), heading
    assert long + "-0a1b2c3d4e5f" in table[1] and long + "-111111111111" in table[2]
