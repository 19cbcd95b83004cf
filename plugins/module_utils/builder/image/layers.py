# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A layer: a tar with owners, modes and times of its own, so that the same files are the same bytes."""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import Iterable, Iterator, NamedTuple

from ...common.errors import SlipwayError
from .. import tarball
from .blobs import PIECE, Blob

# A directory that is named again has to keep its mode: ours would be 0755.
_MODES = {"tmp": 0o1777, "var/tmp": 0o1777, "root": 0o700}


class Entry(NamedTuple):
    """A file, or where ``content`` is None, a directory; ``path`` is relative to the root."""

    path: str
    mode: int
    content: bytes | None


class Layer(NamedTuple):
    """Its bytes, what they are without compression, and what is in it."""

    blob: Blob
    diff_id: str
    title: str


def make(title: str, entries: Iterable[Entry], time: int, level: int) -> Layer:
    """A layer of these files; the directories above them come with it."""
    uncompressed = hashlib.sha256()

    def hashed() -> Iterator[bytes]:
        for piece in _stream(with_directories(entries), time):
            uncompressed.update(piece)
            yield piece

    packed = io.BytesIO()
    tarball.compress(hashed(), packed, level)
    return Layer(Blob(packed.getvalue()), "sha256:" + uncompressed.hexdigest(), title)


def with_directories(entries: Iterable[Entry]) -> list[Entry]:
    """The entries by path, each after the directories above it."""
    found = {entry.path: entry for entry in entries}
    for path in list(found):
        parts = path.split("/")
        for count in range(1, len(parts)):
            above = "/".join(parts[:count])
            found.setdefault(above, Entry(above, _MODES.get(above, 0o755), None))
    return [found[path] for path in sorted(found, key=lambda path: path.split("/"))]


def _stream(entries: Iterable[Entry], time: int) -> Iterator[bytes]:
    for entry in entries:
        header = tarfile.TarInfo(entry.path + ("/" if entry.content is None else ""))
        header.mode, header.mtime = entry.mode, time
        content = entry.content or b""
        header.size = len(content)
        if entry.content is None:
            header.type = tarfile.DIRTYPE
        try:
            yield header.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")
        except (UnicodeEncodeError, ValueError) as error:
            raise SlipwayError("%r cannot be put into an image: %s" % (entry.path, error)) from error
        source = io.BytesIO(content)
        yield from iter(lambda source=source: source.read(PIECE), b"")  # type: ignore[misc]
        yield bytes(-len(content) % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)
