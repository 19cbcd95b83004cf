# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certbot's command lines."""

from __future__ import annotations

from ansible_collections.slipway.golang.plugins.module_utils.host.certbot import cli
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.state import observe

from .lineages import RENEWAL, request


def test_a_reissue_asks_nothing_and_keeps_settings_that_were_not_passed_again(lineage):
    state = lineage(
        settings=RENEWAL.replace("key_type", "preferred_chain = Root X\nreuse_key = True\nkey_type")
    )
    argv = cli.issue(request(key_type="rsa", rsa_key_size=3072, email="ops@example.com"), state)
    line = " ".join(argv)
    for words in (
        "certonly --non-interactive --agree-tos --cert-name shop.example.com",
        "--force-renewal --renew-with-new-domains",
        "--email ops@example.com",
        "--authenticator webroot --webroot-path=/var/lib/slipway-acme",
        "--key-type rsa --rsa-key-size 3072",
        "--preferred-chain Root X",
        "--deploy-hook /usr/local/sbin/reload",
        "--reuse-key --new-key",
    ):
        assert words in line
    assert "--break-my-certs" not in line


def test_a_plugin_gets_its_options_by_their_full_names(paths):
    requested = request(
        domains=["*.example.com"],
        authenticator="dns-cloudflare",
        authenticator_options={"credentials": "/root/c.ini", "propagation-seconds": 30},
    )
    argv = cli.issue(requested, observe(paths))
    assert requested.name == "example.com"
    assert argv[argv.index("dns-cloudflare") + 1 :][:2] == [
        "--dns-cloudflare-credentials=/root/c.ini",
        "--dns-cloudflare-propagation-seconds=30",
    ]
    standalone = request(authenticator="standalone", standalone_port=8080, standalone_address="127.0.0.1")
    assert {"--http-01-port=8080", "--http-01-address=127.0.0.1"} <= set(
        cli.issue(standalone, observe(paths))
    )
