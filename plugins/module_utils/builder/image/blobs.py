# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Blobs and descriptors: the bytes of an image, each named by its digest."""

from __future__ import annotations

import hashlib
from typing import Any, Iterator

from ...common import canonical
from ...common.errors import SlipwayError

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
SBOM = "application/vnd.cyclonedx+json"
PROVENANCE = "application/vnd.slipway.provenance.v1+json"
SIGNATURE = "application/vnd.slipway.signature.v1"
ARTIFACT = "application/vnd.slipway.artifact.v1"
GZIP = "application/gzip"
JSON = "application/json"
SSH_SIGNATURE = "application/vnd.openssh.signature"
PIECE = 1 << 20


class Blob:
    """Bytes in memory, or a part of a file that is read when it is needed."""

    def __init__(self, content: bytes = b"", *, path: str = "", offset: int = 0, size: int = 0) -> None:
        self._content = content
        self._path = path
        self._offset = offset
        self.size = size if path else len(content)
        self.digest = "sha256:" + self._hash()

    def pieces(self) -> Iterator[bytes]:
        """Its bytes."""
        if not self._path:
            yield self._content
            return
        try:
            with open(self._path, "rb") as handle:
                handle.seek(self._offset)
                left = self.size
                while left:
                    piece = handle.read(min(PIECE, left))
                    if not piece:
                        raise SlipwayError("%s ended while it was read: run again" % self._path)
                    left -= len(piece)
                    yield piece
        except OSError as error:
            raise SlipwayError("Cannot read %s: %s" % (self._path, error.strerror)) from error

    def read(self) -> bytes:
        """All of its bytes: for small ones."""
        return b"".join(self.pieces())

    def _hash(self) -> str:
        digest = hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece)
        return digest.hexdigest()


def of_json(value: object) -> Blob:
    """A document as a blob."""
    return Blob(canonical.to_json(value))


def descriptor(blob: Blob, media_type: str, **more: Any) -> dict[str, Any]:
    """What names a blob in a document."""
    return dict({"mediaType": media_type, "digest": blob.digest, "size": blob.size}, **more)
