# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which alerts there are, and of what. That each fires in its case: tests/system/metrics."""

from __future__ import annotations

import re

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils.observe import rules

from .services import FULL, alerts, files

ALL = ["Down", "Mixed", "Restarting", "Errors", "Slow", "NearMemoryMax", "StartsSlowly", "CertificateEnds"]


def test_a_service_with_everything_has_every_alert():
    assert list(alerts(**FULL)) == ["Orders" + name for name in ALL]


@pytest.mark.parametrize(
    "given, missing",
    [
        ({}, ["Errors", "Slow", "NearMemoryMax", "CertificateEnds"]),
        (
            {"slipway_health": {"type": "none"}},
            ["Down", "Errors", "Slow", "NearMemoryMax", "CertificateEnds"],
        ),
        (dict(FULL, slipway_tls=False), ["CertificateEnds"]),
        (dict(FULL, slipway_unit={"memory_max": "50%"}), ["NearMemoryMax"]),
        (dict(FULL, slipway_unit={}), ["NearMemoryMax"]),
    ],
    ids=str,
)
def test_an_alert_without_its_metrics_is_left_out(given, missing):
    assert list(alerts(**given)) == ["Orders" + name for name in ALL if name not in missing]


def test_the_name_of_an_app_begins_the_names_of_its_alerts():
    assert "OrdersApi2Mixed" in alerts(app="orders-api_2")


def test_every_alert_says_what_is_wrong_and_which_playbook_helps():
    for rule in alerts(**FULL).values():
        assert rule["labels"]["app"] == "orders" and rule["labels"]["severity"] in ("page", "ticket")
        assert re.match(
            "ansible-playbook slipway.golang.(status|rollback|deploy|setup) ", rule["annotations"]["command"]
        )
        # By labels that the expression keeps: others would be empty.
        for label in re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]):
            assert re.search(r"by \([^)]*\b%s\b" % label, rule["expr"]), rule


def test_the_limit_is_that_of_the_unit():
    assert alerts(**FULL)["OrdersNearMemoryMax"]["expr"].endswith("> %d" % (512 * 1024 * 1024 * 0.9))


def test_a_mixture_is_normal_for_as_long_as_a_soak_lasts():
    assert alerts()["OrdersMixed"]["for"] == "900s"
    assert alerts(slipway_soak_seconds=600)["OrdersMixed"]["for"] == "1500s"


def test_the_objective_is_the_users():
    assert "> 0.0144" in alerts(**FULL)["OrdersErrors"]["expr"]
    chosen = {"port": 9101, "objective": 99, "min_requests": 7, "slower_than": 0.25}
    given = alerts(**{**FULL, "slipway_metrics": chosen})
    assert "> 0.144" in given["OrdersErrors"]["expr"] and ">= 7" in given["OrdersErrors"]["expr"]
    assert r'le=~"0\\.25"' in given["OrdersSlow"]["expr"]
    assert r'le=~"1(\\.0)?"' in alerts(**FULL)["OrdersSlow"]["expr"]


def test_a_wave_silences_what_it_may_trip_and_no_errors():
    assert rules.silenced("Orders") == ["OrdersDown", "OrdersMixed", "OrdersRestarting"]
    assert set(rules.silenced("Orders")) < set(alerts(**FULL))


def test_there_is_a_test_for_every_alert_and_for_what_is_normal():
    content = files(**FULL)["rule_tests"]
    assert content["rule_files"] == ["../rules/orders.yml"]
    titles = [case["name"] for case in content["tests"]]
    for name in alerts(**FULL):
        assert any(title.startswith(name + " fires") for title in titles), name
    assert [title for title in titles if title.startswith("silent")] == [
        "silent: a deploy, host by host",
        "silent: a rollback, host by host",
        "silent: a night with one error in 20 requests",
    ]
    # In every case it is known of every alert whether it fires.
    for case in content["tests"]:
        assert {check["alertname"] for check in case["alert_rule_test"]} == set(alerts(**FULL))


def test_a_test_expects_the_text_that_people_read():
    content = files(**FULL)["rule_tests"]
    (case,) = [case for case in content["tests"] if case["name"] == "OrdersStartsSlowly fires"]
    (expected,) = [check["exp_alerts"] for check in case["alert_rule_test"] if check["exp_alerts"]]
    assert "1.4.0-d on web1 took" in expected[0]["exp_annotations"]["summary"]


def test_the_route_is_of_this_app_and_what_is_down_has_no_errors_beside():
    config = files(**FULL)["alertmanager"]
    (route,) = config["route"]["routes"]
    assert route["matchers"] == ['app="orders"']
    assert {receiver["name"] for receiver in config["receivers"]} == {
        route["receiver"],
        config["route"]["receiver"],
    }
    named = re.findall(r"Orders\w+", str(config["inhibit_rules"]))
    assert set(named) <= set(alerts(**FULL))
