# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Artifacts for the tests, good ones and hostile ones, written member by member."""

from __future__ import annotations

import gzip
import io
import tarfile

from ansible_collections.slipway.golang.plugins.module_utils.common import canonical
from ansible_collections.slipway.golang.plugins.module_utils.common.manifest import (
    CHECKSUMS,
    MANIFEST,
    Manifest,
)

TARGET = {"goos": "linux", "goarch": "amd64", "variant": "v1"}


def manifest_for(files, name="orders", version="1.0.0"):
    """A manifest that lists ``files``: path to (content, mode)."""
    listed = {
        path: {"mode": mode, "sha256": canonical.sha256(content), "size": len(content)}
        for path, (content, mode) in files.items()
    }
    return Manifest.create(name=name, version=version, target=TARGET, commit="", time=1, files=listed)


def members_for(files, **names):
    """The members of a good artifact: a list of (name, content) that a test may spoil, and the manifest."""
    manifest = manifest_for(files, **names)
    members = [(MANIFEST, manifest.raw), (CHECKSUMS, manifest.checksums())]
    members += [(path, files[path][0]) for path in sorted(files)]
    return [("%s/%s" % (manifest.top, name), content) for name, content in members], manifest


def tar_gz(members, **header):
    """A stream of (name, content) members; ``header`` sets fields of the last one's tar header."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for position, (name, content) in enumerate(members):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o755
            for field, value in header.items() if position == len(members) - 1 else ():
                setattr(info, field, value)
            archive.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return io.BytesIO(gzip.compress(raw.getvalue(), mtime=0))
