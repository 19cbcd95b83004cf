# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documents of an image: configuration, manifest and index, and what refers to them."""

from __future__ import annotations

import os
import time
from typing import Any, NamedTuple

from ...common import canonical, placeholders
from ...common.manifest import MANIFEST as ARTIFACT_MANIFEST
from ...common.manifest import SIGNATURE as ARTIFACT_SIGNATURE
from . import blobs, contents, layers
from .artifact import Artifact, platform_name
from .base import SCRATCH, Base, BaseImage
from .blobs import Blob, descriptor, of_json
from .layers import Layer
from .request import Request

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ARTIFACT = "slipway.artifact"  # of one platform
_EMPTY = Blob(b"{}")


class Platform(NamedTuple):
    """An image for one platform: its manifest, what refers to it, and all blobs of both."""

    name: str
    entry: dict[str, Any]  # in the index
    config_digest: str
    layers: list[Blob]
    referrers: list[dict[str, Any]]
    blobs: list[Blob]


class Image(NamedTuple):
    """An image for all platforms."""

    digest: str
    commit: str
    platforms: list[Platform]
    listed: list[dict[str, Any]]  # in the index of a layout
    blobs: list[Blob]

    @property
    def manifests(self) -> list[str]:
        """The digests of all documents that a registry needs: the index is last."""
        found = [entry["digest"] for one in self.platforms for entry in [one.entry, *one.referrers]]
        return [*found, self.digest]


def make(request: Request, artifacts: list[Artifact], base: Base | None, names: list[str]) -> Image:
    """The image of these artifacts. ``names``: what engines call it; the first one's tag is its name in a
    layout.
    """
    bundle = contents.ca_bundle(request.ca_certificates, request.from_scratch)
    system = contents.system(request, bundle)
    shared = layers.make("system", system, 0, request.compression_level) if system else None
    # Of the machine that builds: so it is said which they are.
    more = {"slipway.ca_certificates": "sha256:" + canonical.sha256(bundle)} if bundle else {}
    platforms = request.each(lambda artifact: _platform(request, artifact, base, shared, more), artifacts)
    first = artifacts[0].manifest
    annotations = {key: value for key, value in _annotations(artifacts[0]).items() if key != _ARTIFACT}
    document = {
        "schemaVersion": 2,
        "mediaType": blobs.INDEX,
        "manifests": [one.entry for one in platforms],
        "annotations": dict(annotations, **(base.annotations if base else {})),
    }
    index = of_json(document)
    named = descriptor(
        index,
        blobs.INDEX,
        annotations={
            "org.opencontainers.image.ref.name": names[0].rpartition(":")[2],
            "io.containerd.image.name": names[0],
            "org.opencontainers.image.version": first.version,
        },
    )
    listed = [named] + [entry for one in platforms for entry in one.referrers]
    found = [index] + [blob for one in platforms for blob in one.blobs]
    return Image(index.digest, first.commit, platforms, listed, found)


def _platform(
    request: Request, artifact: Artifact, base: Base | None, system: Layer | None, more: dict[str, str]
) -> Platform:
    below = base.image(artifact.platform) if base else SCRATCH
    time_of_commit = artifact.manifest.time
    made = [system] if system else []
    files = contents.files(request, artifact)
    if files:
        made.append(layers.make("files", files, time_of_commit, request.compression_level))
    binary = [contents.service(request, artifact)]
    made.append(layers.make("service", binary, time_of_commit, request.compression_level))
    config = of_json(_config(request, artifact, below, made, more))
    document = {
        "schemaVersion": 2,
        "mediaType": blobs.MANIFEST,
        "config": descriptor(config, blobs.CONFIG),
        "layers": [entry for entry, _blob in below.layers]
        + [descriptor(layer.blob, blobs.LAYER) for layer in made],
        "annotations": dict(_annotations(artifact), **(base.annotations if base else {})),
    }
    manifest = of_json(document)
    all_layers = [blob for _entry, blob in below.layers] + [layer.blob for layer in made]
    entry = descriptor(manifest, blobs.MANIFEST, platform=artifact.platform)
    referrers, attached = _referrers(request, artifact, entry)
    return Platform(
        platform_name(artifact.platform),
        entry,
        config.digest,
        all_layers,
        referrers,
        [manifest, config, *all_layers, *attached],
    )


