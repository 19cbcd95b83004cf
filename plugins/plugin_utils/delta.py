# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A patch from one artifact to another, for hosts that have the files of the first.

They apply it in module_utils/host/artifact/delta.py.

Why no library: bsdiff makes patches of a third of the size, but takes five seconds and 380 MB of memory for
a binary of 21 MB, and the whole tarball takes 0.6 s over 100 Mbit/s. Go's linker moves code by whole
functions and keeps their order, so that it is enough to compare windows at the distance at which the last
one was found. `tests/bench/delta.py` measures both.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import gzip
import io
import os
import struct
import tarfile
import tempfile
import time
import zlib

from ..module_utils.common.delta_format import COPY, HEADER, LITERAL, SUM, minus
from ..module_utils.common.errors import SlipwayError
from . import artifact

WINDOW = 4096
SEED, STEP = 32, 64  # how many bytes are looked up, and how far apart they are in the index
SPOTS = 4  # places in a window where STEP positions in a row are looked up: one of them is in the index
ALIKE = 0.9  # of a window's bytes; with less, look elsewhere
LONGEST = 1 << 20  # of a record
WORTH_IT = 0.5  # of the tarball
KEPT_DAYS = 30


class NoPatch(Exception):
    """Why the whole artifact has to be sent; not an error."""


def patch_for(path, digests):
    """A patch to the artifact at ``path`` from one that the host has: the patch's path and the base's digest.

    ``digests``: of the artifacts on the host, the best base first. The patch is made once, for the first
    host that needs it, and kept beside the artifact. Raises NoPatch.
    """
    base, digest = _find_base(path, digests)
    made = _kept(path, base, digest)
    if not os.path.getsize(made):
        raise NoPatch("a patch would be almost as large")
    return made, digest


def same_binary(path, binaries):
    """A patch for a host that has the binary of the artifact at ``path``, as in one with another unit.

    ``binaries``: binary to artifact, both as digests. Returns the patch's path, the artifact that has the
    binary, and the binary's path in it; None if no artifact there has it. Raises NoPatch.
    """
    manifest = artifact.read_manifest(path)
    digest = binaries.get(manifest.files[manifest.binary]["sha256"])
    if not digest:
        return None
    return _made_once(path, "same-binary", lambda: _without(path, manifest.binary)), digest, manifest.binary


def _without(path, name):
    """The patch whose base is one file of the artifact itself."""
    tar = _inflated(path)
    with tarfile.open(fileobj=io.BytesIO(tar), mode="r:") as archive:
        member = next(item for item in archive if item.name.partition("/")[2] == name)
    end = member.offset_data + member.size
    before, after = tar[: member.offset_data], tar[end:]
    records = [
        (LITERAL, len(before), 0, before),
        (COPY, member.size, 0, b""),
        (LITERAL, len(after), 0, after),
    ]
    packed = (HEADER.pack(*record[:3]) + record[3] for record in records if record[1])
    return zlib.compress(b"".join(packed), 6)


def _find_base(path, digests):
    """The best of the host's artifacts that is also beside the new one; usually the newest there."""
    if not digests:
        raise NoPatch("the host has no artifact of it yet")
    candidates = {}
    for other in _neighbours(path):
        with contextlib.suppress(SlipwayError):
            candidates.setdefault(artifact.read_manifest(other).digest, other)
        if digests[0] in candidates:
            break
    for digest in digests:
        if digest in candidates:
            return candidates[digest], digest
    raise NoPatch("none of the artifacts on the host is beside %s on the controller" % path)


def _neighbours(path):
    """Other tarballs in the same directory, the newest first. Some may be dangling links, or vanish now."""
    found = []
    for other in glob.glob(os.path.join(glob.escape(os.path.dirname(path)), "*.tar.gz")):
        with contextlib.suppress(OSError):
            if not os.path.samefile(other, path):
                found.append((os.path.getmtime(other), other))
    return [other for dummy, other in sorted(found, reverse=True)]


def _kept(path, base, digest):
    """The patch's file, empty if it is not worth it."""

    def made():
        return make(base_of(base), _inflated(path), WORTH_IT * os.path.getsize(path)) or b""

    return _made_once(path, "from-%s" % digest[:16], made)


