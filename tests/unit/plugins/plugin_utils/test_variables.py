# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils import combinations, variables


def read(**given):
    return variables.read(dict({"slipway_app": "orders"}, **given), lambda value: value, "/inventory")


def value_of(name, value):
    values, problems = read(**{name: value})
    assert problems == []
    return values[name]


def problem_of(name, value):
    problems = read(**{name: value})[1]
    assert len(problems) == 1, problems
    return problems[0]


def test_every_variable_has_a_value_where_only_the_app_is_named():
    values, problems = read()
    assert problems == [] and set(values) == set(variables.VARIABLES)
    assert values["slipway_waves"] == [1, "10%", "25%", "100%"] and values["slipway_tls"] is True


@pytest.mark.parametrize("word", ["false", "False", "no", "off", "0", False, 0])
def test_false_is_false_however_it_is_written(word):
    assert value_of("slipway_tls", word) is False


@pytest.mark.parametrize("word", ["true", "yes", "on", "1", True, 1])
def test_true_is_true_however_it_is_written(word):
    assert value_of("slipway_delta", word) is True


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_nothing_is_the_default(nothing):
    assert value_of("slipway_port", nothing) is None and value_of("slipway_keep", nothing) == 5


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("slipway_port", "8080", 8080),
        ("slipway_keep", "0", 0),
        ("slipway_waves", "[1, 10%]", [1, "10%"]),
        ("slipway_waves", 5, [5]),
        ("slipway_waves", ["1", "50%"], [1, "50%"]),
        ("slipway_domain", "www.example.com", ["www.example.com"]),
        ("slipway_env", "{GIN_MODE: release}", {"GIN_MODE": "release"}),
        ("slipway_health", '{"path": "/healthz", "deadline": "30"}', {"path": "/healthz", "deadline": 30.0}),
        (
            "slipway_unit",
            {"state_directory": "no", "restart_sec": "3"},
            {"state_directory": False, "restart_sec": 3},
        ),
        ("slipway_source", "../orders", "/orders"),
        ("slipway_source", "/srv/orders", "/srv/orders"),
        ("slipway_artifacts", ["dist/a.tar.gz"], ["/inventory/dist/a.tar.gz"]),
        ("slipway_files", [{"src": "t", "dest": "t"}], [{"src": "/inventory/t", "dest": "t"}]),
        ("slipway_migrate", ["migrate", "up"], {"args": ["migrate", "up"], "timeout": 600}),
        ("slipway_migrate", {"args": ["up"], "timeout": "60"}, {"args": ["up"], "timeout": 60}),
        ("slipway_version", 2, "2"),
        ("slipway_build", "{package: ./cmd/a, trimpath: 'no'}", {"package": "./cmd/a", "trimpath": False}),
        ("slipway_build", {"jobs": "2", "max_size": 1000}, {"jobs": 2, "max_size": "1000"}),
        ("slipway_build", {"gates": ["vet"], "pass_environment": ["CI_GIT_TOKEN"]}, None),
        ("slipway_build", {"gocache": "cache"}, {"gocache": "/inventory/cache"}),
        ("slipway_build", {"environment": {"CC": "musl-gcc"}, "tags": None}, None),
        (
            "slipway_proxy",
            {"maintenance": "yes", "limit_burst": "5"},
            {"maintenance": True, "limit_burst": 5},
        ),
        ("slipway_proxy", {"streaming": ["/events"], "headers": {"X-A": "b"}}, None),
        (
            "slipway_proxy",
            {"servers": [{"address": "10.0.0.1:80", "weight": "2"}]},
            {"servers": [{"address": "10.0.0.1:80", "weight": 2}]},
        ),
        ("slipway_command", ["migrate", "status"], ["migrate", "status"]),
        ("slipway_command", "[migrate, status]", ["migrate", "status"]),
        ("slipway_command", "migrate status", ["migrate", "status"]),
        ("slipway_command", "user add 'Ann B'", ["user", "add", "Ann B"]),
        ("slipway_command", ["two words", 3], ["two words", "3"]),
        ("slipway_run_on", "all", "all"),
        ("slipway_run_timeout_seconds", "60", 60),
        ("slipway_before_tasks", "before.yml", "/inventory/before.yml"),
        ("slipway_after_tasks", "../hooks/after.yml", "/hooks/after.yml"),
    ],
)
def test_a_value_is_taken_for_what_it_means(name, given, value):
    assert value_of(name, given) == (given if value is None else value)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("slipway_app", "Orders!", "slipway_app: 'Orders!' is not usable: use a lower-case letter"),
        ("slipway_tls", "nope", "slipway_tls: 'nope' is not usable: use true or false"),
        ("slipway_port", 70000, "slipway_port: 70000 is not usable: use a whole number from 1 to 65535"),
        ("slipway_port", "eighty", "slipway_port: 'eighty'"),
        ("slipway_port", True, "slipway_port: True"),
        (
            "slipway_version",
            1.1,
            "slipway_version: 1.1 is not usable: YAML reads it as a number: put it in quotes",
        ),
        ("slipway_version", "../x", "slipway_version: '../x'"),
        (
            "slipway_strategy",
            "blue-green",
            "slipway_strategy: 'blue-green' is not usable: use one of .* did you mean blue_green",
        ),
        ("slipway_waves", ["ten"], "slipway_waves: .* use numbers of hosts or percentages"),
        ("slipway_waves", ["0%"], "slipway_waves"),
        ("slipway_env", {"A-B": 1}, "slipway_env: 'A-B' is not usable: a variable's name"),
        ("slipway_env", {"A": ["x"]}, "slipway_env: 'A' is not usable: its value is a list"),
        ("slipway_env", "A=1", "slipway_env: '.hidden.' is not usable: use a dictionary"),
        (
            "slipway_health",
            {"pth": "/"},
            "slipway_health: 'pth' is not usable: there is no such option; did you mean path",
        ),
        (
            "slipway_health",
            {"deadline": "soon"},
            "slipway_health.deadline: 'soon' is not usable: use seconds",
        ),
        (
            "slipway_health",
            {"path": "healthz"},
            "slipway_health.path: 'healthz' is not usable: begin it with",
        ),
        ("slipway_unit", {"memory_max": "lots"}, "slipway_unit.memory_max: 'lots'"),
        (
            "slipway_unit",
            {"memory": "1G"},
            "slipway_unit: 'memory' is not usable: .* did you mean memory_max",
        ),
        ("slipway_files", [{"source": "x"}], "slipway_files: .* with src"),
        ("slipway_files", [{"src": "x", "target": "y"}], "slipway_files: .* target is unknown"),
        ("slipway_config", [{"src": "x"}], "slipway_config: .* with src and dest"),
        ("slipway_config", [{"src": "x", "dest": "../y"}], "slipway_config: '../y' is not usable"),
        ("slipway_run_on", "both", "slipway_run_on: 'both' is not usable: use one of first, all"),
        ("slipway_run_timeout_seconds", 0, "slipway_run_timeout_seconds: 0 is not usable: use a whole"),
        ("slipway_command", "say 'hi", "slipway_command: .* No closing quotation: write a list"),
        ("slipway_command", {"a": 1}, "slipway_command: .* is not usable: use a "),
        ("slipway_command", [["a"]], "slipway_command: .* use a text"),
        ("slipway_migrate", "up", "slipway_migrate: 'up' is not usable: use the arguments of the binary"),
        ("slipway_verison", "1", "slipway_verison: there is no such variable; did you mean slipway_version"),
        ("slipway_health", "{", "slipway_health: .* it is no YAML"),
        (
            "slipway_build",
            {"pakage": "./cmd/a"},
            "slipway_build: 'pakage' is not usable: there is no such option; did you mean package",
        ),
        (
            "slipway_build",
            {"targets": ["linux/arm64"]},
            "slipway_build: 'targets' .* variable slipway_targets",
        ),
        ("slipway_build", {"version": "1"}, "slipway_build: 'version' .* set the variable slipway_version"),
        (
            "slipway_build",
            {"static": "requires"},
            "slipway_build.static: 'requires' is not usable: use one of .* did you mean require",
        ),
        ("slipway_build", {"gates": ["vet", "tset"]}, "slipway_build.gates: .* did you mean test"),
        ("slipway_build", {"cgo": "maybe"}, "slipway_build.cgo: 'maybe' is not usable: use true or false"),
        ("slipway_build", {"tags": "netgo"}, "slipway_build.tags: 'netgo' is not usable: use a list"),
        ("slipway_build", {"jobs": -1}, "slipway_build.jobs: -1 is not usable: use a whole number"),
        ("slipway_build", {"environment": "CC=gcc"}, "slipway_build.environment: .* use a dictionary"),
        (
            "slipway_build",
            {"pass_environment": ["glpat-s3cret"]},
            "slipway_build.pass_environment: '.hidden.' is not usable: give names of variables",
        ),
        ("slipway_build", ["package"], "slipway_build: .* use a dictionary"),
        ("slipway_proxy", {"gzp": True}, "slipway_proxy: 'gzp' .* did you mean gzip"),
        ("slipway_proxy", {"domains": ["a.example"]}, "slipway_proxy: 'domains' .* variable slipway_domain"),
        ("slipway_proxy", {"balance": "random"}, "slipway_proxy.balance: 'random' .* use one of round_robin"),
        (
            "slipway_proxy",
            {"static": [{"path": "/x"}]},
            "slipway_proxy.static: .* each entry needs directory",
        ),
        (
            "slipway_proxy",
            {"servers": [{"address": "a:1", "wieght": 2}]},
            "slipway_proxy.servers: .* wieght is unknown in it; did you mean weight",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_remedy(name, given, words):
    assert re.search(words, problem_of(name, given)), problem_of(name, given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"slipway_unit": {"exec_args": ["-addr", ":{port}"]}, "slipway_health": {"type": "none"}},
            ["slipway_unit.exec_args: ':{port}'", "set slipway_port", "{{port}}"],
        ),
        (
            {"slipway_env": {"A": "hunter2:{port}"}, "slipway_health": {"socket": "/run/orders/a.sock"}},
            ["slipway_env: 'A'", "set slipway_port"],
        ),
        ({"slipway_unit": {"exec_args": ["{config}/a"]}}, ["slipway_unit.exec_args", "slipway_config"]),
        ({"slipway_env": {"A": "hunter2{config}"}}, ["slipway_env: 'A'", "set slipway_config"]),
    ],
)
def test_what_a_service_would_not_get_is_refused_with_a_remedy(given, words):
    (problem,) = read(**given)[1]
    assert all(word in problem for word in words), problem
    assert "hunter2" not in problem


