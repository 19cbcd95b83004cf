# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tarball as bytes: the same content is the same bytes, whoever packs it, wherever and whenever."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib

from ..common.errors import SlipwayError
from ..common.manifest import CHECKSUMS, MANIFEST, SIGNATURE

_PIECE = 1 << 20


def stream(manifest, signature, members):
    """The uncompressed tarball, piece by piece."""
    first = [(MANIFEST, "0644", manifest.raw)]
    if signature:
        first.append((SIGNATURE, "0644", signature))
    first.append((CHECKSUMS, "0644", manifest.checksums()))
    for path, mode, content in first:
        yield from _file(manifest, path, mode, content)
    for member in sorted(members, key=lambda member: member.path):
        yield from _file(manifest, member.path, member.mode, member.read())
    yield bytes(2 * tarfile.BLOCKSIZE)


def compress(pieces, handle, level):
    """Write the pieces as gzip, without the name and the time that gzip would add."""
    with gzip.GzipFile(filename="", fileobj=handle, mode="wb", compresslevel=level, mtime=0) as packed:
        for piece in pieces:
            packed.write(piece)


def is_same(path, pieces):
    """Does the file hold exactly these pieces, whatever compressed it?"""
    try:
        with gzip.open(path, "rb") as packed:
            for piece in pieces:
                if packed.read(len(piece)) != piece:
                    return False
            return not packed.read(1)
    except (OSError, EOFError, zlib.error):
        return False


def read_head(path):
    """The bytes of manifest and signature of a tarball that is there already; empty where there is none."""
    found = {}
    try:
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if name not in (MANIFEST, SIGNATURE) or member.size > _PIECE * 16:
                    break
                found[name] = archive.extractfile(member).read()
    except (tarfile.TarError, OSError, EOFError, zlib.error):
        return b"", b""
    return found.get(MANIFEST, b""), found.get(SIGNATURE, b"")


def _file(manifest, path, mode, content):
    header = tarfile.TarInfo("%s/%s" % (manifest.top, path))
    header.size = len(content)
    header.mode = int(mode, 8)
    header.mtime = manifest.time
    try:
        yield header.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")
    except (UnicodeEncodeError, ValueError) as error:
        raise SlipwayError("%r cannot be put into a tarball: %s" % (path, error)) from error
    source = io.BytesIO(content)
    yield from iter(lambda: source.read(_PIECE), b"")
    yield bytes(-len(content) % tarfile.BLOCKSIZE)
