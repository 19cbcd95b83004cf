# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration that options give. That nginx accepts it, and acts on it, molecule/nginx_proxy tests."""

from __future__ import annotations

import re

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import template

from .sites import CERTIFICATE, NEW, OLD, render, server, servers


class TestHttps:
    def test_http_redirects_all_but_the_challenges(self):
        http, https = servers(render("yes", **CERTIFICATE))
        assert "listen 80;" in http and "return 308 https://a.example.com$request_uri;" in http
        assert http.index("acme-challenge") < http.index("return 308")
        assert "proxy_pass" not in http
        assert (
            "listen 443 ssl;" in https
            and "http2 on;" in https
            and "proxy_pass http://slipway_orders;" in https
        )

    def test_several_domains_keep_their_own_name_on_the_way_to_https(self):
        http = servers(render("yes", domains=["a.example.com", "b.example.com"], **CERTIFICATE))[0]
        assert "return 308 https://$host$request_uri;" in http

    def test_nothing_is_redirected_to_a_wildcard(self):
        assert (
            "return 308 https://$host$request_uri;"
            in servers(render("yes", domains=["*.example.com"], **CERTIFICATE))[0]
        )
        with pytest.raises(
            InvalidInput,
            match="^domains: '\\*.example.com' is not usable: redirect_from redirects to the first",
        ):
            render(domains=["*.example.com", "example.com"], redirect_from=["example.org"])

    def test_no_server_shows_its_version(self):
        text = render("yes", redirect_from=["www.a.example.com"], **CERTIFICATE)
        assert all("server_tokens off;" in server for server in servers(text))

    def test_an_older_nginx_gets_http2_as_an_option_of_listen(self):
        https = servers(render("yes", OLD, **CERTIFICATE))[1]
        assert "listen 443 ssl http2;" in https and "http2 on;" not in https

    def test_a_site_that_waits_for_its_certificate_shows_challenges_and_nothing_else(self):
        only = servers(render("waiting", **CERTIFICATE))
        assert len(only) == 1 and "acme-challenge" in only[0] and "return 503" in only[0]
        assert "proxy_pass" not in only[0] and "443" not in only[0]

    def test_tickets_and_stapling_are_off_and_old_protocols_too(self):
        https = servers(render("yes", **CERTIFICATE))[1]
        assert (
            "ssl_session_tickets off;" in https
            and "ssl_protocols TLSv1.2 TLSv1.3;" in https
            and "ssl_stapling" not in https
        )
        assert "ssl_stapling on;" in servers(render("yes", ssl_stapling=True, **CERTIFICATE))[1]

    def test_hsts_is_sent_only_when_asked_for(self):
        assert "Strict-Transport-Security" not in render("yes", **CERTIFICATE)
        text = render("yes", hsts_max_age=3600, hsts_include_subdomains=True, **CERTIFICATE)
        assert (
            text.count('add_header Strict-Transport-Security "max-age=3600; includeSubDomains" always;') == 1
        )
        redirected = servers(
            render("yes", hsts_max_age=3600, redirect_from=["www.a.example.com"], **CERTIFICATE)
        )
        assert ["Strict-Transport-Security" in server for server in redirected] == [False, True, True]

    def test_other_names_are_redirected_to_the_first_domain(self):
        http, redirect, main = servers(render("yes", redirect_from=["www.a.example.com"], **CERTIFICATE))
        assert "server_name a.example.com www.a.example.com;" in http
        assert (
            "server_name www.a.example.com;" in redirect
            and "return 308 https://a.example.com$request_uri;" in redirect
        )
        assert "ssl_certificate /etc/c.pem;" in redirect
        assert "server_name a.example.com;" in main


