# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of a tarball that `package` made: everything is checked against its manifest."""

from __future__ import annotations

import tarfile
import zlib
from typing import Any, NamedTuple

from ...common import canonical
from ...common.errors import InvalidInput, SlipwayError
from ...common.manifest import CHECKSUMS, MANIFEST, MAX_MANIFEST_BYTES, SIGNATURE, Manifest

# What a host needs and an image does not.
_OF_THE_HOST = ("install.sh", "provenance.json", "sbom.cdx.json")
_BUILD_FIRST = "package it first, with slipway.golang.package"


class Artifact(NamedTuple):
    """One tarball, unpacked in memory."""

    path: str
    manifest: Manifest
    signature: bytes
    contents: dict[str, bytes]

    @property
    def name(self) -> str:
        """Of the service."""
        return self.manifest.name

    @property
    def version(self) -> str:
        """Of the service."""
        return self.manifest.version

    @property
    def binary(self) -> bytes:
        """The service."""
        return self.contents[self.manifest.binary]

    @property
    def extra(self) -> list[str]:
        """The paths of the user's files."""
        return [
            path
            for path in sorted(self.contents)
            if path not in _OF_THE_HOST and path.split("/")[0] not in ("bin", "systemd")
        ]

    @property
    def platform(self) -> dict[str, str]:
        """What it is for, as images name it."""
        return platform(self.manifest.goarch, self.manifest.variant)


class Announced(NamedTuple):
    """A tarball that check mode of `package` announced, and that is not there yet."""

    name: str
    version: str


def platform(goarch: str, variant: str) -> dict[str, str]:
    """A platform of an image. An image names no variant where it is the architecture's first one."""
    found = {"architecture": goarch, "os": "linux"}
    number = variant.partition(",")[0]
    if goarch == "arm":
        found["variant"] = "v" + number
    elif goarch == "arm64":
        found["variant"] = number.partition(".")[0]
    elif goarch == "amd64" and number != "v1":
        found["variant"] = number
    return found


def platform_name(value: dict[str, Any]) -> str:
    """A platform in one word, as in linux/arm/v7."""
    parts = (value.get("os"), value.get("architecture"), value.get("variant"))
    return "/".join(str(part) for part in parts if part)


def given(value: object, check_mode: bool) -> Artifact | Announced:
    """An artifact as the module gets it: the path of a tarball, or what `package` returned of it."""
    entry = {"path": value} if isinstance(value, str) else value
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        raise InvalidInput(
            "artifacts", value, "give paths of tarballs, or what slipway.golang.package returned"
        )
    if check_mode and "digest" in entry and entry["digest"] is None:
        return Announced(str(entry.get("name")), str(entry.get("version")))
    found = read(entry["path"])
    if entry.get("digest") not in (None, found.manifest.digest):
        raise SlipwayError(
            "%s is not what slipway.golang.package made: its digest is %s, not %s. Package it again"
            % (entry["path"], found.manifest.digest, entry["digest"])
        )
    return found


def read(path: str) -> Artifact:
    """All of a tarball."""
    try:
        with tarfile.open(path, mode="r|gz") as archive:
            return _read(path, archive)
    except FileNotFoundError:
        raise InvalidInput("artifacts", path, "there is no such file: " + _BUILD_FIRST) from None
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise SlipwayError("%s is no artifact, or is damaged: %s; %s" % (path, error, _BUILD_FIRST)) from None


def _read(path: str, archive: tarfile.TarFile) -> Artifact:
    members = _members(path, archive)
    name, raw = next(members, ("", b""))
    if name != MANIFEST:
        raise SlipwayError("%s is no artifact: it does not begin with a manifest; %s" % (path, _BUILD_FIRST))
    manifest = Manifest.parse(raw)
    found = dict(members)
    signature = found.pop(SIGNATURE, b"")
    found.pop(CHECKSUMS, None)
    if set(found) != set(manifest.files):
        odd = sorted(set(found) ^ set(manifest.files))[0]
        raise SlipwayError("%s was altered: %s is only in it or only in its manifest" % (path, odd))
    for member, content in found.items():
        if canonical.sha256(content) != manifest.files[member]["sha256"]:
            raise SlipwayError("%s was altered: %s has not the digest of its manifest" % (path, member))
    return Artifact(path, manifest, signature, found)


def _members(path: str, archive: tarfile.TarFile) -> Any:
    for member in archive:
        name = member.name.partition("/")[2]
        if not member.isreg() or (name == MANIFEST and member.size > MAX_MANIFEST_BYTES):
            raise SlipwayError("%s was altered: %s is no file of an artifact" % (path, member.name))
        content = archive.extractfile(member)
        yield name, content.read() if content else b""
