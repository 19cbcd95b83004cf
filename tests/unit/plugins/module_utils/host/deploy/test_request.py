# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`{port}`, `{config}` and the port itself: what a request asks for, and what a release keeps of it."""

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import environment
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import target as targets
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy.request import Request
from ansible_collections.slipway.golang.plugins.module_utils.host.system import platform


@pytest.fixture(autouse=True)
def as_root(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def request(**options):
    artifact = {"version": "1.4.2", "digest": "a" * 64, "goarch": platform.goarch(), "variant": ""}
    return Request(dict({"name": "orders", "artifacts": [artifact]}, **options))


def target(**options):
    return targets.target_of(request(**options), {})


@pytest.mark.parametrize(
    ("options", "port", "variables"),
    [
        ({}, None, {}),
        ({"port": 8080}, 8080, {"PORT": "8080"}),
        ({"port": 8080, "port_variable": "APP_PORT"}, 8080, {"APP_PORT": "8080"}),
        ({"environment": {"PORT": 9090}}, 9090, {"PORT": "9090"}),
        ({"environment": {"PORT": "9090", "A": ":{port}"}}, 9090, {"PORT": "9090", "A": ":9090"}),
        ({"port": 8080, "environment": {"PORT": ":{port}"}}, 8080, {"PORT": ":8080"}),
        ({"port": 8080, "environment": {"PORT": "{port}"}}, 8080, {"PORT": "8080"}),
        ({"environment": {"PORT": "0"}}, None, {"PORT": "0"}),
        ({"port": 80, "environment": {"A": "{{port}} {x}"}}, 80, {"A": "{port} {x}", "PORT": "80"}),
        (
            {"port": 80, "environment": {"A": "{config}/a"}, "config": {"a": ""}},
            80,
            {"A": "/opt/orders/current/config/a", "PORT": "80"},
        ),
        ({"health": {"type": "none"}, "environment": {"A": "{{port}}"}}, None, {"A": "{port}"}),
    ],
)
def test_the_environment_of_a_release(options, port, variables):
    made = target(**options)
    assert made.port == port == request(**options).port
    assert environment.parse(made.environment) == variables


@pytest.mark.parametrize("kind", ["none", "command", "unix"])
def test_a_service_without_a_port_has_none(kind):
    made = request(health={"type": kind})
    assert made.port is None and made.environment == {}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"unit": {"exec_args": [":{port}"]}},
            ["unit.exec_args", ":{port}", "set slipway_port (option port)"],
        ),
        ({"environment": {"A": "hunter2:{port}"}}, ["environment", "'A'", "slipway_port", "{{port}}"]),
        ({"config": {"a.toml": "hunter2 {port}"}}, ["config", "a.toml", "slipway_port"]),
        ({"unit": {"exec_args": ["{config}/a"]}}, ["unit.exec_args", "slipway_config", "{{config}}"]),
        ({"environment": {"A": "hunter2{config}/a"}}, ["environment", "'A'", "slipway_config"]),
        (
            {"unit": {"exec_args": ["{port}"]}, "port": 80, "environment": {"PORT": "hunter2"}},
            ["unit.exec_args", "PORT", "slipway_port_variable"],
        ),
        ({"config": {"../a": ""}}, ["config", "../a"]),
        ({"config": {"a": "", "a/b": ""}}, ["config", "'a'", "a/b"]),
    ],
)
def test_what_would_stay_empty_is_refused_with_the_remedy(options, words):
    with pytest.raises(InvalidInput) as caught:
        target(**options)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_rollback_is_not_refused_for_what_the_inventory_says_now():
    request(release="previous", unit={"exec_args": [":{port}"]})


def test_an_instance_has_its_own_values():
    made = target(
        port=8080,
        environment={"A": "x:{port}", "B": "{config}/b", "C": "plain", "D": "{{port}}"},
        config={"b": "{port}"},
    )
    assert made.own_variables(9, "/c", "PORT") == {"PORT": "9", "A": "x:9", "B": "/c/b"}


def test_an_old_release_without_a_template_has_the_variable_of_the_request():
    record = {"id": "1-" + "0" * 12, "version": "1", "strategy": "restart"}
    old = targets.Target(record, {}, 'PORT="8080"\n')
    assert old.own_variables(9, "/c", "PORT") == {"PORT": "9"}
    assert request(port=1).check_for(old).port == 8080


def test_the_port_that_a_release_recorded_counts_where_its_variable_has_another_name():
    made = target(port=7070, port_variable="APP_PORT")
    assert request(port=8080).check_for(made).port == 7070


def test_every_part_changes_the_release():
    made = [
        target(port=80),
        target(port=81),
        target(port=80, environment={"A": ":80"}),
        target(port=80, environment={"A": ":{port}"}),
        target(port=80, config={"a": "1"}),
        target(port=80, config={"a": "2"}),
        target(port=80, config={"b": "1"}),
        target(port=80, unit={"exec_args": ["{port}"]}),
    ]
    assert len({one.id for one in made}) == len(made)
    assert target(port=80, config={"a": "1"}).id == made[4].id
    assert len({one.record["artifact"] for one in made}) == 1  # so that no artifact is sent for it


def test_a_release_without_any_of_it_is_named_as_before():
    record = target(environment={"A": "1"}).record
    assert not {"template", "config", "port"} & set(record)
