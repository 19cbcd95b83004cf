# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a tarball, and the user's extra files that go into it."""

from __future__ import annotations

import fnmatch
import glob
import os
import stat
from typing import Any, Iterable, Iterator

from ..common import canonical, names
from ..common.errors import InvalidInput, SlipwayError
from ..common.manifest import CHECKSUMS, MANIFEST, SIGNATURE

_GLOB = "*?["
_RESERVED = (
    MANIFEST,
    SIGNATURE,
    CHECKSUMS,
    "install.sh",
    "provenance.json",
    "sbom.cdx.json",
    "release.json",
    "environment",
)


class Member:
    """One file of the tarball: bytes in memory, or a file on the disk that must not change meanwhile."""

    def __init__(self, path: str, mode: str, content: bytes = b"", source: str | None = None) -> None:
        self.path = names.check_member(path, "files")
        self.mode = mode
        self.source = source
        self.content = content
        try:
            self.size = os.path.getsize(source) if source else len(content)
            self.sha256 = canonical.sha256_file(source) if source else canonical.sha256(content)
        except OSError as error:
            raise SlipwayError("Cannot read %s: %s" % (source, error.strerror)) from error

    @property
    def entry(self) -> dict[str, Any]:
        """Its line in the manifest."""
        return {"mode": self.mode, "sha256": self.sha256, "size": self.size}

    def read(self) -> bytes:
        """Its bytes, checked against what the manifest says about them."""
        if self.source is None:
            return self.content
        try:
            with open(self.source, "rb") as handle:
                content = handle.read()
        except OSError as error:
            raise SlipwayError("Cannot read %s: %s" % (self.source, error.strerror)) from error
        if canonical.sha256(content) != self.sha256:
            raise SlipwayError("%s changed while it was packaged: run again" % self.source)
        return content


def gather(entries: Iterable[dict[str, Any]]) -> list[Member]:
    """Members for the option files, sorted; each entry has src, dest and exclude."""
    found = find(entries)
    return [Member(path, mode(found[path]), source=found[path]) for path in sorted(found)]


def find(entries: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Path in the tarball to path on the disk; nothing is read yet."""
    found = expand(entries)
    for path in found:
        if path in _RESERVED or path.split("/")[0] in ("bin", "systemd", "units"):
            raise InvalidInput(
                "files",
                path,
                "the tarball, or the release on the host, has this itself; choose another dest",
            )
    return found


def expand(entries: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The same, for an archive that has nothing of its own."""
    found: dict[str, str] = {}
    for entry in entries:
        for path, source in _expand(entry):
            if path in found and found[path] != source:
                raise InvalidInput("files", path, "both %s and %s would become it" % (found[path], source))
            found[path] = source
    _refuse_nesting(found)
    return found


def _expand(entry: dict[str, Any]) -> list[tuple[str, str]]:
    source, exclude = entry["src"], entry.get("exclude") or []
    dest, into_directory = _destination(source, entry.get("dest"))
    if os.path.isdir(source):
        pairs = [(path, os.path.join(source, path)) for path in _walk(source, "", exclude)]
    elif os.path.lexists(source):
        single = os.path.basename(source)
        path = _join(dest, single) if into_directory else dest
        return [(path, _regular(source, os.path.dirname(os.path.realpath(source))))]
    elif any(character in source for character in _GLOB):
        pairs = list(_matches(source, exclude))
    else:
        raise InvalidInput("files", source, "there is no such file or directory on the builder")
    if not pairs:
        raise InvalidInput(
            "files", source, "there is no file in it%s" % (" that is not excluded" if exclude else "")
        )
    return [(_join(dest, path), path_on_disk) for path, path_on_disk in pairs]


def _destination(source: str, dest: str | None) -> tuple[str, bool]:
    """The path in the tarball, and whether it is a directory into which a single file goes."""
    if not dest:
        own_name = os.path.isdir(source) and not source.endswith("/")
        return (os.path.basename(source), True) if own_name else ("", True)
    if dest in (".", "./"):
        return "", True
    into_directory = dest.endswith("/")
    return names.check_member(dest[:-1] if into_directory else dest, "files dest"), into_directory


def _matches(pattern: str, exclude: list[str]) -> Iterator[tuple[str, str]]:
    """The files that match a pattern, each named relative to the part of the pattern that has no wildcard."""
    plain = pattern
    while any(character in plain for character in _GLOB):
        plain = os.path.dirname(plain)
    for found in sorted(glob.glob(pattern, recursive=True)):
        relative = os.path.relpath(found, plain or ".").replace(os.sep, "/")
        if _excluded(relative, exclude):
            continue
        if os.path.isdir(found):
            if "**" not in pattern:
                yield from (
                    (path, os.path.join(plain, path)) for path in _walk(plain or ".", relative, exclude)
                )
        else:
            yield relative, _regular(found, plain or ".")


def _walk(root: str, below: str, exclude: list[str]) -> Iterator[str]:
    """Paths of the files below a directory, relative to its root."""
    directory = os.path.join(root, below)
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError as error:
        raise SlipwayError("Cannot read the directory %s: %s" % (directory, error.strerror)) from error
    for entry in entries:
        path = _join(below, entry.name)
        if _excluded(path, exclude):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(root, path, exclude)
        else:
            _regular(entry.path, root)
            yield path


def _regular(path: str, root: str) -> str:
    """Only a regular file, or a link to one that stays below the root, can be packed."""
    real, home = os.path.realpath(path), os.path.realpath(root)
    if os.path.islink(path) and not real.startswith(home.rstrip("/") + "/"):
        raise InvalidInput(
            "files", path, "it is a link that leaves %s; copy the file there, or exclude it" % root
        )
    try:
        mode = os.stat(real).st_mode
    except OSError as error:
        raise InvalidInput("files", path, "it cannot be read (%s)" % error.strerror) from error
    if stat.S_ISDIR(mode):
        raise InvalidInput(
            "files",
            path,
            "it is a link to a directory; name that directory as a src of its own, or exclude it",
        )
    if not stat.S_ISREG(mode):
        raise InvalidInput(
            "files", path, "it is not a regular file (a device, a socket or a pipe); exclude it"
        )
    if not os.access(real, os.R_OK):
        raise InvalidInput(
            "files", path, "it cannot be read (permission denied); correct its mode, or exclude it"
        )
    return path


def _excluded(path: str, patterns: list[str]) -> bool:
    """A pattern matches the whole path, or one of its parts."""
    parts = path.split("/")
    prefixes = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    return any(
        fnmatch.fnmatchcase(text, pattern.rstrip("/")) for pattern in patterns for text in prefixes + parts
    )


def mode(path: str) -> str:
    """Executable or not: nothing else of a mode is kept, so that a umask does not matter."""
    return "0755" if os.stat(path).st_mode & stat.S_IXUSR else "0644"


def _join(directory: str, path: str) -> str:
    return "%s/%s" % (directory, path) if directory else path


def _refuse_nesting(paths: Iterable[str]) -> None:
    for path in paths:
        parts = path.split("/")
        for count in range(1, len(parts)):
            above = "/".join(parts[:count])
            if above in paths:
                raise InvalidInput("files", path, "%s is a file, so nothing can be below it" % above)
