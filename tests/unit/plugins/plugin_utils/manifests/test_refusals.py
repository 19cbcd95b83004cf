# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a unit has and a pod cannot have is refused, with the variable and what to do instead."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import unit
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput
from ansible_collections.slipway.golang.plugins.plugin_utils import variables
from ansible_collections.slipway.golang.plugins.plugin_utils.manifests import refusals
from ansible_collections.slipway.golang.plugins.plugin_utils.manifests.request import Request

from .services import FULL, OTHER, SMALL, WORKER, problem, request, values

UNIT = [
    ({"state_directory": True}, "state_directory", "PersistentVolumeClaim in slipway_kubernetes.storage"),
    ({"logs_directory": True}, "logs_directory", "standard output"),
    ({"read_write_paths": ["/srv/orders"]}, "read_write_paths", "no paths of the host"),
    ({"credentials": {"db": "/etc/db"}}, "credentials", "slipway_kubernetes.credentials"),
    ({"capabilities": ["CAP_NET_BIND_SERVICE"]}, "capabilities", "set slipway_port to one above 1023"),
    ({"capabilities": ["CAP_NET_ADMIN"]}, "capabilities", "restricted refuses capabilities"),
    ({"user": "root"}, "user", "65532"),
    ({"memory_max": "50%"}, "memory_max", "as in 512M"),
    ({"directives": {"Service": {"OOMScoreAdjust": -500}}}, "directives", "slipway_kubernetes.patches"),
    ({"hardening": {"NoNewPrivileges": False}}, "hardening.NoNewPrivileges", "no more rights"),
    ({"hardening": {"AmbientCapabilities": "CAP_CHOWN"}}, "hardening.AmbientCapabilities", "no more rights"),
]


@pytest.mark.parametrize(("given", "option", "remedy"), UNIT, ids=lambda value: str(value)[:40])
def test_a_unit_that_no_pod_can_be(given, option, remedy):
    said = problem(dict(SMALL, slipway_unit=given))
    assert said.startswith("slipway_unit.%s: " % option) and remedy in said and "\n" not in said


@pytest.mark.parametrize(
    ("given", "option", "remedy"),
    [
        ({"socket": "/run/orders/orders.sock"}, "socket", "Use a path"),
        ({"command": ["/usr/bin/curl", "localhost"]}, "command", "the program of the service and no other"),
        ({"path": "/", "host": "db.example.com"}, "host", "the pod itself"),
        ({"path": "/", "method": "HEAD"}, "method", "by GET"),
        ({"path": "/", "body": "ok"}, "body", "answer 503"),
        ({"path": "/", "headers": {"Authorization": "Bearer s3cret"}}, "headers", "reads it too"),
        ({"path": "/", "response_headers": {"X": "y"}}, "response_headers", "answer 503"),
        ({"path": "/", "status": ["200", "404"]}, "status", "200 to 399"),
    ],
    ids=str,
)
def test_a_health_check_that_the_kubelet_cannot_make(given, option, remedy):
    said = problem(dict(SMALL, slipway_health=given, slipway_port=8080))
    assert said.startswith("slipway_health.%s: " % option) and remedy in said
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("given", "kubernetes", "words"),
    [
        (dict(SMALL, slipway_strategy="socket"), {}, "slipway_strategy: 'socket' is not possible in a pod"),
        (dict(SMALL, slipway_unit={"exec_args": ["{config}"]}), {}, "no files in slipway_config"),
        (dict(WORKER, slipway_unit={"exec_args": ["{port}"]}), {}, "the service has no port"),
        (SMALL, {"public_env": ["LEVEL"]}, "public_env: LEVEL is not in slipway_env"),
        (SMALL, {"replicas": {"min": 1, "max": 2, "cpu": 60}}, "slipway_unit.cpu_quota"),
        (SMALL, {"replicas": {"min": 1, "max": 2, "memory": 60}}, "slipway_unit.memory_max"),
        (SMALL, {"replicas": {"min": 1, "max": 2, "requests_per_second": 9}}, "slipway_metrics.path"),
        (SMALL, {"prometheus_operator": True}, "slipway_metrics.path"),
        (SMALL, {"ingress": "nginx"}, "slipway_domain"),
        (SMALL, {"credentials": "x"}, "slipway_unit.credentials"),
        (dict(SMALL, slipway_unit={"state_directory": False}), {"storage": "x", "replicas": 1}, "remove one"),
    ],
    ids=str,
)
def test_variables_that_together_are_no_pod(given, kubernetes, words):
    assert words in problem(given, **kubernetes)


def test_every_reason_is_said_at_once():
    said = problem(dict(SMALL, slipway_strategy="socket", slipway_unit={"logs_directory": True}))
    assert len(said.splitlines()) == 2


def test_an_image_is_named_by_its_digest():
    for image in (None, "", "registry.example.com/orders", "registry.example.com/orders:1.4.2"):
        with pytest.raises(InvalidInput, match="use a reference with a digest"):
            Request(values(SMALL), image)
    digest = "sha256:" + "0" * 64
    assert (
        Request(values(SMALL), "r.example.com:5000/a/b:1.4@" + digest).image
        == "r.example.com:5000/a/b@" + digest
    )


def test_a_name_that_ends_in_a_dash_is_refused():
    assert "ends with a letter or a digit" in problem({"slipway_app": "orders-"})


def test_every_option_of_a_unit_is_said_refused_or_named_as_without_meaning():
    """A new option of a unit needs a decision."""
    refused = {option for dummy, option, _remedy in UNIT}
    said = {"description", "exec_args", "working_directory", "runtime_directory", "cache_directory"}
    said |= {"drain_seconds", "cpu_quota", "ip_allow", "hardening"}
    assert set(unit.OPTIONS) <= refused | said | set(refusals.WITHOUT_MEANING)


def test_what_is_ignored_is_named():
    given = {"tasks_max": 50, "limit_nofile": 1000, "hardening": {"PrivateDevices": False}}
    first, second = refusals.notes(request(dict(SMALL, slipway_unit=given)))
    assert "limit_nofile, tasks_max" in first and "PrivateDevices" in second
    assert list(refusals.notes(request(FULL))) == []


@pytest.mark.parametrize("given", [FULL, OTHER, SMALL, WORKER], ids=["full", "other", "small", "worker"])
def test_what_the_tests_are_made_with_is_what_the_playbooks_take(given):
    assert variables.read(given, lambda value: value, "/inventory")[1] == []
