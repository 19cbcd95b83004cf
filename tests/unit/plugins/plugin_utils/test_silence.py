# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The silence before a wave, sent to a server on loopback that answers as Alertmanager does, or worse."""

from __future__ import annotations

import contextlib
import datetime
import http.server
import json
import re
import socket
import threading

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils import fleet, silence, variables

NOW = datetime.datetime(2026, 11, 20, 22, 31, 7, tzinfo=datetime.timezone.utc)


def settings(**given):
    metrics = {"alertmanager": "http://mon1:9093"}
    values, problems = variables.read(
        {"slipway_app": "orders", "slipway_metrics": metrics, **given}, lambda value: value, "/inventory"
    )
    assert problems == []
    services = {"web1": values, "web2": values}
    return fleet.settings(services, services)["orders"]


def account(**given):
    rows = {host: {"app": "orders", "to": "1.4.2-0a1b2c3d4e5f"} for host in ("web1", "web2.example.com")}
    return {"apps": {"orders": settings(**given)}, "rows": rows}


def wave(hosts=("web1", "web2.example.com"), **given):
    return silence.wave(account(**given), "orders", list(hosts), "ann@laptop", NOW)


def matched(silenced, **labels):
    """Whether Alertmanager would keep this alert back."""
    for matcher in silenced["matchers"]:
        value = labels.get(matcher["name"], "")
        pattern = matcher["value"] if matcher["isRegex"] else re.escape(matcher["value"])
        if not re.fullmatch(pattern, value):
            return False
    return True


def test_it_is_for_these_hosts_and_these_alerts():
    found = wave()
    assert matched(found, app="orders", alertname="OrdersDown", instance="web1")
    assert matched(found, app="orders", alertname="OrdersRestarting", instance="web2.example.com")
    assert matched(found, app="orders", alertname="OrdersMixed")
    assert not matched(found, app="orders", alertname="OrdersDown", instance="web3")
    assert not matched(found, app="orders", alertname="OrdersDown", instance="web2xexample.com")
    assert not matched(found, app="stock", alertname="OrdersDown", instance="web1")
    assert not matched(found, app="orders", alertname="OrdersErrors")
    assert not matched(found, app="orders", alertname="NodeDown", instance="web1")


def test_it_ends_after_the_longest_time_that_a_wave_may_take():
    assert (wave()["startsAt"], wave()["endsAt"]) == ("2026-11-20T22:31:07Z", "2026-11-20T22:42:57Z")
    longer = wave(
        slipway_soak_seconds=3600, slipway_health={"deadline": 90}, slipway_unit={"drain_seconds": 10}
    )
    assert longer["endsAt"] == "2026-11-20T23:44:27Z"


def test_it_says_who_changes_what():
    assert wave()["createdBy"] == "ann@laptop"
    assert wave(["web1"])["comment"] == "Slipway changes orders to 1.4.2-0a1b2c3d4e5f on web1"


def test_a_rollout_without_an_alertmanager_has_nothing_of_it():
    assert "alertmanager" not in settings(slipway_metrics={})


class Alertmanager(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, self.headers["Content-Type"], json.loads(content)))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(b'{"silenceID":"1"}')

    def log_message(self, *dummy):
        pass


@contextlib.contextmanager
def serving():
    """What takes silences on loopback: ``received`` has the path, the type and the content of each."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Alertmanager)
    server.received, server.status = [], 200
    server.url = "http://127.0.0.1:%d" % server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server():
    with serving() as found:
        yield found


@pytest.mark.parametrize("prefix", ["", "/", "/alerts/"])
def test_it_is_one_request(server, prefix):
    assert silence.post(server.url + prefix, wave()) == ""
    path = prefix.rstrip("/") + "/api/v2/silences"
    assert server.received == [(path, "application/json", wave())]


def test_an_answer_that_is_no_success_is_reported(server):
    server.status = 500
    assert "500" in silence.post(server.url, wave())


def test_an_alertmanager_that_is_away_is_reported():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert silence.post("http://127.0.0.1:%d" % probe.getsockname()[1], wave()) != ""


def test_an_alertmanager_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(silence, "TIMEOUT", 0.2)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        assert "timed out" in silence.post("http://127.0.0.1:%d" % mute.getsockname()[1], wave())
