# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real Prometheus and Alertmanager, set up by the playbook observe."""

from __future__ import annotations

import json
import re

import pytest
from support.lab import CommandFailed, wait_for

from .conftest import SECRETS, WEB

# For root alone: what a release is started with, and what its health check sends.
KEPT = re.compile(r"/opt/gin-api/(releases/[^/]+/environment(\.template)?|history\.jsonl)")
# Without the jobs of the configuration that the package brought.
UP = 'up{job=~"slipway_.*"} == 1'


def _rule_groups(observed):
    return observed.get("9090/api/v1/rules")["data"]["groups"]


def labelled(result):
    return {entry["metric"].get("instance"): entry for entry in result}


def test_prometheus_reads_every_target(observed):
    jobs = wait_for("six targets", lambda: len(observed.ask(UP)) == 6 and observed.ask(UP))
    found = sorted((entry["metric"]["job"], entry["metric"]["instance"]) for entry in jobs)
    assert found == [(job, host) for job in ("slipway_app", "slipway_node", "slipway_probe") for host in WEB]


def test_the_start_up_time_is_that_of_the_history(observed):
    live = "slipway_release_ready_seconds and on (instance, release) slipway_release_info"
    current = {host: observed.history(host)[-1] for host in WEB}
    assert {entry["to"].partition("-")[0] for entry in current.values()} == {"1.1.0"}

    def scraped():
        found = labelled(observed.ask(live))
        return {name: entry["metric"]["release"] for name, entry in found.items()} == {
            host: current[host]["to"] for host in WEB
        }

    wait_for("the live releases", scraped)
    for host, entry in labelled(observed.ask(live)).items():
        assert float(entry["value"][1]) == current[host]["ready_ms"] / 1000


def test_the_first_release_is_known_although_the_exporter_came_later(observed):
    expr = 'slipway_acts_total{act="deploy",outcome="ok"} == 2'
    counts = wait_for("two deploys of each host", lambda: len(observed.ask(expr)) == 2 and observed.ask(expr))
    assert sorted(labelled(counts)) == list(WEB)
    releases = observed.ask("count by (instance) (slipway_release_ready_seconds)")
    assert {entry["value"][1] for entry in releases} == {"2"}


def expressions(observed):
    panels = observed.dashboard["panels"]
    found = [(panel["title"], target["expr"]) for panel in panels for target in panel["targets"]]
    found += [(mark["name"], mark["expr"]) for mark in observed.dashboard["annotations"]["list"]]
    return [
        (title, expr.replace("$instance", ".*").replace("$__rate_interval", "10s")) for title, expr in found
    ]


def test_every_panel_has_data(observed):
    for host in WEB:  # requests to show, one of them to a path that is none
        observed.hosts[host].sure("for path in version nothing; do curl -s 127.0.0.1:8080/$path; done")

    def empty():
        # A quantile without requests in its window is no number.
        return [
            title
            for title, expr in expressions(observed)
            if not [entry for entry in observed.ask(expr) if entry["value"][1] != "NaN"]
        ]

    assert len(expressions(observed)) > 15
    last = []

    def full():
        last[:] = empty()
        if last:
            observed.hosts["web1"].sure("curl -s 127.0.0.1:8080/version")
        return not last

    try:
        wait_for("data in every panel", full)
    except CommandFailed:
        raise AssertionError("panels without data: %s" % last) from None


def test_marks_are_at_the_times_of_the_deploys(observed):
    (mark,) = observed.dashboard["annotations"]["list"]
    found = observed.ask(mark["expr"].replace("$instance", ".*"))
    assert sorted(labelled(found)) == list(WEB)
    for host, entry in labelled(found).items():
        asked = observed.hosts[host].sure("date -d %s +%%s" % observed.history(host)[-1]["at"])
        assert float(entry["value"][1]) == int(asked) * 1000


def test_the_rules_are_loaded_and_none_fires_after_a_deploy(observed):
    (group,) = _rule_groups(observed)
    assert len(group["rules"]) == 7
    assert {rule["health"] for rule in group["rules"]} <= {"ok", "unknown"}
    wait_for("an evaluation", lambda: _rule_groups(observed)[0]["lastEvaluation"] > "2001")
    wait_for("no alert", lambda: observed.get("9090/api/v1/alerts")["data"]["alerts"] == [])
    managers = observed.get("9090/api/v1/alertmanagers")["data"]["activeAlertmanagers"]
    assert [manager["url"] for manager in managers] == ["http://127.0.0.1:9093/api/v2/alerts"]


def test_each_wave_had_its_silence_which_ends_by_itself(observed):
    silences = observed.get("9093/api/v2/silences")
    found = {}
    for silence in silences:
        matchers = {matcher["name"]: matcher["value"] for matcher in silence["matchers"]}
        assert matchers["app"] == "gin-api"
        assert matchers["alertname"] == "GinApiDown|GinApiMixed|GinApiRestarting"
        assert silence["endsAt"] > silence["startsAt"] and silence["createdBy"]
        found[matchers["instance"]] = silence["comment"]
    assert sorted(found) == ["web1|", "web2|"]
    assert found["web1|"].startswith("Slipway changes gin-api to 1.1.0-")