class TestProxy:
    def test_a_client_cannot_choose_its_own_address(self):
        text = render()
        assert (
            "proxy_set_header X-Forwarded-For $remote_addr;" in text
            and "$proxy_add_x_forwarded_for" not in text
        )
        assert "set_real_ip_from" not in text and "proxy_set_header X-Forwarded-Proto $scheme;" in text

    def test_only_trusted_proxies_are_believed(self):
        text = render(trusted_proxies=["10.0.0.0/8", "2001:db8::1"])
        assert "set_real_ip_from 10.0.0.0/8;" in text and "set_real_ip_from 2001:db8::1;" in text
        assert (
            "    10.0.0.0/8 1;" in text
            and "proxy_set_header X-Forwarded-Proto $%s_scheme;" % template._variable("orders") in text
        )

    def test_a_request_that_cannot_be_repeated_is_not(self):
        assert "proxy_next_upstream error timeout;" in render() and "non_idempotent" not in render()

    def test_the_maintenance_page_comes_before_every_proxied_location(self):
        text = render(streaming=["/events"])
        assert (
            text.count("proxy_pass http://slipway_orders;")
            == text.count("if (-f /etc/nginx/slipway/orders.maintenance.html)")
            == 2
        )

    def test_no_two_sites_share_a_variable(self):
        names = ["a-b", "a_b", "a__b", "a-_b", "a_-b", "a_d", "a-", "a_db", "a" * 31, "a-" * 15]
        assert len({template._variable(name) for name in names}) == len(names)
        # nginx has room for 46 characters, those of the suffix included.
        assert all(re.fullmatch("[a-z0-9_]{1,32}", template._variable(name)) for name in names)

    def test_other_headers_with_a_clients_claims_are_dropped_too(self):
        text = render(streaming=["/events"])
        assert (
            text.count('proxy_set_header Forwarded "";')
            == text.count('proxy_set_header True-Client-IP "";')
            == 2
        )

    def test_streams_are_not_buffered(self):
        location = render(streaming=["/events"]).split("location /events {")[1].split("location / {")[0]
        assert (
            "proxy_buffering off;" in location
            and "proxy_read_timeout 1h;" in location
            and "gzip off;" in location
        )

    def test_the_rate_limit_is_the_sites_own(self):
        text = render(limit_rate="10r/s", limit_burst=5)
        assert "limit_req_zone $binary_remote_addr zone=slipway_orders_rate:10m rate=10r/s;" in text
        assert (
            "limit_req zone=slipway_orders_rate burst=5 nodelay;" in text and "limit_req_status 429;" in text
        )
        assert "limit_req zone=slipway_orders_rate;" in render(
            limit_rate="10r/s", limit_burst=0
        )  # nginx knows no burst=0

    def test_a_site_without_a_domain_answers_to_all_names(self):
        text = render(domains=[])
        assert "listen 80 default_server;" in text and "server_name _;" in text

    def test_without_ipv6_nothing_listens_there(self):
        assert "[::]" not in render(facts=template.Facts(ipv6=False)) and "listen [::]:80;" in render()

    def test_challenges_can_be_answered_by_another_host(self):
        text = render(acme_forward="10.0.0.9:80")
        assert "proxy_pass http://10.0.0.9:80;" in text and "root /var/lib/slipway-acme" not in text


class TestCommon:
    def test_it_catches_only_what_it_is_asked_to(self):
        def render(**given):
            return template.render_common(
                NEW,
                **dict(
                    {"catch_http": False, "catch_https": False, "acme_webroot": "/w", "status_port": 0},
                    **given,
                ),
            )

        assert "listen" not in render()
        assert "server_names_hash_bucket_size 128;" in render() and "server_names_hash" not in render(
            long_names=False
        )
        assert "listen 80 default_server;" in render(catch_http=True) and "443" not in render(catch_http=True)
        assert "ssl_reject_handshake on;" in render(catch_https=True)
        assert "ssl_session_cache shared:slipway_tls:10m;" in render(
            catch_https=True
        )  # without it, no site's sessions are resumed
        assert "listen 127.0.0.1:8099;" in render(status_port=8099)

    def test_the_log_is_json_with_release_and_timing_of_the_upstream(self):
        text = template.render_common(
            NEW, catch_http=False, catch_https=False, acme_webroot="/w", status_port=0
        )
        assert (
            "escape=json" in text
            and '"release":"$upstream_http_x_release"' in text
            and '"upstream_response_time":"$upstream_response_time"' in text
        )


