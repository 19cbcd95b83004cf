# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files a site needs: decided from options and a state, without a host."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import flags, template, upstream
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx.plan import decide, decide_absent
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx.state import DEFAULT_SITE

from .sites import CERTIFICATE, NEW, options, server

SITE, UPSTREAM = template.path_of("orders"), upstream.path_of("orders")
THEIRS = "/etc/nginx/conf.d/theirs.conf"


def state(**given):
    """A host with nginx and nothing of ours."""
    bare = {
        "facts": NEW,
        "has_certificate": False,
        "serves_https": False,
        "upstream": "",
        "green_serves": False,
        "included": {},
        "sites": [],
        "has_unchanged_default_site": False,
    }
    return SimpleNamespace(**dict(bare, **given))


def common(plan):
    return plan.files[template.COMMON]


def test_the_shared_file_comes_before_the_upstream_and_the_site():
    plan = decide("orders", options(), state())
    assert list(plan.files) == [template.COMMON, UPSTREAM, SITE]
    assert plan.webroot == "/var/lib/slipway-acme"
    assert (plan.https, plan.waiting, plan.warnings, plan.drained) == (False, False, [], [])


def test_no_webroot_is_created_if_another_host_answers_the_challenges():
    assert decide("orders", options(acme_forward="10.0.0.9:80"), state()).webroot is None


def test_a_site_waits_for_a_certificate_that_never_was():
    plan = decide("orders", options(**CERTIFICATE), state())
    assert (plan.https, plan.waiting) == (False, True)
    assert template.WAITING in plan.files[SITE]


def test_a_site_with_its_certificate_serves_https():
    plan = decide("orders", options(**CERTIFICATE), state(has_certificate=True))
    assert (plan.https, plan.waiting) == (True, False)
    assert "ssl_certificate /etc/c.pem;" in plan.files[SITE]


def test_a_lost_certificate_leaves_the_configuration_as_it_is():
    plan = decide("orders", options(**CERTIFICATE), state(serves_https=True))
    assert (plan.files, plan.https, plan.waiting) == ({}, True, True)
    assert plan.warnings[0].endswith("Issue the certificate again")


def test_drained_servers_stay_drained():
    before = upstream.render("orders", options(servers=[server("a:1"), server("b:2")]), ["b:2"])
    plan = decide("orders", options(servers=[server("a:1"), server("b:2")]), state(upstream=before))
    assert plan.drained == ["b:2"]
    assert plan.files[UPSTREAM] == before
    with pytest.raises(InvalidInput, match="undrain one first"):
        decide("orders", options(servers=[server("b:2")]), state(upstream=before))


def test_the_default_server_of_another_file_stays_and_is_reported():
    theirs = {THEIRS: "server { listen 80 default_server; }\n"}
    plan = decide("orders", options(), state(included=theirs))
    assert "listen 80 default_server;" not in common(plan)
    assert plan.warnings[0].startswith(THEIRS + " has a default server")
    quiet = decide("orders", options(catch_all=False), state(included=theirs))
    assert not quiet.warnings and "default_server" not in common(quiet)


@pytest.mark.parametrize("names", ["", "server_name _;", 'server_name "";'])
def test_a_server_without_a_name_goes_on_getting_the_requests_for_unknown_names(names):
    """nginx takes the first one for the default, as long as no other file says default_server."""
    theirs = {THEIRS: "server { listen 80; %s root /srv; }\n" % names}
    plan = decide("orders", options(), state(included=theirs))
    assert "listen 80 default_server;" not in common(plan)
    assert plan.warnings[0].startswith(THEIRS + " has a default server")
    named = {THEIRS: "server { listen 80; server_name b.example.com; }\n"}
    assert "listen 80 default_server;" in common(decide("orders", options(), state(included=named)))


def test_a_default_server_of_our_own_is_no_reason_to_warn():
    plan = decide("orders", options(domains=[]), state())
    assert "listen 80 default_server;" in plan.files[SITE]
    assert "listen 80 default_server;" not in common(plan) and not plan.warnings


def test_the_distributions_welcome_page_is_removed_unless_it_was_edited():
    plan = decide("orders", options(), state(has_unchanged_default_site=True))
    assert plan.files[DEFAULT_SITE] is None
    assert DEFAULT_SITE not in decide("orders", options(), state()).files


@pytest.mark.parametrize(
    "version, rejects", [((1, 19, 4), True), ((1, 18, 0), False)], ids=["1.19.4", "1.18.0"]
)
def test_tls_is_rejected_for_unknown_names_by_an_nginx_that_can(version, rejects):
    able = state(has_certificate=True, facts=template.Facts(version))
    assert ("ssl_reject_handshake on;" in common(decide("orders", options(**CERTIFICATE), able))) is rejects
    assert "ssl_reject_handshake" not in common(decide("orders", options(), able))


def test_the_hash_size_is_left_to_the_file_that_sets_it():
    theirs = {THEIRS: "server_names_hash_bucket_size 64;\n"}
    assert "server_names_hash_bucket_size" in common(decide("orders", options(), state()))
    assert "server_names_hash_bucket_size" not in common(decide("orders", options(), state(included=theirs)))


def test_the_flag_files_follow_the_options():
    page, green = flags.maintenance_page("orders"), flags.green("orders")
    none = dict.fromkeys([page, green, *flags.parts("orders")])
    assert decide("orders", options(), state()).flag_files == none
    assert decide("orders", options(maintenance=True), state()).flag_files[page] == template.PAGE
    shown = decide("orders", options(maintenance=True, maintenance_page="<p>soon"), state())
    assert shown.flag_files[page] == "<p>soon"
    both = options(blue_green=True, servers=[server("a:1"), server("b:2")])
    assert decide("orders", both, state()).flag_files == {page: None}


def test_the_last_site_takes_the_shared_file_with_it():
    removed = {SITE: None, UPSTREAM: None}
    alone = state(included={SITE: "", UPSTREAM: ""}, sites=[SITE, UPSTREAM])
    assert decide_absent("orders", options(servers=[]), alone).files == dict(
        removed, **{template.COMMON: None}
    )
    other = template.path_of("billing")
    plan = decide_absent("orders", options(servers=[]), state(included={other: ""}, sites=[other]))
    assert dict(plan.files, **{template.COMMON: None}) == dict(removed, **{template.COMMON: None})
    assert common(plan).startswith(template.BANNER)
