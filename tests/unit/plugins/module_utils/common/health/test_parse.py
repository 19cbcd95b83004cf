# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.module_utils.common import health
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput

DOCS = pathlib.Path(__file__).resolve().parents[6] / "docs"


@pytest.mark.parametrize(
    ("options", "kind", "target"),
    [
        ({}, "tcp", "tcp 127.0.0.1:8080"),
        ({"path": "/healthz"}, "http", "GET http://127.0.0.1:8080/healthz"),
        (
            {"path": "/healthz", "port": 9000, "scheme": "https", "host": "orders.example.com"},
            "http",
            "GET https://orders.example.com:9000/healthz",
        ),
        ({"type": "http"}, "http", "GET http://127.0.0.1:8080/"),
        ({"host": "[::1]"}, "tcp", "tcp [::1]:8080"),
        ({"host": "fe80::1%eth0", "path": "/"}, "http", "GET http://[fe80::1%eth0]:8080/"),
        ({"path": "/", "method": "HEAD"}, "http", "HEAD http://127.0.0.1:8080/"),
        ({"path": "", "socket": "", "command": []}, "tcp", "tcp 127.0.0.1:8080"),
        ({"type": "none"}, "none", "nothing"),
        ({"socket": "/run/a.sock"}, "unix", "unix:/run/a.sock"),
        ({"socket": "/run/a.sock", "path": "/h"}, "unix", "GET unix:/run/a.sock/h"),
        ({"command": ["pg_isready", "-q"]}, "command", "pg_isready -q"),
        ({"command": ["sh", "-c", "exit 1"]}, "command", "sh -c 'exit 1'"),
    ],
)
def test_the_kind_of_check_follows_from_what_is_given(options, kind, target):
    check = health.parse(options, default_port=8080)
    assert (check.type, check.target) == (kind, target)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"port": 0}, "health.port"),
        ({"port": 65536}, "health.port"),
        ({"port": -1}, "health.port"),
        ({"port": "http"}, "health.port"),
        ({"port": True}, "health.port"),
        ({"port": 80.5}, "health.port"),
        ({"path": "healthz"}, "health.path"),
        ({"path": "/a b"}, "health.path"),
        ({"path": "/a\r\nHost: evil"}, "health.path"),
        ({"path": "/é"}, "health.path"),
        ({"path": 5}, "health.path"),
        ({"host": ""}, "health.host"),
        ({"host": "a b"}, "health.host"),
        ({"host": "a\nb"}, "health.host"),
        ({"host": "a..b"}, "health.host"),
        ({"host": "a" * 64}, "health.host"),
        ({"host": "a." * 127}, "health.host"),
        ({"host": "[::1"}, "health.host"),
        ({"host": "::1/"}, "health.host"),
        ({"host": "http://orders"}, "health.host"),
        ({"type": "unix"}, "health.socket"),
        ({"socket": "run/a.sock"}, "health.socket"),
        ({"socket": "/a\0b"}, "health.socket"),
        ({"socket": "/" + "a" * 107}, "health.socket"),
        ({"socket": "/a", "command": ["b"]}, "health.socket"),
        ({"socket": "/a", "port": 80}, "health.port"),
        ({"socket": "/a", "path": "/", "scheme": "https"}, "health.scheme"),
        ({"type": "command"}, "health.command"),
        ({"command": "pg_isready -q"}, "health.command"),
        ({"command": [""]}, "health.command"),
        ({"command": ["a\0b"]}, "health.command"),
        ({"command": ["sleep", 5]}, "health.command"),
        ({"command": ["true"], "path": "/"}, "health.path"),
        ({"type": "grpc"}, "health.type"),
        ({"type": ["http"]}, "health.type"),
        ({"type": "tcp", "path": "/healthz"}, "health.path"),
        ({"type": "none", "port": 80}, "health.port"),
        ({"body": "ok"}, "health.body"),
        ({"status": [200]}, "health.status"),
        ({"scheme": "https"}, "health.scheme"),
        ({"socket": "/a", "headers": {"A": "b"}}, "health.headers"),
        ({"path": "/", "method": "GET\r\n"}, "health.method"),
        ({"path": "/", "status": ["ok"]}, "health.status"),
        ({"path": "/", "status": ["300-200"]}, "health.status"),
        ({"path": "/", "status": ["200-"]}, "health.status"),
        ({"path": "/", "status": [99]}, "health.status"),
        ({"path": "/", "status": []}, "health.status"),
        ({"path": "/", "status": 200}, "health.status"),
        ({"path": "/", "status": [[200]]}, "health.status"),
        ({"path": "/", "body": "("}, "health.body"),
        ({"path": "/", "body": "a{99999999999999999999}"}, "health.body"),
        ({"path": "/", "headers": {"A\nB": "c"}}, "health.headers"),
        ({"path": "/", "headers": {5: "a"}}, "health.headers"),
        ({"path": "/", "headers": ["A: b"]}, "health.headers"),
        ({"path": "/", "headers": {"A": "b\r\nc: d"}}, "health.headers.A"),
        ({"path": "/", "headers": {"A": "日本"}}, "health.headers.A"),
        ({"path": "/", "headers": {"A": True}}, "health.headers.A"),
        ({"path": "/", "headers": {"A": None}}, "health.headers.A"),
        ({"path": "/", "response_headers": {"A": "["}}, "health.response_headers.A"),
        ({"path": "/", "response_headers": {"A": ["b"]}}, "health.response_headers.A"),
        ({"path": "/", "release_header": "X\nY"}, "health.release_header"),
        ({"path": "/", "validate_certs": "no"}, "health.validate_certs"),
        ({"period": 0}, "health.period"),
        ({"timeout": -1}, "health.timeout"),
        ({"timeout": "1s"}, "health.timeout"),
        ({"deadline": float("nan")}, "health.deadline"),
        ({"deadline": float("inf")}, "health.deadline"),
        ({"min_ready_seconds": 1e9}, "health.min_ready_seconds"),
        ({"min_ready_seconds": True}, "health.min_ready_seconds"),
        ({"initial_delay": 31}, "health.initial_delay"),
        ({"success_threshold": 0}, "health.success_threshold"),
        ({"success_threshold": 1.5}, "health.success_threshold"),
        ({"failure_threshold": True}, "health.failure_threshold"),
        ({"intervall": 3}, "health"),
        ({5: 3, "x": 1}, "health"),
    ],
)
def test_bad_input_names_the_field_the_value_and_the_remedy(options, field):
    with pytest.raises(InvalidInput) as caught:
        health.parse(options, default_port=8080)
    assert str(caught.value).startswith(field + ": ") and "is not usable: " in str(caught.value)


