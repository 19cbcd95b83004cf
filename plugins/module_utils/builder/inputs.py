# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that decides about the bytes of a binary, as a flat dict of texts: its digest is the key, its differences are the reasons."""

from __future__ import annotations

import os
import re

from ..common import canonical
from . import processes
from . import toolchain as toolchains

_NAMED_FILES = 10
_SHOWN = 120


def gather(request, target, toolchain, listing, cache):
    """The inputs of one target, without the stamps."""
    inputs = {
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
        inputs["directory"] = request.source
    if request.cgo:
        inputs["compiler"] = _compiler(request, toolchain)
    inputs.update(
        ("environment " + name, value)
        for name, value in request.environment.items()
        if name not in toolchains.NETWORK
    )
    inputs.update(("module " + path, text) for path, text in listing.modules.items())
    inputs.update(_files(listing, cache))
    inputs["file go.mod"] = cache.digest(os.path.join(request.source, "go.mod"))
    return inputs


def digest(inputs):
    """One digest over all inputs."""
    return canonical.sha256(canonical.to_json(inputs))


def content_digest(all_inputs):
    """One digest over the sources of several targets, which does not depend on stamps: it names a version where git cannot."""
    merged = {}
    for inputs in all_inputs:
        merged.update(
            (key, value)
            for key, value in inputs.items()
            if key not in ("target", "upx") and not key.startswith("stamp ")
        )
    return canonical.sha256(canonical.to_json(merged))


def reasons(before, after):
    """Why the one is not the other, in words; files first."""
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


def as_text(inputs, other):
    """The lines in which it differs from the other, for a diff."""
    return "".join("%s: %s\n" % (key, inputs[key]) for key in sorted(inputs) if inputs[key] != other.get(key))


def _verb(old, new):
    return "added" if old is None else "removed" if new is None else "changed"


def _shown(value):
    if not value:
        return "none"
    return value if len(value) <= _SHOWN else value[:_SHOWN] + "…"


def _files(listing, cache):
    vendored = {}
    for package in listing.local():
        if package["vendored"]:
            texts = [
                "%s %s" % (name, cache.digest(os.path.join(package["dir"], name)))
                for name in package["files"] + package["embeds"]
            ]
            vendored["vendor " + package["path"]] = canonical.sha256("\n".join(sorted(texts)))
    files = {"file " + label: cache.digest(path) for label, path in listing.files()}
    return dict(vendored, **files)


def _profile(request, listing, cache):
    if request.pgo == "off":
        return "off"
    path = (
        request.pgo if request.pgo != "auto" else os.path.join(listing.package("main")["dir"], "default.pgo")
    )
    return cache.digest(path) or "none"


def _compiler(request, toolchain):
    """The C compiler's own name and version: an upgrade of it changes the binary."""
    command = request.environment.get("CC", "gcc").split()
    done = processes.run(command + ["--version"], request.source, toolchain.environment)
    return re.sub(r"\s+", " ", done.stdout.split("\n")[0])