def _made_once(path, kind, make_it):
    """The file of a patch. If many workers need it at a time, one makes it."""
    directory = os.path.join(os.path.dirname(path), ".patches")
    kept = os.path.join(directory, "%s-%s" % (_content(path), kind))
    try:
        os.makedirs(directory, exist_ok=True)
        with open(kept + ".lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.exists(kept):
                _remove_old(directory)
                _write(kept, make_it())
    except (OSError, EOFError, KeyError, zlib.error, tarfile.TarError, SlipwayError) as error:
        raise NoPatch("a patch could not be made and kept in %s: %r" % (directory, error)) from None
    return kept


def _content(path):
    """Names the whole tarball: the manifest's digest, and gzip's check sum, as a signature may be new."""
    digest = artifact.read_manifest(path).digest
    with open(path, "rb") as handle:
        handle.seek(-8, os.SEEK_END)
        return "%s-%s" % (digest[:16], handle.read().hex())


def _remove_old(directory):
    """A patch is useful as long as some hosts have the older artifact."""
    for path in glob.glob(os.path.join(glob.escape(directory), "*")):
        if time.time() - os.path.getmtime(path) > KEPT_DAYS * 86400:
            os.unlink(path)


def _write(path, data):
    descriptor, beside = tempfile.mkstemp(dir=os.path.dirname(path))
    with open(descriptor, "wb") as handle:
        handle.write(data)
    os.rename(beside, path)


def base_of(path):
    """What a host with that artifact uses as the base: the listed files, in the order of their names."""
    with tarfile.open(fileobj=io.BytesIO(_inflated(path)), mode="r:") as archive:
        files = {
            member.name.partition("/")[2]: archive.extractfile(member).read()
            for member in archive
            if member.isreg()
        }
    listed = artifact.read_manifest(path).files
    return b"".join(files[name] for name in sorted(listed))


def _inflated(path):
    with gzip.open(path, "rb") as handle:
        return handle.read()


def make(old, new, limit=None):
    """The patch: deflated records of kind, length, place in ``old`` and data. None beyond the limit."""
    deflate, parts, size = zlib.compressobj(6), [], 0
    for kind, start, length, place in _merged(_matched(old, new)):
        record = HEADER.pack(kind, length, place)
        if kind == LITERAL:
            record += new[start : start + length]
        elif kind == SUM:
            record += minus(new[start : start + length], old[place : place + length])
        parts.append(deflate.compress(record))
        size += len(parts[-1])
        if limit is not None and size > limit:
            return None
    parts.append(deflate.flush())
    return b"".join(parts) if limit is None or size + len(parts[-1]) <= limit else None


def _matched(old, new):
    """For each window of ``new``: kind, start, length, and the place in ``old``."""
    index, shift = None, 0
    for start in range(0, len(new), WINDOW):
        window = new[start : start + WINDOW]
        likeness = _likeness(old, start + shift, window)
        if likeness < ALIKE * len(window):
            index = _seeds(old) if index is None else index
            candidates = [shift] + _votes(index, new, start)
            likeness, shift = max((_likeness(old, start + other, window), other) for other in candidates)
        kind = COPY if likeness == len(window) else SUM if likeness > len(window) / 2 else LITERAL
        yield kind, start, len(window), 0 if kind == LITERAL else start + shift


def _merged(records):
    """Adjacent records of one kind as one record."""
    last = None
    for kind, start, length, place in records:
        if last and last[0] == kind and (kind == LITERAL or last[3] + last[2] == place) and last[2] < LONGEST:
            last = (kind, last[1], last[2] + length, last[3])
            continue
        if last:
            yield last
        last = (kind, start, length, place)
    if last:
        yield last


def _likeness(old, place, window):
    """How many bytes are the same at that place."""
    other = old[place : place + len(window)] if place >= 0 else b""
    if other == window:
        return len(window)
    if len(other) != len(window):
        return 0
    same = int.from_bytes(other, "little") ^ int.from_bytes(window, "little")
    return same.to_bytes(len(window), "little").count(0)


def _seeds(old):
    """Where the first SEED bytes of each STEP are."""
    whole = len(old) - len(old) % STEP
    return {
        seed: number * STEP
        for number, (seed,) in enumerate(
            struct.iter_unpack("%ds%dx" % (SEED, STEP - SEED), memoryview(old)[:whole])
        )
    }


def _votes(index, new, start):
    """The shifts at which most of this window may be found in ``old``."""
    votes = {}
    for spot in range(start, start + WINDOW, WINDOW // SPOTS):
        for position in range(spot, min(spot + STEP, len(new) - SEED + 1)):
            place = index.get(new[position : position + SEED])
            if place is not None:
                votes[place - position] = votes.get(place - position, 0) + 1
    return sorted(votes, key=votes.get, reverse=True)[:4]
