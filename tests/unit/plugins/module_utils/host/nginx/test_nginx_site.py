# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration that options give. That nginx accepts it, and acts on it, molecule/nginx_proxy tests."""

from __future__ import annotations

import os
import re

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput, SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import (
    apply,
    config_files,
    drain,
    flags,
    live_color,
    plan,
    preview,
    process,
    request,
    state,
    template,
    upstream,
)
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx.options import OPTIONS

NEW, OLD = template.Facts((1, 29, 0)), template.Facts((1, 22, 1))
CERTIFICATE = {"certificate": "/etc/c.pem", "certificate_key": "/etc/k.pem"}


def options(**given):
    defaults = {name: spec.get("default") for name, spec in OPTIONS.items()}
    return (
        dict(defaults, domains=["a.example.com"], servers=[server("127.0.0.1:8080")], **given)
        if "domains" not in given
        else dict(defaults, **given)
    )


def server(address, **given):
    specs = OPTIONS["servers"]["options"]
    return dict({name: spec.get("default") for name, spec in specs.items()}, address=address, **given)


def render(https="no", facts=NEW, **given):
    chosen = options(**given)
    request.check_site(chosen)
    return template.render("orders", chosen, facts, https)


def servers(text):
    """The server blocks of a file, as text."""
    return ["server {" + part.split("\n}\n")[0] for part in text.split("\nserver {")[1:]]


class TestHttps:
    def test_http_redirects_but_for_the_challenges(self):
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

    def test_a_wildcard_is_no_place_to_be_sent_to(self):
        assert (
            "return 308 https://$host$request_uri;"
            in servers(render("yes", domains=["*.example.com"], **CERTIFICATE))[0]
        )
        with pytest.raises(
            InvalidInput,
            match="^domains: '\\*.example.com' is not usable: redirect_from redirects to the first",
        ):
            render(domains=["*.example.com", "example.com"], redirect_from=["example.org"])

    def test_no_server_tells_its_version(self):
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

    def test_trusted_proxies_are_believed_and_nobody_else(self):
        text = render(trusted_proxies=["10.0.0.0/8", "2001:db8::1"])
        assert "set_real_ip_from 10.0.0.0/8;" in text and "set_real_ip_from 2001:db8::1;" in text
        assert (
            "    10.0.0.0/8 1;" in text
            and "proxy_set_header X-Forwarded-Proto $%s_scheme;" % template._variable("orders") in text
        )

    def test_a_request_that_cannot_be_repeated_is_not(self):
        assert "proxy_next_upstream error timeout;" in render() and "non_idempotent" not in render()

    def test_the_maintenance_page_stands_before_every_way_to_the_service(self):
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

    def test_what_a_client_claims_in_other_words_is_dropped_too(self):
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

    def test_quotes_and_dollars_in_a_header_mean_themselves(self):
        text = render(headers={"X-A": 'a "b"; $host \\'})
        assert 'add_header X-A "a \\"b\\"; ${slipway_dollar}host \\\\" always;' in text

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

    def test_it_is_copied_unchanged_and_its_line_is_found(self):
        text = render(snippet="first a;\n  second b;\n")
        line = template.snippet_line(text)
        assert text.splitlines()[line : line + 2] == ["first a;", "  second b;"]

    @pytest.mark.parametrize("end", ["\r", "\u2028", "\x0c"])
    def test_what_ends_no_line_for_nginx_ends_no_comment(self, end):
        assert "# a%s}%sb {\n" % (end, end) in render(snippet="# a%s}%sb {" % (end, end))

    def test_an_error_in_it_is_reported_with_its_own_line(self):
        files = {template.path_of("orders"): render(snippet="gzip on;\nprox_pass x;\n")}
        number = files[template.path_of("orders")].splitlines().index("prox_pass x;") + 1
        told = apply.explain(
            'unknown directive "prox_pass" in %s:%d' % (template.path_of("orders"), number),
            files,
            "orders",
            "gzip on;\nprox_pass x;\n",
        )
        assert told.startswith("snippet, line 2 (prox_pass x;): nginx says: unknown directive")


