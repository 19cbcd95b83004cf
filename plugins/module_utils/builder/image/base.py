# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The image below ours: a layout on the disk, or one that oras brings. It is named by its digest."""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import Any, Iterator, NamedTuple

from ...common import canonical
from ...common.errors import InvalidInput, SlipwayError
from .. import files
from . import options
from .artifact import platform_name
from .blobs import LAYER, MANIFEST, Blob
from .layout import Layout, parsed
from .registry import Registry

# What Docker called the same before there was a standard.
_MANIFESTS = (MANIFEST, "application/vnd.docker.distribution.manifest.v2+json")
_LAYERS = {
    "application/vnd.docker.image.rootfs.diff.tar.gzip": LAYER,
    LAYER: LAYER,
    "application/vnd.oci.image.layer.v1.tar": "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
}


class BaseImage(NamedTuple):
    """What ours begins with, for one platform."""

    config: dict[str, Any]
    layers: list[tuple[dict[str, Any], Blob]]


SCRATCH = BaseImage({}, [])


class Base:
    """A base, for the platforms that are asked for. ``source``: where it comes from."""

    def __init__(self, value: str, source: _OnDisk | _InRegistry) -> None:
        self.name, self.digest = options.split_base(value)
        self._source = source
        try:
            self._entries = self._read_entries(source.document(self.digest))
        except (KeyError, TypeError, AttributeError) as error:
            raise SlipwayError("base: %s is no image: it has no %s" % (self.name, error)) from error

    @property
    def annotations(self) -> dict[str, str]:
        """What an image says of its base; the path of a layout means nothing elsewhere."""
        found = {"org.opencontainers.image.base.digest": self.digest}
        if not options.is_layout(self.name):
            found["org.opencontainers.image.base.name"] = self.name
        return found

    def image(self, platform: dict[str, str]) -> BaseImage:
        """The base for a platform."""
        digest = self._digest_for(platform)
        layout = self._source.layout(digest)
        try:
            manifest = layout.document(digest)
            config = layout.document(manifest["config"]["digest"])
            return BaseImage(config, [self._layer(layout, entry) for entry in manifest["layers"]])
        except (KeyError, TypeError, AttributeError) as error:
            raise SlipwayError("base: %s is no image: it has no %s" % (self.name, error)) from error

    def _digest_for(self, platform: dict[str, str]) -> str:
        name = platform_name(platform)
        # Some images name no variant, or one where none is needed.
        short = "%s/%s" % (platform["os"], platform["architecture"])
        for word in (name, short, *(["linux/arm64/v8"] if short == "linux/arm64" else [])):
            if word in self._entries:
                return self._entries[word]
        has = ", ".join(sorted(self._entries)) or "none for Linux"
        raise InvalidInput("base", self.name, "it has no image for %s, only %s" % (name, has))

    def _read_entries(self, top: dict[str, Any]) -> dict[str, str]:
        """Platform to the digest of its manifest."""
        if "manifests" not in top:
            config = self._source.layout(self.digest).document(top["config"]["digest"])
            return {platform_name(config): self.digest}
        return {
            platform_name(entry["platform"]): entry["digest"]
            for entry in top["manifests"]
            if entry["mediaType"] in _MANIFESTS and entry.get("platform", {}).get("os") == "linux"
        }

    def _layer(self, layout: Layout, entry: dict[str, Any]) -> tuple[dict[str, Any], Blob]:
        media_type = _LAYERS.get(entry["mediaType"])
        if media_type is None:
            raise InvalidInput("base", self.name, "it has a layer of the type %s" % entry["mediaType"])
        blob = layout.blob(entry["digest"])
        return {"mediaType": media_type, "digest": blob.digest, "size": blob.size}, blob


class _OnDisk:
    """A layout of the user's."""

    def __init__(self, path: str) -> None:
        self._layout = Layout(path)

    def document(self, digest: str) -> dict[str, Any]:
        return self._layout.document(digest)

    def layout(self, _digest: str) -> Layout:
        return self._layout


class _InRegistry:
    """A base that oras brings, one platform at a time, into a layout that is kept."""

    def __init__(self, registry: Registry, name: str, directory: str) -> None:
        self._registry = registry
        self._name = name
        self._directory = directory

    def document(self, digest: str) -> dict[str, Any]:
        """The document that the digest is of."""
        path = os.path.join(self._directory, digest.partition(":")[2] + ".json")
        try:
            with open(path, "rb") as handle:
                raw = handle.read()
        except OSError:
            raw = self._registry.manifest("%s@%s" % (self._name, digest))
            files.write(path, raw)
        if "sha256:" + canonical.sha256(raw) != digest:
            raise SlipwayError("base: %s was modified: it has not the digest %s" % (path, digest))
        return parsed(raw, "base: " + path)

    def layout(self, digest: str) -> Layout:
        """A layout with all of an image."""
        path = os.path.join(self._directory, digest.partition(":")[2])
        if not _is_complete(path, digest):
            self._registry.fetch("%s@%s" % (self._name, digest), path)
        return Layout(path)


def _is_complete(path: str, digest: str) -> bool:
    """oras names an image in the index of a layout when all of it is there."""
    try:
        return any(entry.get("digest") == digest for entry in Layout(path).index)
    except SlipwayError:
        return False


@contextlib.contextmanager
def opened(value: str, registry: Registry, dest: str, check_mode: bool) -> Iterator[Base | None]:
    """The base, as long as it is needed; None for scratch. In check mode nothing of it is kept."""
    if value == options.SCRATCH:
        yield None
        return
    name, dummy = options.split_base(value)
    if options.is_layout(name):
        yield Base(value, _OnDisk(options.expanded(name)))
    elif check_mode:
        with tempfile.TemporaryDirectory(prefix="slipway-base-") as directory:
            yield Base(value, _InRegistry(registry, name, directory))
    else:
        yield Base(value, _InRegistry(registry, name, os.path.join(dest, ".base")))
