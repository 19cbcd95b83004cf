# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lineages as certbot lays them out, and options as users give them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.plan import decide
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.request import (
    Request,
)
from ansible_collections.slipway.golang.plugins.modules.certbot_certificate import ARGUMENTS

DAY = 86400
NAME = "shop.example.com"
CURVE = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
RENEWAL = """# renew_before_expiry = 30 days
version = 2.1.0
archive_dir = {archive}
cert = {live}/cert.pem

# Options used in the renewal process
[renewalparams]
account = b1184908c16c31760c248f6e8c546d34
server = {server}
authenticator = webroot
webroot_path = /var/lib/slipway-acme,
key_type = ecdsa
renew_hook = /usr/local/sbin/reload
[[webroot_map]]
shop.example.com = /var/lib/slipway-acme
"""


def options(**given):
    """What Ansible makes of a task with these options."""
    defaults = {name: spec.get("default") for name, spec in ARGUMENTS.items()}
    return dict(defaults, **dict({"domains": [NAME], "webroot": "/var/lib/slipway-acme"}, **given))


def request(**given):
    return Request(options(**given))


def make_pair(certificate, key, names, kind=None, days=90):
    argv = [
        "openssl",
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        *(kind or CURVE),
        "-keyout",
        key,
        "-out",
        certificate,
        "-days",
        str(days),
    ]
    names = ",".join("DNS:" + name for name in names)
    subprocess.run(
        [*argv, "-subj", "/CN=" + NAME, "-addext", "subjectAltName=" + names], check=True, capture_output=True
    )


def tree(folder):
    """Everything below a folder: links by their targets, files by their content."""
    state = {}
    for home, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(home, name)
            state[path] = os.readlink(path) if path.is_symlink() else path.is_dir() or path.read_bytes()
    return state


def reasons(state, now=None, **given):
    now = state.certificate.not_before if now is None else now
    return decide(request(**given), state, now).reasons
