# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that Prometheus or a command has counted: real processes, and an HTTP server on loopback."""

from __future__ import annotations

import http.server
import json
import sys
import threading
import urllib.parse

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.plugin_utils import gate_sources

RELEASES = {"new": "1.4.2-0a1b2c3d4e5f", "old": "1.4.1-9c8d7e6f5a4b"}
QUERIES = {
    "requests": 'sum(increase(http_requests_total{app="{app}", version="{version}"}[{seconds}s]))',
    "bad_requests": 'sum(increase(http_requests_total{status=~"5..", release="{release}"}[{seconds}s]))',
}


@pytest.fixture
def prometheus():
    """A server that answers queries from ``answers``, a list of pairs of a word and the data."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            parameters = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            query = " at ".join(parameters[name][0] for name in ("query", "time") if name in parameters)
            server.asked.append(query)
            data = next(data for word, data in server.answers if word in query)
            text = json.dumps({"status": "success", "data": data}).encode() if data else b"<html>"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *dummy):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.answers = [], []
    server.url = "http://127.0.0.1:%d/" % server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def vector(*values):
    return {"resultType": "vector", "result": [{"metric": {}, "value": [0, value]} for value in values]}


def asked(server):
    settings = dict(QUERIES, url=server.url, **{"from": "prometheus"})
    return gate_sources.count(settings, "orders", RELEASES, 60, 1700000000.0)


def test_prometheus_is_asked_for_both_releases(prometheus):
    prometheus.answers = [
        ('version="1.4.1"}[60s])) at 1700000000.000', vector("2900")),
        ('release="1.4.1-9c8d7e6f5a4b"}[60s])) at 1700000000.000', vector("4")),
        ('version="1.4.2"', vector("1000.2", "42.9")),
        ('version="1.4.1"', {"resultType": "scalar", "result": [0, "3120"]}),
        ('release="1.4.2-0a1b2c3d4e5f"', vector("43")),
        ('release="1.4.1-9c8d7e6f5a4b"', vector()),  # no such series: none was bad
    ]
    assert asked(prometheus) == {
        "new": {"requests": 1043, "bad": 43},
        "old": {"requests": 3120, "bad": 0},
        # The old one before the rollout: in the last wave it serves no more.
        "before": {"requests": 2900, "bad": 4},
        "others_before": {"requests": 0, "bad": 0},
    }
    assert prometheus.asked[0] == 'sum(increase(http_requests_total{app="orders", version="1.4.2"}[60s]))'


def test_more_bad_requests_than_requests_are_all_of_them(prometheus):
    prometheus.answers = [("version", vector("10")), ("release", vector("11"))]
    assert asked(prometheus)["new"] == {"requests": 10, "bad": 10}


@pytest.mark.parametrize("data", [vector("NaN"), vector("-1"), vector("x"), {"resultType": "string"}, None])
def test_an_answer_without_a_count_is_a_problem(prometheus, data):
    prometheus.answers = [("", data)]
    with pytest.raises(SlipwayError, match="answer"):
        asked(prometheus)


def test_a_prometheus_that_is_away_is_a_problem(prometheus):
    prometheus.shutdown()
    prometheus.server_close()
    with pytest.raises(SlipwayError, match="did not answer"):
        asked(prometheus)


def run(*arguments, command=(sys.executable, "-c")):
    command = [*command, *arguments]
    return gate_sources.count({"from": "command", "command": command}, "orders", RELEASES, 60, 0.0)


def test_a_command_gets_the_releases_as_arguments_and_prints_counts():
    program = (
        "import json, sys; app, new, old, seconds = sys.argv[1:]; "
        "assert (app, seconds) == ('orders', '60'), sys.argv; "
        "print(json.dumps({'new': {'requests': len(new), 'bad': 1}, "
        "'old': {'requests': len(old), 'bad': 0}}))"
    )
    found = run(program, "{app}", "{new}", "{old}", "{seconds}")
    assert found["new"] == {"requests": len(RELEASES["new"]), "bad": 1}
    assert found["old"] == {"requests": len(RELEASES["old"]), "bad": 0}


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import sys; sys.exit('no access')", "ended with exit status 1: no access"),
        ("print('many')", "did not print two counts"),
        ("print('{}')", "did not print two counts"),
        ('print(\'{"new": {"requests": 1, "bad": 2}, "old": {}}\')', "did not print two counts"),
        ('print(\'{"new": {"requests": "9", "bad": 2}, "old": {}}\')', "did not print two counts"),
        ('print(\'{"new": {"requests": true, "bad": 0}, "old": {}}\')', "did not print two counts"),
    ],
)
def test_a_command_that_fails_is_a_problem(program, words):
    with pytest.raises(SlipwayError, match=words):
        run(program)


def test_a_command_that_is_not_there_is_a_problem():
    with pytest.raises(SlipwayError, match="/nonexistent/count"):
        run(command=["/nonexistent/count"])
