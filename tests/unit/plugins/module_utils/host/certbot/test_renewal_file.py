# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certbot's renewal file, read as its own library (configobj) reads it."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot import renewal_file

TEXT = """# renew_before_expiry = 30 days
version = 2.1.0
archive_dir = /etc/letsencrypt/archive/shop

# Options used in the renewal process
[renewalparams]
server = https://ca.example.com/dir   # ours
authenticator = webroot
webroot_path = /srv/a, "/srv/b, c",
preferred_chain = "Root, the first"
empty = ""
renew_hook = /usr/local/sbin/reload
'odd key' = 'it is "quoted"'
[[webroot_map]]
shop.example.com = /srv/a
*.shop.example.com = /srv/b
[acme_renewal_info]
ari_retry_after = 2026-11-21T02:00:00
"""


def test_it_reads_what_certbot_writes():
    assert renewal_file.parse(TEXT) == {
        "": {"version": "2.1.0", "archive_dir": "/etc/letsencrypt/archive/shop"},
        "renewalparams": {
            "server": "https://ca.example.com/dir",
            "authenticator": "webroot",
            "webroot_path": ["/srv/a", "/srv/b, c"],
            "preferred_chain": "Root, the first",
            "empty": "",
            "renew_hook": "/usr/local/sbin/reload",
            "odd key": 'it is "quoted"',
        },
        "webroot_map": {"shop.example.com": "/srv/a", "*.shop.example.com": "/srv/b"},
        "acme_renewal_info": {"ari_retry_after": "2026-11-21T02:00:00"},
    }


@pytest.mark.parametrize(
    "text", ["hello\n", "[renewalparams\n", "[[x]\n", "= 1\n", 'a = "unclosed\n', "a = 'x' y\n"]
)
def test_a_file_of_another_format_is_refused(text):
    with pytest.raises(SlipwayError, match="^line 1 "):
        renewal_file.parse(text)


@pytest.mark.parametrize("before", [TEXT, TEXT.replace("renew_hook = /usr/local/sbin/reload\n", "")])
@pytest.mark.parametrize("hook", ["/bin/other", ""])
def test_a_hook_is_changed_and_nothing_else(before, hook):
    expected = renewal_file.parse(before)
    expected["renewalparams"].pop("renew_hook", None)
    if hook:
        expected["renewalparams"]["renew_hook"] = hook
    assert renewal_file.parse(renewal_file.with_hook(before, hook)) == expected
