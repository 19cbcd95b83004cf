# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unpack an artifact that may be malicious: only what its manifest lists, byte for byte.

Why not ``tarfile``: the archive is a stream that is read once, only regular files with plain or GNU long
names are accepted, and everything else in the tar format (links, devices, sparse files, PAX headers) is
refused unread.
"""

from __future__ import annotations

import hashlib
import os
import re
import zlib

from ...common import manifest as manifests
from ...common.errors import SlipwayError
from ..system.files import sync_directory, write_file
from .delta import Patched

BLOCK = 512
PIECE = 1 << 18
MAX_NAME = 4096
MAX_SIGNATURE = 1 << 16
ZLIB = zlib.MAX_WBITS
GZIP = zlib.MAX_WBITS | 16
_NUMBER = re.compile(rb" *([0-7]*)[ \0]*")


def unpack(source, expected_digest, destination, base=None):
    """Read a gzipped tar from a binary stream into an existing empty directory; returns its Manifest.

    The first member must be the manifest with the expected digest, so that nothing is written that it does
    not list. With a ``base`` (``delta.Base``) the stream is a patch against that.
    """
    if base is None:
        stream = _Exact(_Inflated(source, GZIP).more)
    else:
        stream = _Exact(Patched(_Exact(_Inflated(source, ZLIB).more), base).more)
    manifest, top = _read_manifest(stream, expected_digest)
    write_file(os.path.join(destination, manifests.MANIFEST), manifest.raw, 0o644)
    missing = dict(manifest.files)
    for name, size in _members(stream):
        path = name[len(top) + 1 :] if name.startswith(top + "/") else None
        if path in missing:
            _extract(stream, destination, path, size, missing.pop(path))
        else:
            _extract_companion(stream, destination, path, size, manifest, name)
    if missing:
        raise SlipwayError(
            "The artifact is incomplete: %s is missing. Build it again with slipway.golang.package"
            % sorted(missing)[0]
        )
    _sync_tree(destination)
    return manifest


def _read_manifest(stream, expected_digest):
    name, size = _header(stream) or ("", 0)
    top, dummy, path = name.partition("/")
    if path != manifests.MANIFEST or size > manifests.MAX_MANIFEST_BYTES:
        raise SlipwayError("This is not a Slipway artifact: its first member is %r, not a manifest" % name)
    manifest = manifests.Manifest.parse(stream.member(size))
    if manifest.digest != expected_digest:
        raise SlipwayError(
            "The artifact is not the requested one: its digest is %s, expected %s"
            % (manifest.digest, expected_digest)
        )
    if top != manifest.top:
        raise SlipwayError("The artifact's top directory is %r, its manifest says %r" % (top, manifest.top))
    return manifest, top


def _extract(stream, destination, path, size, entry):
    """Write one listed file, hashing what is written."""
    if size != entry["size"]:
        raise SlipwayError(
            "The artifact was altered: %s has %d bytes, its manifest says %d" % (path, size, entry["size"])
        )
    target = os.path.join(destination, path)
    os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
    digest = hashlib.sha256()
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as handle:
        for piece in stream.pieces(size):
            digest.update(piece)
            handle.write(piece)
        os.fchmod(handle.fileno(), int(entry["mode"], 8))
        handle.flush()
        os.fsync(handle.fileno())
    if digest.hexdigest() != entry["sha256"]:
        raise SlipwayError(
            "The artifact was altered: %s does not have the digest that its manifest lists" % path
        )


def _extract_companion(stream, destination, path, size, manifest, name):
    """Write SHA256SUMS or the signature: the only two files that the manifest does not list."""
    if path == manifests.CHECKSUMS and size == len(manifest.checksums()):
        data = stream.member(size)
        if data != manifest.checksums():
            raise SlipwayError("The artifact was altered: its SHA256SUMS does not match its manifest")
    elif path == manifests.SIGNATURE and size <= MAX_SIGNATURE:
        data = stream.member(size)
    else:
        raise SlipwayError("The artifact contains %r, which its manifest does not list: refused" % name[:200])
    try:
        write_file(os.path.join(destination, path), data, 0o644)
    except FileExistsError:
        raise SlipwayError("The artifact contains %r twice: refused" % name[:200]) from None


def _sync_tree(destination):
    for directory, dummy, dummy in os.walk(destination):
        os.chmod(directory, 0o755)
        sync_directory(directory)


def _members(stream):
    while True:
        header = _header(stream)
        if header is None:
            return
        yield header


def _header(stream, long_name=None):
    """Name and size of the next regular file; None at the end of the archive."""
    block = stream.read(BLOCK)
    if block == bytes(BLOCK):
        return None
    _check_sum(block)
    kind, size = block[156:157], _octal(block[124:136])
    if kind == b"L" and long_name is None and 0 < size <= MAX_NAME:
        return _header(stream, _text(stream.member(size).rstrip(b"\0")))
    name = long_name or _text(block[:100].split(b"\0", 1)[0])
    if kind not in (b"0", b"\0"):
        raise SlipwayError(
            "The artifact contains %r of tar type %r: only regular files are accepted"
            % (name[:200], kind.decode("latin-1"))
        )
    return name, size


def _check_sum(block):
    if _octal(block[148:156]) != sum(block[:148]) + 8 * 32 + sum(block[156:]):
        raise SlipwayError("The artifact is damaged: a tar header has a wrong checksum")


def _octal(field):
    match = _NUMBER.fullmatch(field)
    if not match:  # int() would also take a sign, and reading a negative size would never end
        raise SlipwayError("The artifact is damaged: a tar header has %r where a number belongs" % field)
    return int(match[1] or b"0", 8)


def _text(raw):
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise SlipwayError("The artifact contains a name that is not UTF-8: %r" % raw[:200]) from None


class _Exact:
    """Reads of an exact size from a stream that comes in pieces."""

    def __init__(self, more):
        self._more = more
        self._ready = b""

    def read(self, size):
        """Exactly ``size`` bytes."""
        parts = []
        while size:
            if not self._ready:
                self._ready = self._more()
            part, self._ready = self._ready[:size], self._ready[size:]
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def pieces(self, size):
        """The content of a member in pieces; its padding is skipped."""
        rest = size
        while rest:
            piece = self.read(min(rest, PIECE))
            rest -= len(piece)
            yield piece
        self.read(-size % BLOCK)

    def member(self, size):
        """The content of a small member."""
        return b"".join(self.pieces(size))


class _Inflated:
    """A deflated stream in pieces, of which it never holds more than one. ``wbits`` as in zlib."""

    def __init__(self, source, wbits):
        self._source = source
        self._inflate = zlib.decompressobj(wbits=wbits)

    def more(self):
        """The next piece, never an empty one."""
        while True:
            data = self._inflate.unconsumed_tail or self._source.read(PIECE)
            if not data or self._inflate.eof:
                raise SlipwayError(
                    "The artifact is truncated: it ends in the middle. Package or transfer it again"
                )
            try:
                ready = self._inflate.decompress(data, PIECE)
            except zlib.error as error:
                raise SlipwayError(
                    "The artifact is damaged: %s. Package or transfer it again" % error
                ) from None
            if ready:
                return ready