def test_quotes_and_dollars_in_a_header_are_literal():
    text = render(headers={"X-A": 'a "b"; $host \\'})
    assert 'add_header X-A "a \\"b\\"; ${slipway_dollar}host \\\\" always;' in text


def test_it_is_copied_unchanged_and_its_line_is_found():
    text = render(snippet="first a;\n  second b;\n")
    line = template.snippet_line(text)
    assert text.splitlines()[line : line + 2] == ["first a;", "  second b;"]


@pytest.mark.parametrize("end", ["\r", "\u2028", "\x0c"])
def test_what_ends_no_line_for_nginx_ends_no_comment(end):
    assert "# a%s}%sb {\n" % (end, end) in render(snippet="# a%s}%sb {" % (end, end))


def test_nginx_asks_for_the_files_at_every_request():
    text = render(blue_green=True, servers=[server("a:1"), server("b:2")], domains=[])
    variable = "$" + template._variable("orders")
    assert (
        """    set $v_color blue;
    set $v_other green;
    if (-f /etc/nginx/slipway/orders.green) {
        set $v_color green;
        set $v_other blue;
    }
    if (-f /etc/nginx/slipway/orders.$v_other.$v_part) {
        set $v_color $v_other;
    }
""".replace("$v", variable)
        in text
    )
    assert "proxy_pass http://slipway_orders_%s_color;" % variable in text
    assert "    open_file_cache off;" in text


def test_a_request_is_in_the_part_of_its_random_id():
    text = render(blue_green=True, servers=[server("a:1"), server("b:2")], domains=[])
    parts = "    1% 1;\n    4% 5;\n    5% 10;\n    15% 25;\n    25% 50;\n    * rest;\n}\n"
    variable = "$" + template._variable("orders")
    assert (
        'split_clients "$request_id" %s_part {\n%s' % (variable, parts) in text and "map $cookie" not in text
    )


def test_users_are_in_the_part_of_their_cookie():
    both = [server("a:1"), server("b:2")]
    text = render(blue_green=True, servers=both, domains=[], sticky_cookie="session")
    variable = "$" + template._variable("orders")
    users = '    "" $request_id;\n    default $cookie_session;\n}\n'
    assert "map $cookie_session %s_user {\n%s" % (variable, users) in text
    assert 'split_clients "%s_user" %s_part {' % (variable, variable) in text


class TestPrivatePaths:
    PRIVATE = "location ~* ^/+(metrics|debug)(/|$) {\n        return 404;\n    }"

    @pytest.mark.parametrize("https", ["no", "yes"])
    def test_clients_get_no_metrics_and_no_profiles(self, https):
        certificate = CERTIFICATE if https == "yes" else {}
        main = servers(render(https, **certificate))[-1]
        assert self.PRIVATE in main
        assert main.index(self.PRIVATE) < main.index("location / {")

    def test_what_is_exposed_is_open_and_the_rest_is_not(self):
        assert "location ~* ^/+(debug)(/|$) {" in render(expose=["/metrics"])
        assert "location ~* ^/+(metrics)(/|$) {" in render(expose=["/debug/"])
        assert "location ~*" not in render(expose=["/metrics", "/debug/"])

    # As nginx gives them to a location: decoded, with one slash for several, and without dot segments.
    @pytest.mark.parametrize(
        "path, refused",
        [
            ("/metrics", True),
            ("/metrics/", True),
            ("/metrics/x", True),
            ("//metrics", True),
            ("/METRICS", True),
            ("/debug", True),
            ("/debug/pprof/heap", True),
            ("/metricsx", False),
            ("/debugger", False),
            ("/api/metrics", False),
            ("/", False),
        ],
    )
    def test_the_pattern_means_whole_segments(self, path, refused):
        assert bool(re.search(template.private_pattern([]), path, re.IGNORECASE)) == refused

    def test_a_snippet_of_the_user_can_still_open_one(self):
        """An exact location comes before every pattern, wherever it is."""
        text = render(snippet="location = /metrics {\n    allow 10.0.0.5;\n    deny all;\n}")
        assert text.index(self.PRIVATE) < text.index("location = /metrics {")
