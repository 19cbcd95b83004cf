# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that certbot would refuse or misread are refused by name."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.request import (
    PRODUCTION,
)

from .lineages import request


@pytest.mark.parametrize(
    "given, field",
    [
        ({"domains": []}, "domains"),
        ({"domains": ["shop"]}, "domains"),
        ({"domains": ["Shop.example.com"]}, "domains"),
        ({"domains": ["shop.example.com\n"]}, "domains"),
        ({"domains": ["--help"]}, "domains"),
        ({"domains": ["-x.example.com"]}, "domains"),
        ({"domains": ["a..example.com"]}, "domains"),
        ({"domains": ["192.0.2.1"]}, "domains"),
        ({"domains": ["a.example.com", "a.example.com"]}, "domains"),
        ({"domains": ["a%d.example.com" % number for number in range(101)]}, "domains"),
        ({"domains": ["*.example.com"]}, "domains"),
        ({"domains": ["*.example.com"], "authenticator": "standalone"}, "domains"),
        ({"name": "../shop"}, "name"),
        ({"name": ""}, "name"),
        ({"server": "http://ca.example.com/dir"}, "server"),
        ({"server": "https://ca.example.com/dir\n"}, "server"),
        ({"server": "https://ca.example.com/../../dir x"}, "server"),
        ({"server": PRODUCTION, "staging": True}, "staging"),
        ({"email": "ops"}, "email"),
        ({"email": "--help@example.com"}, "email"),
        ({"webroot": None}, "webroot"),
        ({"webroot": "acme"}, "webroot"),
        ({"webroot": "/srv/a,b"}, "webroot"),
        ({"webroot": "/srv/../etc"}, "webroot"),
        ({"authenticator": "web root"}, "authenticator"),
        ({"authenticator": "--manual"}, "authenticator"),
        ({"authenticator": "standalone", "standalone_port": 70000}, "standalone_port"),
        ({"authenticator": "standalone", "standalone_address": "example.com; id"}, "standalone_address"),
        ({"authenticator": "dns-x", "authenticator_options": {"cred entials": "x"}}, "authenticator_options"),
        (
            {"authenticator": "dns-x", "authenticator_options": {"credentials": "a\nb"}},
            "authenticator_options.credentials",
        ),
        ({"key_type": "ecdsa", "rsa_key_size": 4096}, "rsa_key_size"),
        ({"key_type": "rsa", "elliptic_curve": "secp384r1"}, "elliptic_curve"),
        ({"key_type": "rsa", "rsa_key_size": 1024}, "rsa_key_size"),
        ({"deploy_hook": "nginx -s reload"}, "deploy_hook"),
        ({"deploy_hook": "/bin/true; /bin/false"}, "deploy_hook"),
        ({"preferred_chain": "--help"}, "preferred_chain"),
        ({"ca_bundle": "bundle.pem"}, "ca_bundle"),
    ],
)
def test_bad_options_are_refused_by_name(given, field):
    with pytest.raises(InvalidInput, match="^%s: " % field.replace(".", r"\.")):
        request(**given)