def test_what_it_gets_is_not_refused():
    given = {
        "slipway_unit": {"exec_args": [":{port}", "{config}/a", "{{port}} {x}"]},
        "slipway_config": [{"src": "a", "dest": "a"}],
        "slipway_env": {"A": "{config}:{port}"},
    }
    assert read(**given)[1] == []
    given["slipway_health"] = {"type": "none"}
    assert read(slipway_port=80, **given)[1] == []


def test_names_of_ones_own_are_left_alone():
    assert read(slipway_custom_team="a", slipway__private=1, slipwayish=1)[1] == []


def test_the_app_has_to_be_named():
    assert variables.read({}, lambda value: value, "/")[1] == [
        "slipway_app is not set: the service has no name without it"
    ]


@pytest.mark.parametrize(
    ("given", "port"),
    [
        ({}, 8080),
        ({"slipway_port": 9000}, 9000),
        ({"slipway_health": {"type": "none"}}, None),
        ({"slipway_health": {"command": ["/bin/true"], "type": "command"}}, None),
        ({"slipway_health": {"socket": "/run/orders/http.sock"}}, None),
        ({"slipway_health": {"type": "none"}, "slipway_port": 9000}, 9000),
    ],
)
def test_a_port_is_assumed_only_where_the_check_needs_one(given, port):
    values = read(**given)[0]
    assert combinations.port_for(values["slipway_port"], values["slipway_health"]) == port


@pytest.mark.parametrize("name", sorted(variables.VARIABLES))
@pytest.mark.parametrize(
    "wrong", ["a\0b", [["x"]], object()], ids=["control character", "list of lists", "object"]
)
def test_every_variable_refuses_nonsense_and_names_itself(name, wrong):
    assert [problem for problem in read(**{name: wrong})[1] if problem.startswith(name)]
