# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The manifest of a tarball: what is in it, and the one digest that identifies all of it."""

from __future__ import annotations

import json
import re

from . import canonical, names
from .errors import SlipwayError

TYPE_CHECKING = False  # as importing typing would cost time on every host
if TYPE_CHECKING:
    from typing import Any

SCHEMA = 1
MANIFEST = "manifest.json"
SIGNATURE = "manifest.json.sig"
CHECKSUMS = "SHA256SUMS"
MODES = ("0644", "0755")
MAX_MANIFEST_BYTES = 16 << 20
_FIELDS: dict[str, type] = {
    "schema": int,
    "name": str,
    "version": str,
    "goos": str,
    "goarch": str,
    "variant": str,
    "commit": str,
    "time": int,
    "binary": str,
    "files": dict,
}
# They become parts of file names and of messages.
_WORDS = {
    "goos": re.compile(r"[a-z0-9]{1,20}"),
    "goarch": re.compile(r"[a-z0-9]{1,20}"),
    "variant": re.compile(r"[A-Za-z0-9.,_-]{0,60}"),
    "commit": re.compile(r"[A-Za-z0-9.+_-]{0,100}"),
}
_LATEST = _LARGEST = 1 << 33  # what a tar header has room for
_DEFAULT_VARIANTS = {
    "amd64": "v1",
    "arm64": "v8.0",
    "386": "sse2",
    "ppc64": "power8",
    "ppc64le": "power8",
    "riscv64": "rva20u64",
}


def platform(goos: str, goarch: str, variant: str) -> str:
    """The target as a part of a name: with the variant only where it is not the default one."""
    parts = [goos, goarch]
    if variant and variant != _DEFAULT_VARIANTS.get(goarch):
        parts.append(variant.replace(",", "-"))
    return "-".join(parts)


class Manifest:
    """One artifact's description: parsed and checked, or made from its parts."""

    def __init__(self, data: dict[str, Any], raw: bytes | None = None) -> None:
        self.raw = canonical.to_json(data) if raw is None else raw
        self.digest = canonical.sha256(self.raw)
        self.name: str = data["name"]
        self.version: str = data["version"]
        self.goos: str = data["goos"]
        self.goarch: str = data["goarch"]
        self.variant: str = data["variant"]
        self.commit: str = data["commit"]
        self.time: int = data["time"]
        self.binary: str = data["binary"]
        self.files: dict[str, dict[str, Any]] = data["files"]

    @classmethod
    def create(
        cls,
        *,
        name: str,
        version: str,
        target: dict[str, str],
        commit: str,
        time: int,
        files: dict[str, dict[str, Any]],
    ) -> Manifest:
        """``target``: goos, goarch and variant; ``files``: path to {mode, sha256, size}."""
        data: dict[str, Any] = {
            "schema": SCHEMA,
            "name": name,
            "version": version,
            "commit": commit,
            "time": time,
            "binary": "bin/" + name,
        }
        data.update(target, files=files)
        return cls.parse(canonical.to_json(data))

    @classmethod
    def parse(cls, raw: bytes) -> Manifest:
        """A manifest from bytes that may come from anywhere."""
        if len(raw) > MAX_MANIFEST_BYTES:
            raise SlipwayError(
                "The manifest is larger than %d bytes: this is not a Slipway artifact" % MAX_MANIFEST_BYTES
            )
        try:
            data = json.loads(raw.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise SlipwayError(
                "The manifest is not JSON (%s): build the artifact again with slipway.golang.package" % error
            ) from error
        _check_fields(data)
        if canonical.to_json(data) != raw:
            raise SlipwayError(
                "The manifest is not in its canonical form, as it was edited after slipway.golang.package "
                "wrote it: build the artifact again"
            )
        return cls(data, raw)

    @property
    def top(self) -> str:
        """The tarball's one top directory."""
        return "%s-%s" % (self.name, self.version)

    @property
    def stem(self) -> str:
        """The tarball's file name without ``.tar.gz``."""
        return "-".join((self.name, self.version, platform(self.goos, self.goarch, self.variant)))

    @property
    def unpacked_size(self) -> int:
        """Bytes of all listed files together."""
        return sum(entry["size"] for entry in self.files.values())

    def checksums(self) -> bytes:
        """The text of SHA256SUMS, which depends on the manifest only."""
        digests = {path: entry["sha256"] for path, entry in self.files.items()}
        digests[MANIFEST] = self.digest
        return "".join("%s  %s\n" % (digests[path], path) for path in sorted(digests)).encode("utf-8")


def _check_fields(data: Any) -> None:
    if not isinstance(data, dict) or set(data) != set(_FIELDS):
        raise SlipwayError("The manifest needs exactly the fields %s" % ", ".join(sorted(_FIELDS)))
    for field, kind in _FIELDS.items():
        if not isinstance(data[field], kind) or isinstance(data[field], bool):
            raise SlipwayError(
                "The manifest's field %s is not of type %s: %r" % (field, kind.__name__, data[field])
            )
    if data["schema"] != SCHEMA:
        raise SlipwayError(
            "The manifest has schema %r, this version of slipway.golang reads %d" % (data["schema"], SCHEMA)
        )
    names.check_app(data["name"], "manifest name")
    names.check_version(data["version"], "manifest version")
    for field, pattern in _WORDS.items():
        if not pattern.fullmatch(data[field]):
            raise SlipwayError(
                "The manifest's field %s is %r, which no Go toolchain and no git writes"
                % (field, data[field][:200])
            )
    if not 0 <= data["time"] < _LATEST:
        raise SlipwayError(
            "The manifest's field time is not a time in seconds since the epoch: %.100r" % str(data["time"])
        )
    for path, entry in data["files"].items():
        _check_entry(path, entry)
    if data["binary"] != "bin/" + data["name"] or data["binary"] not in data["files"]:
        raise SlipwayError("The manifest's binary must be bin/%s and be listed in its files" % data["name"])


def _check_entry(path: str, entry: Any) -> None:
    names.check_member(path, "manifest file")
    if path in (MANIFEST, SIGNATURE, CHECKSUMS):
        raise SlipwayError("The manifest must not list %s" % path)
    if not isinstance(entry, dict) or set(entry) != {"mode", "sha256", "size"}:
        raise SlipwayError("The manifest's entry for %r needs exactly mode, sha256 and size" % path)
    if entry["mode"] not in MODES:
        raise SlipwayError(
            "The manifest's entry for %r has mode %r: only %s are allowed"
            % (path, entry["mode"], " and ".join(MODES))
        )
    if not isinstance(entry["sha256"], str) or not names.HEX_SHA256.fullmatch(entry["sha256"]):
        raise SlipwayError("The manifest's entry for %r has no SHA-256" % path)
    if (
        not isinstance(entry["size"], int)
        or isinstance(entry["size"], bool)
        or not 0 <= entry["size"] < _LARGEST
    ):
        raise SlipwayError("The manifest's entry for %r has no size in bytes" % path)
