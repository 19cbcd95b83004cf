# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbook setup gives to its roles: its own expressions, in a play that only prints them."""

from __future__ import annotations

import json
import re

import pytest
import yaml

GIVEN = (
    "nginx_proxy_domains",
    "nginx_proxy_servers",
    "nginx_proxy_site",
    "nginx_proxy_certificate",
    "nginx_proxy_certificate_key",
    "certbot_certificates",
    "certbot_email",
    "system_user_name",
    "system_user_group",
    "slipway__own",
    "log_shipping_app",
    "log_shipping_to",
    "log_shipping_index",
    "log_shipping_password",
    "log_shipping_client_key",
    "log_shipping_persistent_journal",
)
LIVE = "/etc/letsencrypt/live/orders.example.com/"


@pytest.fixture
def given(play, collections, tmp_path):
    """A function that returns what the roles get on web1 with these variables."""
    home = collections / "ansible_collections" / "slipway" / "golang" / "playbooks"
    check, accounts, nginx = yaml.safe_load((home / "setup.yml").read_text(encoding="utf-8"))
    shown = "{{ {%s} | to_json }}" % ", ".join("'%s': %s" % (name, name) for name in GIVEN)
    (role,) = accounts["roles"]
    (logs,) = accounts["tasks"]
    task = {"name": "Print", "ansible.builtin.copy": {"content": shown, "dest": "{{ playbook_dir }}/given"}}
    facts = {"slipway__fleet": {"hosts": ["web1"], "all_hosts": ["web1"]}}
    known = {"name": "Set", "ansible.builtin.set_fact": facts, "delegate_to": "localhost"}
    known.update(delegate_facts=True)
    printing = {
        "name": "Print",
        "hosts": "web1",
        "gather_facts": False,
        "vars": {**accounts["vars"], **role["vars"], **logs["vars"], **nginx["vars"]},
    }
    first = {"name": "Set", "hosts": "web1", "gather_facts": False, "tasks": [known]}
    path = tmp_path / "print.yml"
    path.write_text(yaml.safe_dump([first, dict(printing, tasks=[task])]), encoding="utf-8")

    def run(**variables):
        answer = play(str(path), **variables)
        assert answer.status == 0, answer.output
        return json.loads((tmp_path / "given").read_text(encoding="utf-8"))

    assert re.search("internal/variables.yml", check["ansible.builtin.import_playbook"])
    return run


@pytest.mark.parametrize(
    ("variables", "keepalive"),
    [
        ({}, None),
        ({"slipway_strategy": "blue_green"}, None),
        ({"slipway_strategy": "socket"}, 0),
        ({"slipway_strategy": "socket", "slipway_proxy": {"keepalive": 8}}, 8),
    ],
)
def test_nginx_keeps_no_connection_to_a_service_that_restarts_behind_a_socket(given, variables, keepalive):
    found = given(slipway_domain="orders.example.com", **variables)["nginx_proxy_site"]
    assert found.get("keepalive") == keepalive
    assert found["blue_green"] is (variables.get("slipway_strategy") == "blue_green")


def test_text_is_taken_for_what_it_means(given):
    found = given(
        slipway_domain="[orders.example.com, o.example.com]",
        slipway_tls="yes",
        slipway_proxy="{redirect_from: [www.example.com], gzip: 'no'}",
        slipway_unit="{user: deploy}",
        slipway_port="",
    )
    assert found["nginx_proxy_domains"] == ["orders.example.com", "o.example.com"]
    assert found["nginx_proxy_site"] == {
        "blue_green": False,
        "redirect_from": ["www.example.com"],
        "gzip": False,
    }
    assert found["nginx_proxy_certificate"] == LIVE + "fullchain.pem"
    assert found["nginx_proxy_certificate_key"] == LIVE + "privkey.pem"
    (certificate,) = found["certbot_certificates"]
    assert certificate["domains"] == ["orders.example.com", "o.example.com", "www.example.com"]
    assert (found["system_user_name"], found["system_user_group"]) == ("deploy", "deploy")
    assert found["nginx_proxy_servers"] == [{"address": "127.0.0.1:8080"}]


@pytest.mark.parametrize("word", ["false", False, "off"])
def test_plain_http_is_plain_http_even_with_a_certificate_of_ones_own(given, word):
    own = {"slipway_certificate": "/etc/own.pem", "slipway_certificate_key": "/etc/own.key"}
    found = given(slipway_domain="orders.example.com", slipway_tls=word, **own)
    assert (found["nginx_proxy_certificate"], found["nginx_proxy_certificate_key"]) == ("", "")


def test_a_certificate_of_ones_own_is_used(given):
    own = {"slipway_certificate": "/etc/own.pem", "slipway_certificate_key": "/etc/own.key"}
    found = given(slipway_domain="orders.example.com", **own)
    assert found["nginx_proxy_certificate"] == found["slipway__own"] == "/etc/own.pem"
    assert found["nginx_proxy_certificate_key"] == "/etc/own.key"


def test_a_socket_gets_requests_where_there_is_no_port(given):
    found = given(slipway_domain="orders.example.com", slipway_health="{socket: /run/orders/http.sock}")
    assert found["nginx_proxy_servers"] == [{"address": "unix:/run/orders/http.sock"}]


@pytest.mark.parametrize(
    ("logs", "wanted"),
    [
        (None, ["orders", "", "orders", "", "", False]),
        ("{}", ["orders", "", "orders", "", "", False]),
        (
            "{to: 'syslog+tls://a', persistent_journal: 'yes'}",
            ["orders", "syslog+tls://a", "orders", "", "", True],
        ),
        (
            {"to": "elasticsearch+https://a", "index": "shop", "user": "ann", "password": "hunter2"},
            ["orders", "elasticsearch+https://a", "shop", "hunter2", "", False],
        ),
    ],
)
def test_the_logs_go_where_the_variable_says(given, logs, wanted):
    found = given(slipway_domain="orders.example.com", slipway_logs=logs)
    names = ("app", "to", "index", "password", "client_key", "persistent_journal")
    assert [found["log_shipping_" + name] for name in names] == wanted