def test_a_rollback_has_one_too_and_an_alertmanager_that_is_away_stops_nothing(observed):
    before = len(observed.get("9093/api/v2/silences"))
    observed.sure("slipway.golang.rollback", slipway_waves=["100%"])
    assert len(observed.get("9093/api/v2/silences")) == before + 1
    observed.hosts["mon1"].sure("systemctl stop prometheus-alertmanager")
    try:
        done = observed.play("slipway.golang.rollback", slipway_waves=["100%"])
    finally:
        observed.hosts["mon1"].sure("systemctl start prometheus-alertmanager")
    assert done.code == 0, done.out[-3000:] + done.err[-3000:]
    printed = " ".join((done.out + done.err).split())
    assert "Alertmanager has no silence for web1, web2" in printed
    expr = 'count(slipway_release_info{version="1.1.0"}) == 2'
    wait_for("the release of before the first rollback", lambda: observed.ask(expr))


def test_metrics_are_for_prometheus_alone_and_profiles_for_nobody(observed):
    url = "http://%s:9199" % observed.address["web1"]
    allowed = observed.hosts["mon1"].sure("curl -s --max-time 10 %s/metrics" % url)
    assert "http_request_duration_seconds_count" in allowed
    other = observed.hosts["mon1"].sure("curl -s --max-time 10 %s/debug/pprof/heap?debug=1" % url)
    assert "heap profile" not in other and "http_request_duration_seconds_count" in other
    refused = observed.hosts["web2"].run("curl -s --max-time 10 %s/metrics" % url)
    assert refused.out == ""
    for name in (*WEB, "mon1"):
        assert observed.hosts[name].sure("ss -Hltn '( sport = 6060 )'") == ""


def test_a_bad_rule_is_refused_and_the_old_ones_stay(observed, tmp_path):
    path = "/etc/prometheus/slipway/rules/gin-api.yml"
    before = observed.hosts["mon1"].sure("stat -c %%i %s; cat %s" % (path, path))
    broken = {"groups": [{"name": "a", "rules": [{"alert": "A", "expr": "sum(("}]}]}
    harmless = {"groups": [{"name": "a", "rules": [{"alert": "A", "expr": "up == 7"}]}]}
    checks = [{"eval_time": "1m", "alertname": "A", "exp_alerts": [{}]}]
    failing = {
        "rule_files": ["../rules/gin-api.yml"],
        "tests": [{"interval": "1m", "alert_rule_test": checks}],
    }
    for files, reason in (
        ({"rules": broken}, "parse error"),
        ({"rules": harmless, "rule_tests": failing}, "FAILED"),
    ):
        playbook = tmp_path / "rules.json"
        role = {"role": "slipway.golang.monitoring", "monitoring_app": "gin-api", "monitoring_install": True}
        role.update(monitoring_files=files, monitoring_listen="0.0.0.0")
        playbook.write_text(json.dumps([{"hosts": "mon1", "gather_facts": False, "roles": [role]}]))
        done = observed.play(str(playbook))
        printed = done.out + done.err
        assert done.code != 0
        assert "promtool refuses the rules of gin-api. Nothing was changed" in printed and reason in printed
        assert observed.hosts["mon1"].sure("stat -c %%i %s; cat %s" % (path, path)) == before
    (group,) = _rule_groups(observed)
    assert group["name"] == "slipway-gin-api"
    assert observed.hosts["mon1"].sure("find /tmp -name 'slipway-rules-*'") == ""


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_in_no_metric_no_rule_and_no_other_file(observed, name):
    secret = SECRETS[name]
    assert secret not in observed.console
    for path in observed.directory.rglob("*"):
        assert path == observed.inventory or not path.is_file() or secret.encode() not in path.read_bytes()
    kept = {host: observed.hosts[host].files_with(secret) for host in observed.hosts}
    assert kept["mon1"] == [] and kept["web2"], kept
    assert all(KEPT.fullmatch(path) for host in WEB for path in kept[host]), kept


def test_the_route_is_one_that_alertmanager_accepts(observed):
    observed.hosts["mon1"].sure("amtool check-config /etc/prometheus/slipway/alertmanager/gin-api.yml")


def test_a_removal_leaves_nothing_to_watch(observed):
    observed.sure("slipway.golang.remove")
    for name in WEB:
        left = "ls /var/lib/prometheus/node-exporter /etc/systemd/system | grep gin-api"
        assert observed.hosts[name].run(left).out == ""
    assert observed.hosts["mon1"].sure("find /etc/prometheus/slipway -type f") == ""
    wait_for("a Prometheus without rules", lambda: _rule_groups(observed) == [])
