# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.plugin_utils import combinations, variables

CERTBOT = pathlib.Path(__file__).resolve().parents[4] / "roles" / "certbot" / "defaults" / "main.yml"
ARTIFACTS = ["a.tar.gz", "b.tar.gz"]
MIRROR = "https://mirror.example/a.tar.gz"


def problems(**given):
    return variables.read(dict({"slipway_app": "orders"}, **given), lambda value: value, "/inventory")[1]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        # strategies and ports
        ({"slipway_alternate_port": 9000}, "slipway_alternate_port: it is for slipway_strategy: blue_green"),
        (
            {"slipway_strategy": "blue_green", "slipway_port": 9000, "slipway_alternate_port": 9000},
            "slipway_alternate_port: 9000 is slipway_port too",
        ),
        (
            {"slipway_strategy": "blue_green", "slipway_port": 65535},
            "slipway_alternate_port: there is no port after 65535",
        ),
        (
            {"slipway_strategy": "socket", "slipway_health": {"type": "none"}},
            "slipway_strategy: socket needs the port of the service",
        ),
        (
            {"slipway_strategy": "blue_green", "slipway_health": {"socket": "/run/orders/http.sock"}},
            "slipway_strategy: blue_green needs the port of the service",
        ),
        (
            {"slipway_env": {"PORT": 9090}},
            "slipway_env: 'PORT' is the port of the service, and everything else uses 8080",
        ),
        ({"slipway_env": {"PORT": "9090"}, "slipway_port": 8081}, "everything else uses 8081"),
        ({"slipway_env": {"ADDR": "70000"}, "slipway_port_variable": "ADDR"}, "slipway_env: 'ADDR' is"),
        (
            {"slipway_env": {"PORT": "x"}, "slipway_unit": {"exec_args": [":{port}"]}},
            "slipway_env: 'PORT' has another value than the port",
        ),
        # certificates and domains
        (
            {"slipway_certificate": "/a.pem"},
            "slipway_certificate_key: it is not set, and slipway_certificate",
        ),
        ({"slipway_certificate_key": "/a.key"}, "slipway_certificate: it is not set, and"),
        (
            {"slipway_domain": "localhost"},
            "slipway_domain: 'localhost' is not usable: use a full domain name in lower case, as in "
            "shop.example.com; other alphabets in their xn-- form; or set slipway_certificate, or",
        ),
        (
            {"slipway_domain": "*.example.com"},
            "slipway_domain: '*.example.com' is not usable: CAs issue wild",
        ),
        (
            {"slipway_domain": ["a.example.com", "a.example.com"]},
            "slipway_domain: 'a.example.com' is not usable: it is listed twice",
        ),
        # nginx
        (
            {"slipway_domain": "a.example.com", "slipway_proxy": {"redirect_from": ["a.example.com"]}},
            "slipway_proxy.redirect_from: 'a.example.com' is not usable: it is in domains too",
        ),
        (
            {"slipway_proxy": {"proxy_connect_timeout": 76}},
            "slipway_proxy.proxy_connect_timeout: 76 is not usable: use a number from 1 to 75",
        ),
        ({"slipway_proxy": {"status_port": 65536}}, "slipway_proxy.status_port: 65536 is not usable"),
        ({"slipway_proxy": {"headers": {"X-A": "a\nb"}}}, "slipway_proxy.headers.X-A: "),
        ({"slipway_proxy": {"snippet": "}"}}, "slipway_proxy.snippet: "),
        ({"slipway_proxy": {"static": [{"path": "/a", "directory": "/b"}]}}, "slipway_proxy.static.path: "),
        ({"slipway_proxy": {"trusted_proxies": ["10.0.0.0/33"]}}, "slipway_proxy.trusted_proxies: "),
        ({"slipway_proxy": {"servers": [{"address": "a:0"}]}}, "slipway_proxy.servers.address: 'a:0'"),
        (
            {"slipway_proxy": {"servers": [{"address": "a:1"}]}, "slipway_strategy": "blue_green"},
            "slipway_proxy.servers: ['a:1'] is not usable: blue_green needs two servers",
        ),
        (
            {
                "slipway_proxy": {
                    "balance": "ip_hash",
                    "servers": [{"address": "a:1"}, {"address": "b:1", "backup": True}],
                }
            },
            "slipway_proxy.servers.backup: True is not usable: nginx has no backup servers",
        ),
        # files
        (
            {"slipway_files": [{"src": "config"}], "slipway_config": [{"src": "a", "dest": "a"}]},
            "slipway_files: 'config' goes where the files of slipway_config are",
        ),
        # logs
        ({"slipway_until": "1h"}, "slipway_until: 1h is not after slipway_since, which is 10m"),
        (
            {"slipway_since": "2026-11-28T12:00Z", "slipway_until": "2026-11-28T12:00Z"},
            "slipway_until: 2026-11-28T12:00Z is not after slipway_since",
        ),
        (
            {"slipway_until": "5m", "slipway_follow": 60},
            "slipway_until: 5m is an end, and slipway_follow goes on from now",
        ),
        # mirrors
        (
            {"slipway_pull_from": [MIRROR], "slipway_artifacts": ARTIFACTS},
            "slipway_pull_from: 1 is not usable: give one URL that ends with /, or one for each of the 2",
        ),
        ({"slipway_pull_from": [MIRROR, MIRROR]}, "slipway_pull_from: 2 is not usable"),
        ({"slipway_pull_ca_file": "/etc/ca.pem"}, "slipway_pull_ca_file: it is for slipway_pull_from"),
    ],
)
def test_what_makes_no_sense_together_is_refused_with_a_remedy(given, words):
    (problem,) = problems(**given)
    assert problem.startswith(words) or words in problem, problem


