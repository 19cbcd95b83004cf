# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that cannot become a configuration are refused with the name of their field."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import request

from .sites import render, server

HOSTILE = [
    "a;b",
    "a b",
    "a\nb",
    "a{b",
    "a}b",
    "$a",
    "a'b",
    'a"b',
    "a\\b",
    "a#b",
    "-a",
    "ä",
    "{{ a }}",
    "%n",
    "",
    "a\0b",
]


class TestHostileInput:
    @pytest.mark.parametrize("value", HOSTILE)
    @pytest.mark.parametrize("field", ["domains", "redirect_from", "trusted_proxies", "streaming"])
    def test_lists_of_names(self, field, value):
        with pytest.raises(InvalidInput, match=field):
            render(**{field: [value]})

    @pytest.mark.parametrize("value", [value for value in HOSTILE if value])
    @pytest.mark.parametrize(
        "field", ["certificate", "acme_webroot", "client_max_body_size", "limit_rate", "acme_forward"]
    )
    def test_words(self, field, value):
        with pytest.raises(InvalidInput, match=field):
            render(**dict({"certificate_key": "/k"} if field == "certificate" else {}, **{field: value}))

    @pytest.mark.parametrize(
        "value",
        HOSTILE
        + [
            "127.0.0.1",
            "127.0.0.1:0",
            "127.0.0.1:65536",
            "[::1:80",
            "unix:relative",
            "*.a.example:80",
            ":80",
        ],
    )
    def test_addresses(self, value):
        with pytest.raises(InvalidInput, match="servers.address"):
            request.check_servers([server(value)], "round_robin")

    @pytest.mark.parametrize("value", ["/srv/../etc", "srv", "/srv;x", "/srv x"])
    def test_directories(self, value):
        with pytest.raises(InvalidInput, match="static.directory"):
            render(static=[{"path": "/a/", "directory": value, "max_age": 1}])

    @pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b", "", None, 3])
    def test_header_values_are_one_line(self, value):
        with pytest.raises(InvalidInput, match="headers.X-A"):
            render(headers={"X-A": value})

    @pytest.mark.parametrize("name", ["X A", "X;", "", "-X", "X\n"])
    def test_header_names(self, name):
        with pytest.raises(InvalidInput, match="headers"):
            render(headers={name: "v"})


class TestSnippet:
    @pytest.mark.parametrize(
        "text", ["}", "a { } }", "location /x { }\n}\nserver {", "b {", '"}" }', "# {\n}", "x '{' }"]
    )
    def test_it_stays_in_its_block(self, text):
        with pytest.raises(InvalidInput, match="snippet"):
            request.check_snippet(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "a;",
            'return 200 "}";',
            "location /x {\n  a; # }\n}",
            "set $a '{';",
            'return 200 "two\n}lines";',
            "if ($a ~ \\}) { }",
        ],
    )
    def test_braces_in_words_and_comments_do_not_count(self, text):
        request.check_snippet(text)


class TestOtherRefusals:
    @pytest.mark.parametrize(
        "field, given",
        [
            ("redirect_from", {"redirect_from": ["a.example.com"]}),
            ("redirect_from", {"domains": [], "redirect_from": ["b.example.com"]}),
            ("certificate_key", {"certificate": "/c"}),
            ("streaming", {"streaming": ["/"]}),
            ("streaming", {"streaming": ["/debug/events"]}),
            ("streaming", {"streaming": ["/Metrics"], "expose": ["/debug/"]}),
            ("static.path", {"static": [{"path": "/a", "directory": "/srv", "max_age": 1}]}),
            ("proxy_read_timeout", {"proxy_read_timeout": 0}),
            ("status_port", {"status_port": 65536}),
            ("limit_rate", {"limit_rate": "10"}),
            ("acme_webroot", {"acme_webroot": ""}),
        ],
    )
    def test_it_names_the_field(self, field, given):
        with pytest.raises(InvalidInput, match="^" + field):
            render(**given)


@pytest.mark.parametrize(
    "servers, balance, reason",
    [
        ([], "round_robin", "at least one"),
        ([server("a:1"), server("a:1")], "round_robin", "twice"),
        ([server("a:1"), server("b:1", backup=True)], "ip_hash", "backup"),
        ([server("a:1", backup=True)], "round_robin", "must not be a backup"),
        ([server("a:1", weight=0)], "round_robin", "servers.weight"),
    ],
)
def test_servers_that_nginx_would_refuse_are_refused_by_their_option(servers, balance, reason):
    with pytest.raises(InvalidInput, match=reason):
        request.check_servers(servers, balance)


def test_it_takes_two_servers_and_no_backup():
    for servers in (
        [server("a:1")],
        [server("a:1"), server("b:2", backup=True)],
        [server("a:1"), server("b:2"), server("c:3")],
    ):
        with pytest.raises(InvalidInput, match="blue_green needs two servers"):
            request.check_servers(servers, "round_robin", blue_green=True)
