# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tarballs as `package` writes them, of a binary that is not run; and calls of `image` on them."""

from __future__ import annotations

import json
import tarfile

from ansible_collections.slipway.golang.plugins.module_utils.builder import tarball
from ansible_collections.slipway.golang.plugins.module_utils.builder.image.make import make
from ansible_collections.slipway.golang.plugins.module_utils.builder.image.options import OPTIONS
from ansible_collections.slipway.golang.plugins.module_utils.builder.image.request import Request
from ansible_collections.slipway.golang.plugins.module_utils.builder.members import Member
from ansible_collections.slipway.golang.plugins.module_utils.common.manifest import Manifest

DEFAULTS = {
    **{name: option.get("default") for name, option in OPTIONS.items()},
    "targets": None,
    "dest": None,
    "port": 8080,
    "port_variable": "PORT",
    "source": None,
}
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
TIME = 1763600000
COMMAND = ["go", "build", "-trimpath", "-ldflags=-s -w -X 'main.v=a b'", "-o", "orders", "./cmd/orders"]
PROVENANCE = {
    "command": COMMAND,
    "binary": {"before_upx": None},
    "inputs": {"go": "go1.26.8", "cgo": "false", "environment GOEXPERIMENT": "none"},
}


def tarball_of(
    directory, goarch="amd64", variant="v1", version="1.4.2", name="orders", signature=b"", **files
):
    """The path of a tarball; ``files``: more of its members, as name=text."""
    members = [
        Member("bin/" + name, "0755", b"binary of " + goarch.encode() + variant.encode()),
        Member("install.sh", "0755", b"#!/bin/sh\n"),
        Member("systemd/%s.service" % name, "0644", b"[Service]\n"),
        Member("sbom.cdx.json", "0644", b'{"bomFormat": "CycloneDX"}'),
        Member("provenance.json", "0644", json.dumps(PROVENANCE).encode()),
    ]
    members += [Member(path, "0644", text.encode()) for path, text in files.items()]
    manifest = Manifest.create(
        name=name,
        version=version,
        target={"goos": "linux", "goarch": goarch, "variant": variant},
        commit="0a1b2c3d",
        time=TIME,
        files={member.path: member.entry for member in members},
    )
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / (manifest.stem + ".tar.gz")
    with path.open("wb") as handle:
        tarball.compress(tarball.stream(manifest, signature, members), handle, 6)
    return str(path)


def image(artifacts, check_mode=False, **options):
    """The result of `image`."""
    artifacts = artifacts if isinstance(artifacts, list) else [artifacts]
    return make(Request(dict(DEFAULTS, artifacts=artifacts, **options), check_mode))


class Unpacked:
    """What is in a layout."""

    def __init__(self, path):
        with tarfile.open(path) as archive:
            self.files = {member.name: archive.extractfile(member).read() for member in archive}
        self.listed = json.loads(self.files["index.json"])["manifests"]
        self.index = self.document(self.listed[0]["digest"])

    def blob(self, digest):
        return self.files["blobs/" + digest.replace(":", "/")]

    def document(self, digest):
        return json.loads(self.blob(digest))

    def platform(self, number=0):
        """Manifest and configuration of a platform."""
        manifest = self.document(self.index["manifests"][number]["digest"])
        return manifest, self.document(manifest["config"]["digest"])

    def referrers(self):
        """(artifactType, digest of the subject, {title: bytes}) of what refers to an image."""
        for entry in self.listed[1:]:
            document = self.document(entry["digest"])
            contents = {
                layer["annotations"]["org.opencontainers.image.title"]: self.blob(layer["digest"])
                for layer in document["layers"]
            }
            yield document["artifactType"], document["subject"]["digest"], contents