class TestOtherRefusals:
    @pytest.mark.parametrize(
        "field, given",
        [
            ("redirect_from", {"redirect_from": ["a.example.com"]}),
            ("redirect_from", {"domains": [], "redirect_from": ["b.example.com"]}),
            ("certificate_key", {"certificate": "/c"}),
            ("streaming", {"streaming": ["/"]}),
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


class TestUpstream:
    def test_every_parameter_is_there(self):
        first, second = server("a:1", weight=2, max_fails=0, fail_timeout=5), server("b:2", backup=True)
        text = upstream.render("orders", options(balance="least_conn", servers=[first, second], domains=[]))
        assert (
            "    least_conn;\n    server a:1 weight=2 max_fails=0 fail_timeout=5s;\n"
            "    server b:2 max_fails=3 fail_timeout=10s backup;\n" in text
        )
        assert "keepalive 32;" in text

    @pytest.mark.parametrize(
        "servers, balance, told",
        [
            ([], "round_robin", "at least one"),
            ([server("a:1"), server("a:1")], "round_robin", "twice"),
            ([server("a:1"), server("b:1", backup=True)], "ip_hash", "backup"),
            ([server("a:1", backup=True)], "round_robin", "must not be a backup"),
            ([server("a:1", weight=0)], "round_robin", "servers.weight"),
        ],
    )
    def test_what_nginx_would_refuse_is_said_in_our_words(self, servers, balance, told):
        with pytest.raises(InvalidInput, match=told):
            request.check_servers(servers, balance)

    def test_draining_marks_one_server_and_undraining_gives_the_same_text_again(self):
        text = upstream.render(
            "orders",
            options(
                servers=[server("a:1", weight=2), server("[::1]:2"), server("unix:/run/x.sock")], domains=[]
            ),
        )
        drained = upstream.with_drained(text, "orders", {"[::1]:2": True})
        assert upstream.addresses(drained) == {"a:1": False, "[::1]:2": True, "unix:/run/x.sock": False}
        assert upstream.with_drained(drained, "orders", {"[::1]:2": True}) == drained
        assert upstream.with_drained(drained, "orders", {"[::1]:2": False}) == text

    def test_a_drained_server_stays_drained_when_the_file_is_written_anew(self):
        chosen = options(servers=[server("a:1"), server("b:2")], domains=[])
        text = upstream.with_drained(upstream.render("orders", chosen), "orders", {"b:2": True})
        assert upstream.render("orders", chosen, upstream.drained(text)) == text

    def test_the_last_server_cannot_be_drained(self):
        text = upstream.render("orders", options(servers=[server("a:1"), server("b:2")], domains=[]), ["a:1"])
        with pytest.raises(SlipwayError, match="b:2 is the last server of orders"):
            upstream.with_drained(text, "orders", {"b:2": True})
        assert upstream.drained(upstream.with_drained(text, "orders", {"b:2": True, "a:1": False})) == ["b:2"]

    def test_an_unknown_server_is_told_with_those_that_there_are(self):
        with pytest.raises(InvalidInput, match="it has a:1"):
            upstream.with_drained(
                upstream.render("orders", options(servers=[server("a:1")], domains=[])),
                "orders",
                {"c:3": True},
            )


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


def test_a_server_that_cannot_be_resolved_is_named():
    told = apply.explain(
        'host not found in upstream "nope:80" in /etc/nginx/conf.d/slipway-orders.upstream.conf:4',
        {},
        "orders",
        "",
    )
    assert told.startswith("servers: nope:80 cannot be resolved on this host")


def test_a_host_that_answers_challenges_is_named_if_it_cannot_be_resolved():
    files = {template.path_of("orders"): render(acme_forward="nope:80")}
    told = apply.explain(
        'host not found in upstream "nope" in %s:8' % template.path_of("orders"), files, "orders", ""
    )
    assert told.startswith("acme_forward: nope cannot be resolved on this host")


class TestFiles:
    def test_a_directory_can_be_entered_whatever_umask_root_has(self, tmp_path):
        before = os.umask(0o077)
        try:
            config_files.make_directory(str(tmp_path / "acme"))
        finally:
            os.umask(before)
        assert (tmp_path / "acme").stat().st_mode & 0o777 == 0o755

    def test_a_file_in_any_encoding_can_be_put_back_and_be_shown(self, tmp_path):
        path = tmp_path / "site.conf"
        path.write_bytes(b"# caf\xe9\n")
        before = config_files.install({str(path): "new\n"})
        assert path.read_text() == "new\n"
        config_files.install(before)
        assert path.read_bytes() == b"# caf\xe9\n"
        assert config_files.displayable(config_files.read(str(path))) == "# caf\ufffd\n"

    def test_every_listen_is_seen_wherever_it_stands(self, tmp_path, monkeypatch):
        monkeypatch.setattr(template, "DIRECTORY", str(tmp_path))
        path = tmp_path / "nginx.conf"
        path.write_text(
            "http { server { listen 8080; listen 80 default_server; } # listen 81 default_server;\n}\n"
        )
        assert list(state.listens(state.included())) == [(str(path), 8080, False), (str(path), 80, True)]

    def test_a_removed_file_is_newer_than_workers_that_never_heard_of_it(self, tmp_path):
        gone = tmp_path / "gone.conf"
        os.utime(tmp_path, (1, 1))
        assert process._changed(str(gone)) > 1  # when the directory's content or itself changed
        assert process._changed(str(tmp_path / "never" / "there")) == 0.0


class TestPreview:
    """What applying a plan would change, on a host whose nginx runs."""

    @pytest.fixture
    def wanted(self, tmp_path, monkeypatch):
        (tmp_path / "old.conf").write_text("old\n", encoding="utf-8")
        monkeypatch.setattr(process, "is_active", lambda: True)
        monkeypatch.setattr(process, "workers", set)
        files = {str(tmp_path / "new.conf"): "new\n", str(tmp_path / "old.conf"): None}
        page = {str(tmp_path / "orders.maintenance.html"): "<p>", str(tmp_path / "orders.green"): None}
        return plan.Plan(files, page, str(tmp_path / "acme"))

    def test_it_lists_the_actions_and_the_reload(self, wanted, tmp_path):
        assert preview.actions(wanted) == [
            "write %s/new.conf" % tmp_path,
            "remove %s/old.conf" % tmp_path,
            "begin maintenance",
            "create %s/acme" % tmp_path,
        ]
        assert preview.nginx_action(wanted) == "reload"

    def test_it_has_a_diff_of_every_file_that_differs(self, wanted, tmp_path):
        diffs = {item["after_header"]: (item["before"], item["after"]) for item in preview.diff(wanted)}
        assert diffs == {
            "%s/new.conf" % tmp_path: ("", "new\n"),
            "%s/old.conf" % tmp_path: ("old\n", ""),
            "%s/orders.maintenance.html" % tmp_path: ("", "<p>"),
        }

    def test_nothing_that_is_as_planned_is_done_again(self, wanted, monkeypatch):
        monkeypatch.setattr(config_files, "OWNER", os.geteuid())
        config_files.install(dict(wanted.files, **wanted.flag_files))
        config_files.make_directory(wanted.webroot)
        assert preview.nginx_action(wanted) == ""
        assert preview.actions(wanted) == []

    def test_an_nginx_that_does_not_run_is_started_for_a_file_only(self, wanted, monkeypatch):
        monkeypatch.setattr(process, "is_active", lambda: False)
        assert preview.nginx_action(wanted) == "start"
        assert preview.nginx_action(plan.Plan({template.COMMON: "x"}, {})) == ""


class TestSwitch:
    """Two instances, and a file that says which of them serves."""

    @pytest.fixture
    def host(self, tmp_path, monkeypatch):
        (tmp_path / "conf.d").mkdir()
        monkeypatch.setattr(template, "DIRECTORY", str(tmp_path))
        monkeypatch.setattr(upstream, "DIRECTORY", str(tmp_path))
        monkeypatch.setattr(flags, "DIRECTORY", str(tmp_path / "slipway"))
        return tmp_path

    def two(self, *addresses, blue_green=True):
        return options(servers=[server(address) for address in addresses], blue_green=blue_green, domains=[])

    def serve(self, host, *addresses):
        (host / "conf.d" / "slipway-orders.upstream.conf").write_text(
            upstream.render("orders", self.two(*addresses))
        )

    def test_nginx_asks_for_the_file_at_every_request(self):
        text = render(blue_green=True, servers=[server("a:1"), server("b:2")], domains=[])
        color = "$%s_color" % template._variable("orders")
        assert (
            "    set %s blue;\n    if (-f /etc/nginx/slipway/orders.green) {\n        set %s green;\n    }\n"
            % (color, color)
            in text
        )
        assert "proxy_pass http://slipway_orders_%s;" % color in text and "    open_file_cache off;" in text

    def test_each_color_is_an_upstream_of_its_own_without_idle_connections_that_last(self):
        text = upstream.render("orders", self.two("a:1", "b:2"))
        blue, green = text.split("upstream slipway_orders_blue {")[1].split("upstream slipway_orders_green {")
        assert "server a:1 " in blue and "server b:2 " in green and text.count("keepalive_timeout 1s;") == 2
        assert upstream.is_blue_green(text) and not upstream.is_blue_green(
            upstream.render("orders", self.two("a:1", blue_green=False))
        )

    def test_it_takes_two_servers_and_no_backup(self):
        for servers in (
            [server("a:1")],
            [server("a:1"), server("b:2", backup=True)],
            [server("a:1"), server("b:2"), server("c:3")],
        ):
            with pytest.raises(InvalidInput, match="blue_green needs two servers"):
                request.check_servers(servers, "round_robin", blue_green=True)

    def test_there_and_back(self, host):
        assert live_color.live("orders") == "blue"
        for color in ("green", "green", "blue", "blue"):
            live_color.send_to("orders", color)
            assert live_color.live("orders") == color

    def test_a_site_without_both_ports_is_refused(self, host):
        ports = {"blue": 8080, "green": 8081}
        with pytest.raises(SlipwayError, match="does not know the two instances"):
            live_color.require("orders", ports)
        self.serve(host, "127.0.0.1:8081", "127.0.0.1:8080")
        with pytest.raises(SlipwayError, match="does not know the two instances"):
            live_color.require("orders", ports)
        self.serve(host, "127.0.0.1:8080", "127.0.0.1:8081")
        live_color.require("orders", ports)

    def test_the_green_instance_is_not_forgotten_while_it_serves(self, host):
        self.serve(host, "a:1", "b:2")
        alone, other = self.two("a:1", blue_green=False), self.two("a:1", "b:3")
        for chosen in (alone, other):
            plan.decide("orders", chosen, state.SiteState("orders", chosen))
        live_color.send_to("orders", "green")
        for chosen in (alone, other):
            with pytest.raises(InvalidInput, match="the green instance, b:2, serves now"):
                plan.decide("orders", chosen, state.SiteState("orders", chosen))
        both = self.two("a:1", "b:2")
        plan.decide("orders", both, state.SiteState("orders", both))

    def test_its_servers_cannot_be_drained_by_hand(self, host):
        self.serve(host, "a:1", "b:2")
        with pytest.raises(InvalidInput, match="its site has blue_green"):
            drain.decide("orders", {"a:1": True})
