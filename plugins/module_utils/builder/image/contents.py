# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in an image: the service, the user's files, and the little that a program needs of a system."""

from __future__ import annotations

import os
import re
from typing import Any

from ...common import names
from ...common.errors import InvalidInput, SlipwayError
from .. import members
from . import options
from .artifact import Artifact
from .layers import Entry

PASSWD = b"root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
GROUP = b"root:x:0:\nnonroot:x:65532:\n"
CA_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
ZONES = "usr/share/zoneinfo"
# Where distributions keep the CA certificates: Debian and Alpine, Fedora, openSUSE.
BUNDLES = ("/" + CA_BUNDLE, "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem")
_TIME_ZONE = b"TZif"
_LEFT_OUT = ("posix", "right", "localtime")  # each zone again; a link to that of the machine
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
# In a base these are often links, which a directory of ours would replace.
_LINKS = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
_OF_A_BASE = (*_LINKS, "boot", "home", "media", "mnt", "opt", "root", "run", "srv", "var")
_OF_THE_SYSTEM = ("dev", "etc", "proc", "run", "sys", "tmp", "usr")
_ZONE = re.compile(r"[A-Za-z0-9._+/-]+")


def system(request: Any, bundle: bytes) -> list[Entry]:
    """What is the same in every release, so that its layer travels once. A base has its own system."""
    entries = [Entry(CA_BUNDLE, 0o644, bundle)] if bundle else []
    if request.from_scratch:
        entries += [
            Entry("etc/passwd", 0o644, PASSWD),
            Entry("etc/group", 0o644, GROUP),
            Entry("tmp", 0o1777, None),
        ]
    return entries + time_zones(request.time_zones)


def ca_bundle(wanted: object, from_scratch: bool) -> bytes:
    """The CA certificates, or nothing."""
    if wanted is False or (wanted in (options.AUTO, True) and not from_scratch):
        return b""
    if wanted in (options.AUTO, True):
        path = next((path for path in BUNDLES if os.path.isfile(path)), "")
        if not path:
            raise SlipwayError(
                "ca_certificates: this machine has none: install ca-certificates, name a file of them, or "
                "set false, and the service cannot call anything by HTTPS"
            )
    else:
        path = options.expanded(wanted)
    content = _read("ca_certificates", path)
    if _CERTIFICATE not in content:
        raise InvalidInput("ca_certificates", path, "it has no certificate in PEM form")
    return content


def time_zones(wanted: object) -> list[Entry]:
    """The files of tzdata."""
    if wanted is False:
        return []
    root = "/" + ZONES if wanted is True else options.expanded(wanted)
    found = []
    for directory, below, files in os.walk(root):
        top = _LEFT_OUT if directory == root else ()
        below[:] = sorted(set(below).difference(top))
        for name in sorted(set(files).difference(top)):
            path = os.path.join(directory, name)
            relative = os.path.relpath(path, root)
            content = _read("time_zones", path) if _ZONE.fullmatch(relative) else b""
            if content.startswith(_TIME_ZONE):
                found.append(Entry("%s/%s" % (ZONES, relative), 0o644, content))
    if not found:
        raise InvalidInput(
            "time_zones",
            root,
            "there are no time zones: install tzdata on this machine, or name its directory",
        )
    return found


def files(request: Any, artifact: Artifact) -> list[Entry]:
    """The user's files: those of the artifact, unless the request names others."""
    manifest = artifact.manifest
    if request.files is None:
        found = [
            Entry(path, int(manifest.files[path]["mode"], 8), artifact.contents[path])
            for path in artifact.extra
        ]
    else:
        found = request.files
    for entry in found:
        top = entry.path.split("/")[0]
        if entry.path == manifest.name or top == manifest.name or entry.path == CA_BUNDLE:
            raise InvalidInput("files", entry.path, "the image has this itself; choose another dest")
        if top in _LINKS and not request.from_scratch:
            raise InvalidInput("files", entry.path, "/%s may be a link in the base: use usr/%s" % (top, top))
    return found


def find(entries: list[dict[str, Any]]) -> dict[str, str]:
    """Path in the image to path on the disk, of the files that a request names."""
    found = members.expand(
        dict(entry, dest=(entry.get("dest") or "").lstrip("/") or None) for entry in entries
    )
    return {names.check_member(path, "files"): found[path] for path in found}


def gather(entries: list[dict[str, Any]]) -> list[Entry]:
    """The files that a request names."""
    found = find(entries)
    return [
        Entry(path, int(members.mode(found[path]), 8), _read("files", found[path])) for path in sorted(found)
    ]


def service(request: Any, artifact: Artifact) -> Entry:
    """The binary, at the root of the image."""
    name = artifact.manifest.name
    if name in _OF_THE_SYSTEM or (name in _OF_A_BASE and not request.from_scratch):
        raise InvalidInput(
            "name", name, "an image has a directory of this name: give the service another name"
        )
    return Entry(name, 0o755, artifact.binary)


def _read(field: str, path: str) -> bytes:
    try:
        with open(path, "rb") as handle:
            return handle.read()
    except OSError as error:
        raise InvalidInput(field, path, "it cannot be read: %s" % error.strerror) from error
