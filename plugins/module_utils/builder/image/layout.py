# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An OCI layout as one tar: written so that the same image is the same file, and read with every digest
checked.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from typing import Any, Iterable, Iterator, NamedTuple

from ...common import canonical
from ...common.errors import SlipwayError
from .. import files
from .blobs import INDEX, Blob

MARKER, INDEX_FILE = "oci-layout", "index.json"
VERSION = {"imageLayoutVersion": "1.0.0"}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LARGEST_DOCUMENT = 64 << 20


class Part(NamedTuple):
    """Where a file of a layout is."""

    path: str
    offset: int
    size: int


def blob_name(digest: str) -> str:
    """The file of a blob."""
    return "blobs/" + digest.replace(":", "/")


def parts(index: list[dict[str, Any]], blobs: Iterable[Blob]) -> list[tuple[str, Blob]]:
    """The files of a layout. ``index``: descriptors of what it holds."""
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": index}
    found = {blob_name(blob.digest): blob for blob in blobs}
    head = [(MARKER, Blob(canonical.to_json(VERSION))), (INDEX_FILE, Blob(canonical.to_json(document)))]
    return head + sorted(found.items())


def stream(members: Iterable[tuple[str, Blob]]) -> Iterator[bytes]:
    """The tar in pieces."""
    for name, blob in members:
        header = tarfile.TarInfo(name)
        header.size = blob.size
        yield header.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")
        yield from blob.pieces()
        yield bytes(-blob.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def is_same(path: str, pieces: Iterable[bytes]) -> bool:
    """Does a file hold exactly these pieces?"""
    try:
        with open(path, "rb") as handle:
            return all(handle.read(len(piece)) == piece for piece in pieces) and not handle.read(1)
    except OSError:
        return False


def write(path: str, members: list[tuple[str, Blob]]) -> None:
    """Put a layout into its place, whole."""
    with files.replacing(path) as handle:
        for piece in stream(members):
            handle.write(piece)


class Layout:
    """A layout on the disk: a directory, or a tar of one."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._parts = _parts_of_directory(path) if os.path.isdir(path) else _parts_of_tar(path)
        except FileNotFoundError:
            raise SlipwayError("There is no layout %s" % path) from None
        except (OSError, tarfile.TarError) as error:
            raise SlipwayError("%s is no OCI layout: %s" % (path, error)) from error
        if MARKER not in self._parts or INDEX_FILE not in self._parts:
            raise SlipwayError("%s is no OCI layout: it has no %s" % (path, MARKER))

    @property
    def index(self) -> list[dict[str, Any]]:
        """The descriptors of what it holds."""
        found = parsed(self._whole(INDEX_FILE), self.path).get("manifests")
        return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []

    def blob(self, digest: object) -> Blob:
        """A blob, whose bytes have its digest."""
        part = self._parts.get(blob_name(str(digest))) if _is_digest(digest) else None
        if part is None:
            raise SlipwayError("%s has no blob %s: it is not complete" % (self.path, digest))
        blob = Blob(path=part.path, offset=part.offset, size=part.size)
        if blob.digest != digest:
            raise SlipwayError(
                "%s was modified: its blob %s has another digest. Nothing was done with it"
                % (self.path, digest)
            )
        return blob

    def document(self, digest: object) -> dict[str, Any]:
        """A blob that is JSON."""
        blob = self.blob(digest)
        if blob.size > _LARGEST_DOCUMENT:
            raise SlipwayError("%s: its blob %s is no manifest" % (self.path, digest))
        return parsed(blob.read(), self.path)

    def _whole(self, name: str) -> bytes:
        part = self._parts[name]
        return Blob(path=part.path, offset=part.offset, size=min(part.size, _LARGEST_DOCUMENT)).read()


def parsed(raw: bytes, path: str) -> dict[str, Any]:
    """A document of a layout, which is at ``path``."""
    try:
        found = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SlipwayError("%s is damaged: %s" % (path, error)) from error
    if not isinstance(found, dict):
        raise SlipwayError("%s is damaged: a document in it is no object" % path)
    return found


def unpack(members: Iterable[tuple[str, Blob]], directory: str) -> None:
    """A layout as a directory, for programs that want one."""
    for name, blob in members:
        path = os.path.join(directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as handle:
            for piece in blob.pieces():
                handle.write(piece)


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and bool(_DIGEST.fullmatch(value))


def _parts_of_directory(root: str) -> dict[str, Part]:
    found = {}
    for directory, dummy, names in os.walk(root):
        for name in names:
            path = os.path.join(directory, name)
            found[os.path.relpath(path, root)] = Part(path, 0, os.path.getsize(path))
    return found


def _parts_of_tar(path: str) -> dict[str, Part]:
    with tarfile.open(path, "r:") as archive:
        return {
            os.path.normpath(member.name): Part(path, member.offset_data, member.size)
            for member in archive
            if member.isreg()
        }
