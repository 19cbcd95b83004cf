# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make tarballs: gather the files, describe them in a manifest, sign it, write what is not there already."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..common import canonical, elf, names
from ..common import unit as units
from ..common.errors import InvalidInput, SlipwayError
from ..common.manifest import CHECKSUMS, Manifest, platform
from . import files, go_buildinfo, members, provenance, sbom, tarball
from .members import Member
from .prebuilt import Prebuilt
from .signing import Signer

_ARTIFACT_FIELDS: dict[str, type] = {
    "path": str,
    "name": str,
    "version": str,
    "goos": str,
    "goarch": str,
    "variant": str,
    "commit": str,
    "time": int,
    "provenance": str,
}


def package(
    artifacts: list[dict[str, Any]],
    dest: str,
    *,
    prebuilt: list[Prebuilt],
    installer: bytes,
    extra: list[dict[str, Any]],
    unit: object,
    port_variable: str = "PORT",
    signing_key: str | None,
    compression_level: int,
    check_mode: bool,
) -> dict[str, Any]:
    """Make a tarball of every artifact; in check mode only say what would change.

    ``prebuilt``: binaries that `build` did not make; ``installer``: the bytes of the tarballs' install.sh.
    """
    if not 0 <= compression_level <= 9:
        raise InvalidInput("compression_level", compression_level, "use 0 (none) to 9 (smallest)")
    if not artifacts and not prebuilt:
        raise InvalidInput(
            "artifacts",
            artifacts,
            "give the artifacts that slipway.golang.build returned, or in binaries those of another tool",
        )
    dest = os.path.realpath(dest)
    if not installer.startswith(b"#!"):
        raise InvalidInput("installer", _shown(installer), "give the text of a script; it begins with #!")
    signer = Signer(signing_key) if signing_key else None
    shared = [*members.gather(extra), Member("install.sh", "0755", installer)]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # compressing and hashing do not hold Python's lock
        packages = list(
            pool.map(
                lambda artifact: _prepare(artifact, dest, shared, (unit, port_variable), check_mode),
                artifacts,
            )
        )
        packages += [
            _placed(
                Package(
                    one.artifact, one.recorded, shared + _unit(one.artifact["name"], unit, port_variable)
                ),
                dest,
            )
            for one in prebuilt
        ]
        paths = [path for path, _package in packages]
        for path in paths:
            if paths.count(path) > 1:
                raise InvalidInput(
                    "artifacts",
                    path,
                    "two of them would become this tarball: give each target and version once",
                )
        packed = list(
            pool.map(lambda pair: pair[1].write(pair[0], signer, compression_level, check_mode), packages)
        )
    checksums = os.path.join(dest, CHECKSUMS)
    changed = any(result["changed"] for result in packed)
    if not any(result["sha256"] is None for result in packed):
        with files.locked(dest, check_mode):  # another service may be packaged into it at the same time
            text = _checksums(checksums, packed)
            changed = (not _has(checksums, text) if check_mode else files.write(checksums, text)) or changed
    warnings = [text for one in prebuilt for text in one.warnings]
    return {"changed": changed, "artifacts": packed, "checksums": checksums, "warnings": warnings}


def _prepare(
    artifact: dict[str, Any], dest: str, shared: list[Member], unit: tuple[object, str], check_mode: bool
) -> tuple[str, Package | Preview]:
    """The path of an artifact's tarball, and what will write it."""
    _check(artifact)
    if check_mode and not _is_built(artifact):
        stem = "-".join((artifact["name"], artifact["version"], platform(**_target(artifact))))
        return os.path.join(dest, stem + ".tar.gz"), Preview(artifact)
    return _placed(Package(artifact, _recorded(artifact), shared + _unit(artifact["name"], *unit)), dest)


def _placed(one: Package, dest: str) -> tuple[str, Package | Preview]:
    return os.path.join(dest, one.manifest.stem + ".tar.gz"), one


class Package:
    """One tarball: its members and its manifest."""

    def __init__(self, artifact: dict[str, Any], recorded: dict[str, Any], shared: list[Member]) -> None:
        self._members = shared + _own_members(artifact, recorded)
        paths = [member.path for member in self._members]
        doubled = sorted(path for path in set(paths) if paths.count(path) > 1)
        if doubled:
            raise InvalidInput("files", doubled[0], "the tarball has this itself; choose another dest")
        self._target = _target(artifact)
        self.manifest = Manifest.create(
            name=artifact["name"],
            version=artifact["version"],
            target=self._target,
            commit=artifact["commit"],
            time=artifact["time"],
            files={member.path: member.entry for member in self._members},
        )

    def write(self, path: str, signer: Signer | None, level: int, check_mode: bool) -> dict[str, Any]:
        """Write it unless the same content is there; returns what the module returns of it."""
        old_manifest, old_signature = tarball.read_head(path)
        reusable = old_signature if old_manifest == self.manifest.raw else b""
        signature = signer.sign(self.manifest.raw, reusable) if signer else b""
        same = old_manifest == self.manifest.raw and tarball.is_same(
            path, tarball.stream(self.manifest, signature, self._members)
        )
        if not same and not check_mode:
            with files.replacing(path) as handle:
                tarball.compress(tarball.stream(self.manifest, signature, self._members), handle, level)
        written = same or not check_mode
        return {
            "path": path,
            "name": self.manifest.name,
            "version": self.manifest.version,
            "digest": self.manifest.digest,
            "size": os.path.getsize(path) if written else None,
            "sha256": canonical.sha256_file(path) if written else None,
            "changed": not same,
            "signed": bool(signature),
            "diff": {} if same else self._diff(path, old_manifest),
            **self._target,
        }

    def _diff(self, path: str, old_manifest: bytes) -> dict[str, str]:
        before, after = _lines(old_manifest), _lines(self.manifest.raw)
        return {
            "before_header": path,
            "after_header": path,
            "before": "".join(line for line in before if line not in after),
            "after": "".join(line for line in after if line not in before),
        }


