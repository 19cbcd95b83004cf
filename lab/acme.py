# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate of a fleet's ACME server, and the CA that signed it: ACME needs HTTPS."""

from __future__ import annotations

from pathlib import Path

from inventory import DOMAIN, Host
from shell import output

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650")


def have_certificate(state: Path, server: Host) -> None:
    """Create the CA (acme_ca) and the server's certificate in the fleet's state directory, if missing."""
    ca, own = state / "acme_ca", state / server.name
    if not ca.with_suffix(".crt").exists():
        make(ca, "Slipway lab", "keyUsage=critical,keyCertSign,cRLSign")
    if not own.with_suffix(".crt").exists():
        names = f"DNS:{server.name},DNS:{server.name}.{DOMAIN},DNS:localhost,IP:127.0.0.1"
        make(own, server.name, f"subjectAltName={names}", "basicConstraints=critical,CA:FALSE", signed_by=ca)


def make(path: Path, subject: str, *extensions: str, signed_by: Path | None = None) -> None:
    """Create key and certificate. The certificate is written last: if it exists, its key does too."""
    key, request = path.with_suffix(".key"), path.with_suffix(".new")
    argv = [
        "openssl",
        "req",
        "-x509",
        *KEY,
        "-subj",
        f"/CN={subject}",
        "-keyout",
        str(key),
        "-out",
        str(request),
    ]
    if signed_by:
        argv += ["-CA", str(signed_by.with_suffix(".crt")), "-CAkey", str(signed_by.with_suffix(".key"))]
    for extension in extensions:
        argv += ["-addext", extension]
    output(*argv)
    request.replace(path.with_suffix(".crt"))
