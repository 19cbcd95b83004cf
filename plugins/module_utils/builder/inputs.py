# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that decides the bytes of a binary, as a flat dict of texts.

Its digest is the key of a build, its differences are the reasons to build again.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from ..common import canonical
from . import go_list, processes, profile
from . import toolchain as toolchains
from .filecache import FileCache
from .go_list import Listing
from .request import Request
from .targets import Target
from .toolchain import Toolchain

_NAMED_FILES = 10
_SHOWN = 120


class Inputs(NamedTuple):
    """What one target is built from."""

    target: Target
    listing: Listing
    values: dict[str, str]
    files: list[str]  # paths of all that is compiled, and of what decides how

    @property
    def digest(self) -> str:
        """One digest over all values."""
        return canonical.sha256(canonical.to_json(self.values))

    def with_stamps(self, stamp_values: dict[str, str]) -> Inputs:
        """The same inputs and the stamps."""
        stamps = {"stamp " + name: value for name, value in stamp_values.items()}
        return self._replace(values=dict(self.values, **stamps))


def collect(request: Request, target: Target, toolchain: Toolchain, cache: FileCache) -> Inputs:
    """The inputs of one target, without the stamps."""
    listing = go_list.read(request, target, toolchain)
    values = {
        "go": toolchain.version,
        "target": str(target),
        "package": listing.main,
        "cgo": "true" if request.cgo else "false",
        "trimpath": "true" if request.trimpath else "false",
        "mod": request.mod,
        "ldflags": " ".join(request.ldflags),
        "gcflags": " ".join(request.gcflags),
        "tags": ",".join(request.tags),
        "flags": " ".join(request.flags),
        "pgo": _profile(request, listing, cache),
        "upx": " ".join(request.upx_args) if request.upx else "",
    }
    if not request.trimpath:
        values["directory"] = request.source
    if request.cgo:
        values["compiler"] = _compiler(request, toolchain)
    values.update(
        ("environment " + name, value)
        for name, value in request.environment.items()
        if name not in toolchains.NETWORK
    )
    values.update(("module " + path, text) for path, text in listing.modules.items())
    values.update(_files(listing, cache))
    paths = [os.path.join(request.source, "go.mod"), *listing.paths()]
    values["file go.mod"] = cache.digest(paths[0])
    if request.go_work:
        values["file go.work"] = cache.digest(request.go_work)
        paths.append(request.go_work)
    if values["pgo"] not in ("off", "none"):
        paths.append(profile.path(request, listing))
    return Inputs(target, listing, values, paths)


def content_digest(all_inputs: list[Inputs]) -> str:
    """One digest over the sources of several targets: it names a version where git cannot."""
    merged: dict[str, str] = {}
    for inputs in all_inputs:
        merged.update((key, value) for key, value in inputs.values.items() if key not in ("target", "upx"))
    return canonical.sha256(canonical.to_json(merged))


def reasons(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Each difference in words; files first."""
    found, files = [], []
    for key in sorted(set(before) | set(after)):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        kind, _blank, name = key.partition(" ")
        if kind in ("file", "vendor"):
            files.append("%s%s %s" % ("vendored package " if kind == "vendor" else "", name, _verb(old, new)))
        else:
            found.append("%s: %s -> %s" % (key, _shown(old), _shown(new)))
    if len(files) > _NAMED_FILES:
        files[_NAMED_FILES:] = ["%d more files changed" % (len(files) - _NAMED_FILES)]
    return files + found


def as_text(values: dict[str, str], other: dict[str, str]) -> str:
    """The lines in which the values differ from the other ones, for a diff."""
    return "".join("%s: %s\n" % (key, values[key]) for key in sorted(values) if values[key] != other.get(key))


def _verb(old: str | None, new: str | None) -> str:
    return "added" if old is None else "removed" if new is None else "changed"


def _shown(value: str | None) -> str:
    if not value:
        return "none"
    return value if len(value) <= _SHOWN else value[:_SHOWN] + "…"


def _files(listing: Listing, cache: FileCache) -> dict[str, str]:
    vendored = {}
    for package in listing.local():
        if package.vendored:
            texts = [
                "%s %s" % (name, cache.digest(os.path.join(package.dir, name)))
                for name in package.files + package.embeds
            ]
            vendored["vendor " + package.path] = canonical.sha256("\n".join(sorted(texts)))
    files = {"file " + label: cache.digest(path) for label, path in listing.files()}
    return dict(vendored, **files)


def _profile(request: Request, listing: Listing, cache: FileCache) -> str:
    if request.pgo == "off":
        return "off"
    return cache.digest(profile.path(request, listing)) or "none"


def _compiler(request: Request, toolchain: Toolchain) -> str:
    """The C compiler's own name and version: an upgrade of it changes the binary."""
    command = request.environment.get("CC", "gcc").split()
    done = processes.run(command + ["--version"], request.source, toolchain.environment)
    return re.sub(r"\s+", " ", done.stdout.split("\n")[0])