class Preview:
    """In check mode, a tarball of a binary that is not built yet."""

    def __init__(self, artifact: dict[str, Any]) -> None:
        self._known = dict(_target(artifact), name=artifact["name"], version=artifact["version"])

    def write(self, path: str, _signer: Signer | None, _level: int, _check_mode: bool) -> dict[str, Any]:
        """What is known without the binary."""
        diff = {"before_header": path, "after_header": path, "before": "", "after": "to be built\n"}
        return dict(
            self._known, path=path, digest=None, size=None, sha256=None, changed=True, signed=False, diff=diff
        )


def _target(artifact: dict[str, Any]) -> dict[str, str]:
    return {name: artifact[name] for name in ("goos", "goarch", "variant")}


def _check(artifact: dict[str, Any]) -> None:
    for field, kind in _ARTIFACT_FIELDS.items():
        if not isinstance(artifact.get(field), kind):
            remedy = "its field %s is missing or no %s; pass on what slipway.golang.build returned" % (
                field,
                kind.__name__,
            )
            raise InvalidInput("artifacts", artifact.get("path", artifact), remedy)
    names.check_app(artifact["name"], "artifacts name")
    names.check_version(artifact["version"], "artifacts version")


def _is_built(artifact: dict[str, Any]) -> bool:
    """Whether build did what it announced; in check mode it may only have announced it."""
    recorded = provenance.read(artifact["provenance"])
    return bool(
        artifact.get("sha256", True)
        and recorded
        and all(recorded[name] == artifact[name] for name in ("version", "commit"))
    )


def _recorded(artifact: dict[str, Any]) -> dict[str, Any]:
    """The provenance of an artifact that `build` returned."""
    recorded = provenance.read(artifact["provenance"])
    if recorded is None or not _is_built(artifact):
        raise SlipwayError(
            "%s is not the provenance of %s: build again" % (artifact["provenance"], artifact["path"])
        )
    return recorded


def _own_members(artifact: dict[str, Any], recorded: dict[str, Any]) -> list[Member]:
    """What is in every tarball: the binary, its provenance and its bill of materials."""
    headers = elf.read(artifact["path"])
    binary = Member("bin/" + artifact["name"], "0755", source=artifact["path"])
    if artifact.get("sha256") and binary.sha256 != artifact["sha256"]:
        raise SlipwayError(
            "%s is not what slipway.golang.build made: it was modified since. Build it again"
            % artifact["path"]
        )
    if headers.goarch != artifact["goarch"]:
        raise SlipwayError(
            "%s should be for %s, but its ELF header says %s"
            % (artifact["path"], artifact["goarch"], headers.goarch or "unknown")
        )
    if recorded["binary"]["sha256"] != binary.sha256:
        raise SlipwayError(
            "%s is not the provenance of %s: build again" % (artifact["provenance"], artifact["path"])
        )
    bill = sbom.render(
        go_buildinfo.BuildInfo.from_dict(recorded["build"]) if recorded["build"] else None,
        name=artifact["name"],
        version=artifact["version"],
        target=_target(artifact),
        binary_sha256=binary.sha256,
    )
    return [
        binary,
        Member("provenance.json", "0644", canonical.to_json(recorded)),
        Member("sbom.cdx.json", "0644", bill),
    ]


def _unit(name: str, unit: object, port_variable: str) -> list[Member]:
    """The unit that install.sh installs: a text as it is, options for the hardened one, or None."""
    if unit is None:
        return []
    if isinstance(unit, dict):
        current = "/opt/%s/current" % name
        sections = units.sections(
            name,
            unit,
            binary="%s/bin/%s" % (current, name),
            environment_file=current + "/environment",
            port_variable=names.check_variable(port_variable, "port_variable"),
            config=current + "/config",
        )
        text = units.render(sections)
    elif isinstance(unit, str) and "[Service]" in unit:
        text = unit if unit.endswith("\n") else unit + "\n"
    else:
        raise InvalidInput(
            "unit", unit, "give the text of a unit file with a [Service] section, or a dict of options"
        )
    return [Member("systemd/%s.service" % name, "0644", text.encode("utf-8"))]


def _shown(installer: bytes) -> str:
    """The first line, short enough for a message."""
    return installer.decode("utf-8", "replace").partition("\n")[0][:100]


def _lines(raw: bytes) -> list[str]:
    """A manifest as lines for a diff: one for each file."""
    try:
        manifest = Manifest.parse(raw)
    except SlipwayError:
        return []
    lines = [
        "%s %s %s\n" % (entry["mode"], entry["sha256"], path)
        for path, entry in sorted(manifest.files.items())
    ]
    return lines + ["commit %s\n" % manifest.commit, "time %d\n" % manifest.time]


def _checksums(path: str, packed: list[dict[str, Any]]) -> bytes:
    """SHA256SUMS for these tarballs and for the others that it lists and that are still there."""
    lines = {os.path.basename(result["path"]): result["sha256"] for result in packed}
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            for line in handle:
                digest, _blank, name = line.rstrip("\n").partition("  ")
                plain = names.HEX_SHA256.fullmatch(digest) and name == os.path.basename(name)
                if plain and os.path.isfile(os.path.join(os.path.dirname(path), name)):
                    lines.setdefault(name, digest)
    except OSError:
        pass
    return "".join("%s  %s\n" % (lines[name], name) for name in sorted(lines)).encode("utf-8")


def _has(path: str, content: bytes) -> bool:
    try:
        with open(path, "rb") as handle:
            return handle.read() == content
    except OSError:
        return False