def test_a_check_that_needs_a_port_says_so_where_there_is_none():
    with pytest.raises(
        InvalidInput, match="health.port: None is not usable: use a port .* or set health.type to none"
    ):
        health.parse({"path": "/healthz"})


def test_a_check_does_not_change():
    check = health.parse({"port": 80})
    with pytest.raises(AttributeError, match="use replace"):
        check.port = 81
    other = check.replace(port=81)
    assert (check.port, other.port, other.deadline) == (80, 81, check.deadline)


def test_what_is_given_is_what_differs_from_the_defaults():
    """Ansible fills in all options; the ones that it filled in must not count as the user's words."""
    filled = {name: spec.get("default") for name, spec in health.OPTIONS.items()}
    assert health.given(filled) == {}
    assert health.given(dict(filled, path="/", timeout=1.0)) == {"path": "/"}
    assert health.parse(filled, default_port=80).type == "tcp"
    assert health.parse(dict(filled, socket="/a"), default_port=80).type == "unix"


def examples():
    text = (DOCS / "reference" / "health-checks.md").read_text(encoding="utf-8")
    return [block.split("```")[0] for block in text.split("```yaml\n")[1:]]


@pytest.mark.parametrize("example", examples())
def test_the_examples_of_the_documentation_are_valid(example):
    given = yaml.safe_load(example)
    assert health.parse(given["slipway_health"], default_port=8080)


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"Authorization": "s3cret"}},
        {"type": "tcp", "headers": {"Authorization": "s3cret"}},
        {"path": "/", "headers": "Authorization: s3cret"},
        {"path": "/", "headers": {"Authorization": "s3cret\n"}},
        {"path": "/", "headers": {"Authorization": ["s3cret"]}},
    ],
)
def test_what_a_request_sends_is_in_no_message(options):
    with pytest.raises(InvalidInput, match="hidden") as caught:
        health.parse(options, default_port=8080)
    assert "s3cret" not in str(caught.value)