@pytest.mark.parametrize(
    "given",
    [
        {"slipway_strategy": "blue_green", "slipway_alternate_port": 9000},
        {"slipway_strategy": "socket", "slipway_health": {"type": "none"}, "slipway_port": 8080},
        {"slipway_since": "1h", "slipway_until": "30m"},
        {"slipway_since": "2020-01-01", "slipway_until": "1s"},
        {"slipway_env": {"PORT": 8080}},
        {"slipway_env": {"PORT": "{port}"}, "slipway_port": 9090},
        {"slipway_env": {"PORT": "9090"}, "slipway_health": {"type": "none"}},
        {"slipway_env": {"PORT": "127.0.0.1:{port}"}},
        {"slipway_domain": "localhost", "slipway_tls": False},
        {"slipway_certificate": "/a.pem", "slipway_certificate_key": "/a.key", "slipway_domain": "localhost"},
        {"slipway_domain": "*.example.com", "certbot_authenticator": "dns-cloudflare"},
        {"slipway_proxy": {"redirect_from": ["www.example.com"]}},  # the balancers have the domain
        {"slipway_acme_email": "ops@example.com"},
        {"slipway_files": [{"src": "config", "dest": "etc"}], "slipway_config": [{"src": "a", "dest": "a"}]},
        {"slipway_files": [{"src": "config"}]},
        {"slipway_pull_from": "https://mirror.example/orders/", "slipway_artifacts": ARTIFACTS},
        {"slipway_pull_from": [MIRROR, MIRROR], "slipway_artifacts": ARTIFACTS},
    ],
)
def test_what_makes_sense_together_is_taken(given):
    assert problems(**given) == []


@pytest.mark.parametrize("url", ["https://ann:hunter2@mirror.example/", "https://mirror.example/hunter2 x/"])
def test_a_url_is_refused_without_its_secret(url):
    (problem,) = problems(slipway_pull_from=url)
    assert problem.startswith("slipway_pull_from: ") and "hunter2" not in problem


def test_the_default_of_the_role_is_the_one_that_is_checked():
    defaults = yaml.safe_load(CERTBOT.read_text(encoding="utf-8"))
    assert defaults["certbot_authenticator"] == combinations.WEBROOT
