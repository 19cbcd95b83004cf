# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unpacked tarballs for the tests of install.sh, as `package` would have made them."""

from __future__ import annotations

import platform
from pathlib import Path

from ansible_collections.slipway.golang.plugins.module_utils.common import canonical, unit
from ansible_collections.slipway.golang.plugins.module_utils.common.manifest import (
    CHECKSUMS,
    MANIFEST,
    Manifest,
)

INSTALL_SH = Path(__file__).resolve().parents[3] / "installer" / "install.sh"
# Get the functions of install.sh from $1, without running it; the other arguments move up.
SOURCE = 'SLIPWAY_SOURCED=$$; . "$1"; shift; '
GOARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
TARGET = {"goos": "linux", "goarch": GOARCH, "variant": ""}


def unit_text(app="orders", **options):
    """The unit that a tarball of this app would bring."""
    base = "/opt/%s/current/" % app
    return unit.render(
        unit.sections(app, options, binary=base + "bin/" + app, environment_file=base + "environment")
    )


def files_of(app="orders", binary=b"#!/bin/sh\necho hello\n", **extra):
    """Path to (content, mode), with everything that a tarball has; ``extra`` paths may replace any of it."""
    files = {
        "bin/" + app: (binary, "0755"),
        "install.sh": (INSTALL_SH.read_bytes(), "0755"),
        "systemd/%s.service" % app: (unit_text(app).encode(), "0644"),
        "assets/page.html": (b"<p>hello", "0644"),
    }
    files.update(extra)
    return {path: entry for path, entry in files.items() if entry is not None}


def lay_out(directory, files, *, app="orders", version="1.4.2", target=None):
    """Write the tree below ``directory`` as tar would; returns its top directory and its manifest."""
    listed = {
        path: {"mode": mode, "sha256": canonical.sha256(content), "size": len(content)}
        for path, (content, mode) in files.items()
    }
    manifest = Manifest.create(
        name=app, version=version, target=target or TARGET, commit="", time=1, files=listed
    )
    top = directory / manifest.top
    contents = dict(files)
    contents[MANIFEST], contents[CHECKSUMS] = (manifest.raw, "0644"), (manifest.checksums(), "0644")
    for path, (content, mode) in contents.items():
        place = top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(int(mode, 8))
    return top, manifest
