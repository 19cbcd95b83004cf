# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services whose manifests are made, described as the action plugin does it."""

from __future__ import annotations

import yaml
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.plugin_utils import service_options
from ansible_collections.slipway.golang.plugins.plugin_utils.manifests import files
from ansible_collections.slipway.golang.plugins.plugin_utils.manifests.request import Request

DIGEST = "sha256:" + "0a1b" * 16
IMAGE = "registry.example.com/shop/orders@" + DIGEST
FULL = {
    "slipway_app": "orders",
    "slipway_port": 8080,
    "slipway_version": "1.4.2",
    "slipway_domain": ["orders.example.com"],
    "slipway_env": {"LEVEL": "info", "TOKEN": "s3cret-of-the-test"},
    "slipway_health": {"path": "/healthz"},
    "slipway_metrics": {"path": "/metrics"},
    "slipway_migrate": ["migrate", "up"],
    "slipway_unit": {
        "description": "Takes orders",
        "memory_max": "512M",
        "cpu_quota": "150%",
        "drain_seconds": 20,
        "cache_directory": True,
        "exec_args": ["-listen", ":{port}"],
        "ip_allow": ["10.0.0.0/8", "localhost"],
    },
    "slipway_kubernetes": {
        "namespace": "shop",
        "replicas": {"min": 3, "max": 30, "cpu": 60, "requests_per_second": 100},
        "ingress": "nginx",
        "public_env": ["LEVEL"],
        "environment_from": ["orders-secrets"],
        "init": [{"name": "wait", "args": ["wait-for", "db:5432"]}],
        "labels": {"team": "shop"},
        "annotations": {"sidecar.istio.io/inject": "true"},
        "pull_secret": "registry",
        "prometheus_operator": True,
        "patches": [{"path": "own.yaml"}],
    },
}
# As FULL, with the choices that exclude some of it.
OTHER = {
    "slipway_app": "orders",
    "slipway_health": {"type": "tcp", "initial_delay": 2},
    "slipway_unit": {
        "state_directory": True,
        "credentials": {"tls.key": "/etc/tls.key"},
        "working_directory": "/var/lib/orders/work",
    },
    "slipway_kubernetes": {
        "replicas": 1,
        "gateway": "infra/shared",
        "host": "orders.example.com",
        "service": "NodePort",
        "node_port": 30080,
        "storage": "orders-data",
        "credentials": "orders-credentials",
        "liveness": {"path": "/livez"},
        "spread": "hard",
    },
}
SMALL = {"slipway_app": "orders"}
WORKER = {"slipway_app": "orders", "slipway_health": {"type": "none"}}


def values(given):
    """The variables of a service, with the defaults of all others."""
    return service_options.of_manifests({"from_variables": True}, given, lambda value: value)


def request(given=None, config=None, **more):
    """``more``: options of slipway_kubernetes."""
    given = dict(given or SMALL)
    given["slipway_kubernetes"] = {**given.get("slipway_kubernetes", {}), **more}
    return Request(values(given), IMAGE, config)


def texts(given=None, config=None, **more):
    return files.files(request(given, config, **more))


def made(name, given=None, **more):
    """The content of one file; None where there is no such file."""
    text = texts(given, **more).get(name + ".yaml")
    return yaml.safe_load(text) if text else None


def pod(given=None, **more):
    return made("deployment", given, **more)["spec"]["template"]["spec"]


def container(given=None, **more):
    return pod(given, **more)["containers"][0]


def problem(given=None, **more):
    """Why there are no manifests."""
    try:
        request(given, **more)
    except SlipwayError as error:
        return str(error)
    return ""
