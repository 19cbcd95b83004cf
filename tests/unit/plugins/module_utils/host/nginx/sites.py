# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of a site as Ansible passes them, and what is rendered from them."""

from __future__ import annotations

from ansible_collections.slipway.golang.plugins.module_utils.common.nginx_options import OPTIONS
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import request, template

NEW, OLD = template.Facts((1, 29, 0)), template.Facts((1, 22, 1))
CERTIFICATE = {"certificate": "/etc/c.pem", "certificate_key": "/etc/k.pem"}


def options(**given):
    defaults = {name: spec.get("default") for name, spec in OPTIONS.items()}
    site = {"domains": ["a.example.com"], "servers": [server("127.0.0.1:8080")]}
    return dict(defaults, **dict(site, **given))


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
