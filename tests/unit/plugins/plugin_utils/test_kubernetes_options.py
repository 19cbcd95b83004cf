# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What slipway_kubernetes may be. Wrong names and types of every option: test_every_variable.py."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils import variables

DIGEST = "@sha256:" + "0a" * 32


def read(**given):
    return variables.setting("slipway_kubernetes", given, "/inventory")


def problem(**given):
    (found,) = variables.read(
        {"slipway_app": "orders", "slipway_kubernetes": given}, lambda value: value, "/inventory"
    )[1]
    return found


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"replicas": "3"}, {"replicas": {"min": 3}}),
        ({"replicas": "{min: 2, max: 4, cpu: 60}"}, {"replicas": {"min": 2, "max": 4, "cpu": 60}}),
        ({"image": "r.example.com:5000/a:1.4" + DIGEST}, {"image": "r.example.com:5000/a" + DIGEST}),
        ({"storage": "data", "replicas": 1}, {"storage": {"claim": "data"}, "replicas": {"min": 1}}),
        ({"storage": {"claim": "data", "shared": "yes"}}, {"storage": {"claim": "data", "shared": True}}),
        ({"liveness": "false"}, {"liveness": False}),
        ({"host": "a.example.com"}, {"host": ["a.example.com"]}),
        ({"labels": {"inject": True}}, {"labels": {"inject": "true"}}),
        ({"namespace": None, "ingress": ""}, {}),
    ],
    ids=str,
)
def test_a_value_is_taken_for_what_it_means(given, expected):
    assert read(**given) == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"image": "registry.example.com/orders:latest"}, "image: 'registry.example.com/orders:latest'"),
        ({"replicas": {"min": 3, "max": 2, "cpu": 60}}, "use a max that is not below min"),
        ({"replicas": {"min": 1, "max": 2}}, "it says when to scale"),
        ({"replicas": {"max": 2}}, "use a number, or min and max"),
        ({"replicas": {"min": 1, "max": 2, "cpus": 60}}, "not cpus; did you mean cpu?"),
        ({"replicas": {"min": 1, "max": 2, "cpu": "much"}}, "slipway_kubernetes.replicas.cpu: 'much'"),
        ({"replicas": 0}, "use a whole number from 1 to 10000"),
        ({"namespace": "Shop"}, "slipway_kubernetes.namespace: 'Shop' is not usable"),
        ({"ingress": "nginx", "gateway": "shared"}, "set one of ingress and gateway"),
        ({"node_port": 30080}, "it is for service: NodePort"),
        ({"tls_secret": "x"}, "it is for ingress"),
        ({"storage": "data"}, "is for one pod at a time"),
        ({"storage": {"claim": "a", "size": "1G"}}, "use only claim, shared in it, not size"),
        ({"liveness": True}, "use false, or a path"),
        ({"liveness": {"path": "livez"}}, "slipway_kubernetes.liveness.path: 'livez'"),
        ({"init": [{"image": "x"}]}, "each with a name"),
        ({"patches": [{"target": {}}]}, "each with patch or path"),
        ({"labels": {"app.kubernetes.io/name": "x"}}, "the app's own label"),
        ({"labels": {"a b": "x"}}, "use names as in"),
        ({"labels": {"a": "x y"}}, "63 letters"),
        ({"annotations": {"a": {"b": "c"}}}, "use texts as values"),
        ({"public_env": ["A-B"]}, "slipway_kubernetes.public_env: "),
        ({"host": ["Orders.example.com"]}, "slipway_kubernetes.host: "),
        ({"tmp_size": "64"}, "as in 64M"),
        ({"service": "Headless"}, "use one of ClusterIP, NodePort, LoadBalancer"),
    ],
    ids=str,
)
def test_a_value_that_cannot_be_is_refused_with_the_remedy(given, words):
    said = problem(**given)
    assert said.startswith("slipway_kubernetes.") and words in said
