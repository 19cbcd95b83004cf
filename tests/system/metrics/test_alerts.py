# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The alerts of services of several kinds, and their tests, by the distribution's promtool."""

from __future__ import annotations

import copy
import io
import tarfile

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.plugin_utils import variables
from ansible_collections.slipway.golang.plugins.plugin_utils.observe.files import files
from ansible_collections.slipway.golang.plugins.plugin_utils.observe.service import Service

# In one execution: there are many cases.
PROMTOOL = (
    "rm -rf /tmp/promtool && mkdir /tmp/promtool && cd /tmp/promtool && tar -x && "
    "promtool check rules rules/*.yml && promtool test rules rule_tests/*.yml"
)
SERVICES = {
    "everything": {
        "slipway_domain": "orders.example.com",
        "slipway_unit": {"memory_max": "512M"},
        "slipway_metrics": {"socket": "pprof.sock"},
    },
    "a soak of an hour, and another objective": {
        "slipway_soak_seconds": 3600,
        "slipway_metrics": {"port": 9101, "objective": 99, "slower_than": 0.5, "min_requests": 200},
    },
    "no metrics of its own": {"slipway_domain": "orders.example.com"},
    "nothing": {"slipway_health": {"type": "none"}},
}


def described(name):
    values, problems = variables.read(
        {"slipway_app": "orders-api", **SERVICES[name]}, lambda value: value, "/inventory"
    )
    assert problems == []
    hosts = {name: dict(values, address="10.0.0.1", group="web") for name in ("web1", "web2")}
    return files(Service("orders-api", hosts, {}))


@pytest.fixture
def promtool(observed):
    """A function: how promtool ends with these rules and their tests."""

    def run(found):
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for part in ("rules", "rule_tests"):
                content = yaml.safe_dump(found[part]).encode()
                member = tarfile.TarInfo(part + "/orders-api.yml")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        return observed.hosts["mon1"].run(PROMTOOL, data=archive.getvalue())

    return run


@pytest.mark.parametrize("name", SERVICES)
def test_each_alert_fires_in_its_case_and_none_in_what_is_normal(promtool, name):
    done = promtool(described(name))
    assert done.code == 0, done


# What an alert is for, taken out of it: a test has to notice each.
WEAKENED = {
    "Down": ("probe_success", "probe_gone"),
    "Mixed": ("> 1", "> 2"),
    "Restarting": (">= 3", ">= 300"),
    "Errors": ('status=~"5.."', 'status=~"6.."'),
    "Slow": ("_bucket{", "_gone{"),
    "NearMemoryMax": ("process_resident", "process_virtual"),
    "StartsSlowly": ("> 1 and", "> 100 and"),
    "CertificateEnds": ("time() <", "time() < -"),
}


@pytest.mark.parametrize("name", WEAKENED)
def test_an_alert_that_lost_its_point_fails_its_test(promtool, name):
    found, rule = with_cases("%s fires", name)
    before, after = WEAKENED[name]
    assert before in rule["expr"]
    rule["expr"] = rule["expr"].replace(before, after)
    assert_refused(promtool(found), rule)


@pytest.mark.parametrize("name", ["Down", "Mixed"])
def test_an_alert_without_its_patience_fires_during_a_deploy(promtool, name):
    found, rule = with_cases("silent: a deploy", name)
    rule["for"] = "0s"
    assert_refused(promtool(found), rule)


def test_an_alert_without_its_least_number_of_errors_fires_at_night(promtool):
    found, rule = with_cases("silent: a night", "Errors")
    assert ">= 5 and" in rule["expr"]
    rule["expr"] = rule["expr"].replace(">= 5 and", ">= 0 and")
    assert_refused(promtool(found), rule)


def with_cases(title, name):
    """The files with these cases only, and one of their alerts, to change it."""
    found = copy.deepcopy(described("everything"))
    (group,) = found["rules"]["groups"]
    (rule,) = [rule for rule in group["rules"] if rule["alert"] == "OrdersApi" + name]
    title = title % rule["alert"] if "%" in title else title
    found["rule_tests"]["tests"] = [
        case for case in found["rule_tests"]["tests"] if case["name"].startswith(title)
    ]
    assert found["rule_tests"]["tests"]
    return found, rule


def assert_refused(done, rule):
    assert done.code != 0 and "alertname: " + rule["alert"] in done.out + done.err, done
