# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.module_utils.common import health
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"


@pytest.mark.parametrize(
    ("options", "kind", "target"),
    [
        ({}, "tcp", "tcp 127.0.0.1:8080"),
        ({"path": "/healthz"}, "http", "GET http://127.0.0.1:8080/healthz"),
        ({"path": "/healthz", "port": 9000, "scheme": "https", "host": "orders.example.com"}, "http", "GET https://orders.example.com:9000/healthz"),
        ({"type": "http"}, "http", "GET http://127.0.0.1:8080/"),
        ({"socket": "/run/a.sock"}, "unix", "unix:/run/a.sock"),
        ({"socket": "/run/a.sock", "path": "/h"}, "unix", "GET unix:/run/a.sock/h"),
        ({"command": ["pg_isready", "-q"]}, "command", "pg_isready -q"),
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
        ({"port": "http"}, "health.port"),
        ({"path": "healthz"}, "health.path"),
        ({"path": "/a b"}, "health.path"),
        ({"path": "/a\r\nHost: evil"}, "health.path"),
        ({"path": "/é"}, "health.path"),
        ({"host": "a b"}, "health.host"),
        ({"host": "a\nb"}, "health.host"),
        ({"type": "unix"}, "health.socket"),
        ({"socket": "run/a.sock"}, "health.socket"),
        ({"socket": "/a", "command": ["b"]}, "health.socket"),
        ({"type": "command"}, "health.command"),
        ({"type": "grpc"}, "health.type"),
        ({"status": ["ok"]}, "health.status"),
        ({"status": ["300-200"]}, "health.status"),
        ({"status": [99]}, "health.status"),
        ({"body": "("}, "health.body"),
        ({"headers": {"A\nB": "c"}}, "health.headers"),
        ({"headers": {"A": "b\r\nc: d"}}, "health.headers.A"),
        ({"response_headers": {"A": "["}}, "health.response_headers.A"),
        ({"period": 0}, "health.period"),
        ({"timeout": -1}, "health.timeout"),
        ({"deadline": float("nan")}, "health.deadline"),
        ({"min_healthy": 1e9}, "health.min_healthy"),
        ({"success_threshold": 0}, "health.success_threshold"),
        ({"failure_threshold": True}, "health.failure_threshold"),
        ({"intervall": 3}, "health"),
    ],
)
def test_bad_input_names_the_field_the_value_and_the_remedy(options, field):
    with pytest.raises(InvalidInput) as caught:
        health.parse(options, default_port=8080)
    assert str(caught.value).startswith(field + ": ") and "is not usable: " in str(caught.value)


def test_a_check_that_needs_a_port_says_so_where_there_is_none():
    with pytest.raises(InvalidInput, match="health.port: None is not usable: use a port"):
        health.parse({"path": "/healthz"})


def examples():
    text = (DOCS / "health.md").read_text(encoding="utf-8")
    return [block.split("```")[0] for block in text.split("```yaml\n")[1:]]


@pytest.mark.parametrize("example", examples())
def test_the_examples_of_the_docs_are_good(example):
    given = yaml.safe_load(example)
    assert health.parse(given["slipway_health"], default_port=8080)
