# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Binaries that another tool built: what they are, from themselves and from what the user says of them."""

from __future__ import annotations

import calendar
import os
import re
import time
from typing import Any, NamedTuple

from ..common import canonical, elf, names
from ..common.errors import InvalidInput, SlipwayError
from . import cgo, go_buildinfo, provenance, targets
from .go_buildinfo import BuildInfo
from .targets import Target

_DIRTY = re.compile(r"\+dirty$")


class Given(NamedTuple):
    """What the user says of all binaries of one call; None where the binary is to say it."""

    name: str | None
    version: str | None
    commit: str | None
    time: int | None
    static: str


class Prebuilt(NamedTuple):
    """A binary as `build` would have returned it, with its provenance, and warnings about it."""

    artifact: dict[str, Any]
    recorded: dict[str, Any]
    warnings: list[str]


def read(binary: dict[str, Any], given: Given) -> Prebuilt:
    """A checked ``Prebuilt`` from an entry of the option binaries: ``path``, and ``target`` or None."""
    path = binary["path"]
    if not os.path.isfile(path):
        raise InvalidInput(
            "binaries", path, "there is no such file; a relative path begins where the task runs"
        )
    headers = elf.read(path)
    info = go_buildinfo.find(path)
    target = _target(path, binary.get("target"), headers, info)
    name = names.check_app(given.name or os.path.basename(path), "name")
    settings = info.settings if info else {}
    version = given.version or _version(path, info)
    identity = {
        "name": name,
        "version": names.check_version(version),
        "commit": settings.get("vcs.revision", "") if given.commit is None else given.commit,
        "time": _seconds(settings.get("vcs.time", "")) if given.time is None else given.time,
    }
    needs = ([headers.interpreter] if headers.interpreter else []) + headers.needed
    warnings = _check_static(path, needs, given.static) + _check_stubs(path, info)
    if info is None:
        warnings.append(
            "%s: its modules are not known, as there is no Go here, or no build information in it: its bill "
            "of materials lists nothing but the binary" % path
        )
    sha256 = canonical.sha256_file(path)
    parts = {"goos": target.goos, "goarch": target.goarch, "variant": target.variant}
    recorded = dict(
        identity,
        schema=provenance.SCHEMA,
        built="elsewhere",  # what follows is known of the binary, and nothing of how it was made
        dirty=settings.get("vcs.modified") == "true",
        target=parts,
        command=[],
        inputs={},
        input_digest="",
        gates={},
        binary={
            "static": headers.static,
            "needs": needs,
            "build_id": headers.build_id,
            "size": os.path.getsize(path),
            "sha256": sha256,
            "before_upx": None,
        },
        build=info.as_dict() if info else {},
    )
    return Prebuilt(dict(identity, **parts, path=path, sha256=sha256), recorded, warnings)


def _target(path: str, wanted: str | None, headers: elf.Elf, info: BuildInfo | None) -> Target:
    """The platform of a binary, and that it is the one that the user says."""
    settings = info.settings if info else {}
    if settings.get("GOOS", "linux") != "linux" or not headers.goarch:
        raise InvalidInput(
            "binaries",
            path,
            "it is for %s/%s, and the hosts run Linux"
            % (settings.get("GOOS", "an unknown system"), settings.get("GOARCH", headers.machine)),
        )
    variant = settings.get(targets.variable(headers.goarch), "")
    known = "linux/%s%s" % (headers.goarch, "/" + variant if variant else "")
    target = targets.parse(wanted or known, "binaries target")
    if target.goarch != headers.goarch or (variant and target.variant != variant):
        raise InvalidInput(
            "binaries", path, "its target should be %s, but it was built for %s" % (target, known)
        )
    return target


def _version(path: str, info: BuildInfo | None) -> str:
    """The version of the main module, which Go writes since 1.24 where it builds in git."""
    version = info.main.get("version", "") if info else ""
    if not version or version == "(devel)":
        raise SlipwayError("%s does not say its version: set the option version" % path)
    return _DIRTY.sub("-dirty", version[1:] if re.match(r"v\d", version) else version)


def _seconds(text: str) -> int:
    try:
        return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        return 0


def _check_static(path: str, needs: list[str], static: str) -> list[str]:
    if not needs or static == "ignore":
        return []
    message = (
        "%s is not static: it needs %s on the hosts. Build it with CGO_ENABLED=0 and without -buildmode=pie; "
        "or set static: ignore where the hosts have that" % (path, ", ".join(needs))
    )
    if static == "require":
        raise SlipwayError(message, needs=needs)
    return [message]


def _check_stubs(path: str, info: BuildInfo | None) -> list[str]:
    """Drivers that were built without their parts in C."""
    if info is None or info.settings.get("CGO_ENABLED") != "0":
        return []
    failing = cgo.failing(module["path"] for module in info.deps)
    if not failing:
        return []
    return [
        "%s was built with CGO_ENABLED=0, and %s needs cgo: it is a stub there, and fails when it is used.%s"
        % (path, " and ".join(failing), cgo.ways_out(failing))
    ]