def _config(
    request: Request, artifact: Artifact, below: BaseImage, made: list[Layer], more: dict[str, str]
) -> dict[str, Any]:
    inherited = dict(below.config.get("config") or {})
    inherited.pop("Cmd", None)  # arguments of the program of the base
    created = _rfc3339(artifact.manifest.time)
    history = [{"created": created, "created_by": "slipway.golang.image: " + layer.title} for layer in made]
    diff_ids = list(below.config.get("rootfs", {}).get("diff_ids", []))
    return {
        "created": created,
        **artifact.platform,
        "config": dict(inherited, **_settings(request, artifact, inherited, more)),
        "rootfs": {"type": "layers", "diff_ids": diff_ids + [layer.diff_id for layer in made]},
        "history": list(below.config.get("history", [])) + history,
    }


def _settings(
    request: Request, artifact: Artifact, inherited: dict[str, Any], more: dict[str, str]
) -> dict[str, Any]:
    """How a container starts. The environment is given when it does: none of its values is in an image."""
    port = str(request.port) if request.port else None
    environment = list(inherited.get("Env") or [_PATH])
    if port:
        own = request.port_variable + "="
        environment = [line for line in environment if not line.startswith(own)] + [own + port]
    found: dict[str, Any] = {
        "User": request.user,
        "Env": environment,
        "Entrypoint": ["/" + artifact.manifest.name],
        "WorkingDir": inherited.get("WorkingDir") or "/",
        "StopSignal": request.stop_signal,
        "Labels": dict(inherited.get("Labels") or {}, **more, **labels(request, artifact)),
    }
    if request.args:
        found["Cmd"] = [placeholders.fill(word, port=port) for word in request.args]
    if port:
        found["ExposedPorts"] = dict(inherited.get("ExposedPorts") or {}, **{port + "/tcp": {}})
    return found


def labels(request: Request, artifact: Artifact) -> dict[str, str]:
    """Ours, and those of the user, which win."""
    own = dict(
        _annotations(artifact),
        **{"slipway.binary": "sha256:" + artifact.manifest.files[artifact.manifest.binary]["sha256"]},
    )
    return dict(own, **{key: str(value) for key, value in request.labels.items()})


def _annotations(artifact: Artifact) -> dict[str, str]:
    """What says where an image comes from. Without a commit there is none."""
    manifest = artifact.manifest
    found = {
        "org.opencontainers.image.title": manifest.name,
        "org.opencontainers.image.version": manifest.version,
        "org.opencontainers.image.created": _rfc3339(manifest.time),
        "org.opencontainers.image.revision": manifest.commit,
        _ARTIFACT: "sha256:" + manifest.digest,
    }
    return {key: value for key, value in found.items() if value}


def _referrers(
    request: Request, artifact: Artifact, subject: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[Blob]]:
    """The bill of materials, the provenance and the signature: what is known of this binary."""
    contents_of = artifact.contents
    attached = {
        blobs.SBOM: [("sbom.cdx.json", blobs.SBOM, Blob(contents_of["sbom.cdx.json"]))],
        blobs.PROVENANCE: [("provenance.json", blobs.JSON, Blob(contents_of["provenance.json"]))],
    }
    if artifact.signature:
        attached[blobs.SIGNATURE] = [
            (ARTIFACT_MANIFEST, blobs.JSON, Blob(artifact.manifest.raw)),
            (ARTIFACT_SIGNATURE, blobs.SSH_SIGNATURE, Blob(artifact.signature)),
        ]
    if request.tarballs:
        whole = Blob(path=artifact.path, size=os.path.getsize(artifact.path))
        attached[blobs.ARTIFACT] = [(artifact.manifest.stem + ".tar.gz", blobs.GZIP, whole)]
    entries, found = [], [_EMPTY]
    for kind, members in attached.items():
        manifest = of_json(_referrer(kind, members, subject, artifact))
        entries.append(descriptor(manifest, blobs.MANIFEST, artifactType=kind))
        found += [manifest, *(blob for _title, _type, blob in members)]
    return entries, found


def _referrer(
    kind: str, members: list[tuple[str, str, Blob]], subject: dict[str, Any], artifact: Artifact
) -> dict[str, Any]:
    """A document that holds files, and refers to an image."""
    return {
        "schemaVersion": 2,
        "mediaType": blobs.MANIFEST,
        "artifactType": kind,
        # Some registries go by the type of the configuration, and do not know the field above.
        "config": descriptor(_EMPTY, kind),
        "layers": [
            descriptor(blob, media_type, annotations={"org.opencontainers.image.title": title})
            for title, media_type, blob in members
        ],
        "subject": {key: subject[key] for key in ("mediaType", "digest", "size")},
        "annotations": {"org.opencontainers.image.created": _rfc3339(artifact.manifest.time)},
    }


def _rfc3339(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
