# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why certbot has to run."""

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.plan import (
    decide,
    describe,
    preview,
)
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.request import (
    PRODUCTION,
    STAGING,
)
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.state import observe

from .lineages import DAY, NAME, reasons, request


def test_nothing_is_done_if_all_is_as_requested(lineage):
    state = lineage()
    assert state.known
    assert reasons(state) == []
    assert not decide(request(), state, state.certificate.not_before).changed


def test_a_bare_host_has_no_certificate_yet(paths):
    state = observe(paths)
    plan = decide(request(), state, 0)
    assert (plan.issue, plan.reasons) == (True, ["no certificate yet"])
    assert describe(state) == ""
    assert "domains: shop.example.com\n" in preview(request(), state, plan)


@pytest.mark.parametrize(
    "given, expected",
    [
        ({"domains": [NAME, "www.shop.example.com"]}, "domains: added www.shop.example.com"),
        ({"domains": ["www.shop.example.com"], "name": NAME}, "domains: added www.shop.example.com"),
        ({"key_type": "rsa"}, "key type: ecdsa -> rsa"),
        ({"elliptic_curve": "secp384r1"}, "elliptic curve: secp256r1 -> secp384r1"),
        ({"server": "https://ca.example.com/dir"}, "CA: %s -> https://ca.example.com/dir" % PRODUCTION),
        (
            {"webroot": "/srv/acme"},
            "authenticator: webroot webroot_path=/var/lib/slipway-acme -> webroot webroot_path=/srv/acme",
        ),
        (
            {"authenticator": "standalone"},
            "authenticator: webroot webroot_path=/var/lib/slipway-acme -> standalone",
        ),
        ({"preferred_chain": "Root X"}, "preferred chain: any -> Root X"),
        ({"reuse_key": True}, "reuse key: false -> true"),
    ],
)
def test_a_difference_is_a_reason_to_reissue(lineage, given, expected):
    state = lineage()
    plan = decide(request(**given), state, state.certificate.not_before)
    assert plan.issue
    assert plan.reasons[0] == expected
    assert describe(state) != preview(request(**given), state, plan)


def test_a_domain_that_is_no_longer_requested_is_a_reason(lineage):
    assert reasons(lineage(names=[NAME, "old.example.com"])) == ["domains: removed old.example.com"]


def test_the_size_of_an_rsa_key_counts_only_if_it_is_requested(lineage):
    state = lineage(kind=["rsa:2048"])
    assert reasons(state, key_type="rsa") == []
    assert reasons(state, key_type="rsa", rsa_key_size=3072) == ["RSA key size: 2048 -> 3072"]


@pytest.mark.parametrize(
    "left, expected",
    [
        (31 * DAY, []),
        (29.5 * DAY, ["expires in 29 days"]),
        (3 * 3600, ["expires in 3 h"]),
        (-3.5 * DAY, ["expired 3 days ago"]),
    ],
)
def test_a_certificate_is_renewed_in_its_last_third(lineage, left, expected):
    state = lineage()
    assert reasons(state, now=state.certificate.not_after - left) == expected


def test_going_from_staging_to_production_reissues_and_the_other_way_is_refused(lineage):
    state = lineage(server=STAGING)
    assert reasons(state) == ["CA: %s -> %s" % (STAGING, PRODUCTION)]
    state.parameters["server"] = PRODUCTION
    with pytest.raises(SlipwayError, match="staging would put a test certificate in its place"):
        reasons(state, staging=True)
    assert reasons(state, staging=True, now=state.certificate.not_after + DAY)[-1] == "expired 1 day ago"


def test_an_account_that_is_gone_is_a_reason(lineage):
    state = lineage()
    os.rmdir(os.path.join(state.paths.accounts(PRODUCTION), "b1184908c16c31760c248f6e8c546d34"))
    assert "b1184908c16c31760c248f6e8c546d34" in reasons(observe(state.paths))[0]
