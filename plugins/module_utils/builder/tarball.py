# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tarball as bytes: the same content gives the same bytes for every user, directory and time."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zlib
from typing import IO, Iterable, Iterator

from ..common.errors import SlipwayError
from ..common.manifest import CHECKSUMS, MANIFEST, SIGNATURE, Manifest
from .members import Member

_CHUNK = 1 << 20
# Deflated; no name, no time, no level, of no system.
_HEADER = b"\x1f\x8b\x08" + bytes(6) + b"\xff"


def stream(manifest: Manifest, signature: bytes, members: Iterable[Member]) -> Iterator[bytes]:
    """The uncompressed tarball in chunks."""
    first = [(MANIFEST, "0644", manifest.raw)]
    if signature:
        first.append((SIGNATURE, "0644", signature))
    first.append((CHECKSUMS, "0644", manifest.checksums()))
    for path, mode, content in first:
        yield from _file(manifest, path, mode, content)
    for member in sorted(members, key=lambda member: member.path):
        yield from _file(manifest, member.path, member.mode, member.read())
    yield bytes(2 * tarfile.BLOCKSIZE)


def compress(chunks: Iterable[bytes], handle: IO[bytes], level: int) -> None:
    """Write the chunks as gzip. The header is ours: that of Python differs between its versions."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    checksum = size = 0
    handle.write(_HEADER)
    for chunk in chunks:
        checksum, size = zlib.crc32(chunk, checksum), size + len(chunk)
        handle.write(deflate.compress(chunk))
    handle.write(deflate.flush() + struct.pack("<II", checksum, size & 0xFFFFFFFF))


def is_same(path: str, chunks: Iterable[bytes]) -> bool:
    """Does the file, uncompressed, hold exactly these chunks?"""
    try:
        with gzip.open(path, "rb") as packed:
            for chunk in chunks:
                if packed.read(len(chunk)) != chunk:
                    return False
            return not packed.read(1)
    except (OSError, EOFError, zlib.error):
        return False


def read_head(path: str) -> tuple[bytes, bytes]:
    """The bytes of manifest and signature of an existing tarball; empty where there is none."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(path, mode="r|gz") as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if name not in (MANIFEST, SIGNATURE) or member.size > _CHUNK * 16:
                    break
                content = archive.extractfile(member)
                found[name] = content.read() if content else b""
    except (tarfile.TarError, OSError, EOFError, zlib.error):
        return b"", b""
    return found.get(MANIFEST, b""), found.get(SIGNATURE, b"")


def _file(manifest: Manifest, path: str, mode: str, content: bytes) -> Iterator[bytes]:
    header = tarfile.TarInfo("%s/%s" % (manifest.top, path))
    header.size = len(content)
    header.mode = int(mode, 8)
    header.mtime = manifest.time
    try:
        yield header.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")
    except (UnicodeEncodeError, ValueError) as error:
        raise SlipwayError("%r cannot be put into a tarball: %s" % (path, error)) from error
    source = io.BytesIO(content)
    yield from iter(lambda: source.read(_CHUNK), b"")
    yield bytes(-len(content) % tarfile.BLOCKSIZE)
