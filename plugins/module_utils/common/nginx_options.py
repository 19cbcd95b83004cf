# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a site and their defaults: a table only. Names that nginx has are nginx's."""

from __future__ import annotations

# What a service has for its operators: paths that clients get no answer for.
PRIVATE = ("/metrics", "/debug/")

OPTIONS = {
    "domains": {"type": "list", "elements": "str", "default": []},
    "redirect_from": {"type": "list", "elements": "str", "default": []},
    "servers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "address": {"type": "str", "required": True},
            "weight": {"type": "int", "default": 1},
            "max_fails": {"type": "int", "default": 3},
            "fail_timeout": {"type": "int", "default": 10},
            "backup": {"type": "bool", "default": False},
        },
    },
    "balance": {"type": "str", "choices": ["round_robin", "least_conn", "ip_hash"], "default": "round_robin"},
    "keepalive": {"type": "int", "default": 32},
    "blue_green": {"type": "bool", "default": False},
    "sticky_cookie": {"type": "str"},
    "certificate": {"type": "str"},
    "certificate_key": {"type": "str", "no_log": False},  # the path is no secret
    "hsts_max_age": {"type": "int", "default": 0},
    "hsts_include_subdomains": {"type": "bool", "default": False},
    "ssl_stapling": {"type": "bool", "default": False},
    "acme_webroot": {"type": "str", "default": "/var/lib/slipway-acme"},
    "acme_forward": {"type": "str"},
    "trusted_proxies": {"type": "list", "elements": "str", "default": []},
    "streaming": {"type": "list", "elements": "str", "default": []},
    "static": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "path": {"type": "str", "required": True},
            "directory": {"type": "str", "required": True},
            "max_age": {"type": "int", "default": 3600},
        },
    },
    "expose": {"type": "list", "elements": "str", "choices": list(PRIVATE), "default": []},
    "headers": {"type": "dict", "default": {}},
    "gzip": {"type": "bool", "default": True},
    "client_max_body_size": {"type": "str", "default": "10m"},
    "proxy_connect_timeout": {"type": "int", "default": 5},
    "proxy_send_timeout": {"type": "int", "default": 60},
    "proxy_read_timeout": {"type": "int", "default": 60},
    "limit_rate": {"type": "str"},
    "limit_burst": {"type": "int", "default": 20},
    "access_log": {"type": "bool", "default": True},
    "maintenance": {"type": "bool", "default": False},
    "maintenance_page": {"type": "str"},
    "snippet": {"type": "str", "default": ""},
    "catch_all": {"type": "bool", "default": True},
    "status_port": {"type": "int", "default": 0},
}
# Options that the playbooks set from a variable of their own.
VARIABLES = {
    "domains": "slipway_domain",
    "certificate": "slipway_certificate",
    "certificate_key": "slipway_certificate_key",
    "blue_green": "slipway_strategy",
}
