# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image of one static program as an archive in the OCI's layout: the same program, the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import tarfile
from dataclasses import dataclass

MEDIA = "application/vnd.oci.image."
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Image:
    """``digest`` is that of the manifest, by which a cluster names the image."""

    archive: bytes
    digest: str


def image(name: str, program: bytes, path: str, user: str = "65532:65532") -> Image:
    """``name``: with its tag; ``path``: of the program in the image, and its entrypoint."""
    layer = _tar({path.lstrip("/"): (program, 0o755)})
    packed = gzip.compress(layer, compresslevel=6, mtime=0)
    machine = {"architecture": MACHINES.get(platform.machine(), "amd64"), "os": "linux"}
    config = _json(
        {
            **machine,
            "config": {"Entrypoint": [path], "User": user},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": MEDIA + "manifest.v1+json",
            "config": _described("config.v1+json", config),
            "layers": [_described("layer.v1.tar+gzip", packed)],
        }
    )
    names = {
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": name.rpartition(":")[2],
    }
    entry = {**_described("manifest.v1+json", manifest), "platform": machine, "annotations": names}
    index = {"schemaVersion": 2, "mediaType": MEDIA + "index.v1+json", "manifests": [entry]}
    blobs = {"blobs/sha256/" + _digest(data)[7:]: (data, 0o644) for data in (manifest, config, packed)}
    layout = {
        "oci-layout": (_json({"imageLayoutVersion": "1.0.0"}), 0o644),
        "index.json": (_json(index), 0o644),
    }
    return Image(_tar({**layout, **blobs}), _digest(manifest))


def _described(kind: str, data: bytes) -> dict:
    return {"mediaType": MEDIA + kind, "digest": _digest(data), "size": len(data)}


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _json(value: dict) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, (data, mode) in files.items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(data), mode
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()
