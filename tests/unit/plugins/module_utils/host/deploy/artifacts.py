# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real artifacts with a real static executable, on every architecture, and without a compiler.

The dynamic loader of this machine is one: run by itself it loads the program that its first argument
names. A copy of it runs the Python of these tests with ``service.py``, so that /proc/PID/exe and the digest
are those of a file in the release. The version is appended.
"""

from __future__ import annotations

import functools
import io
import sys

from ansible_collections.slipway.golang.plugins.module_utils.common import elf
from ansible_collections.slipway.golang.plugins.module_utils.common.manifest import (
    CHECKSUMS,
    MANIFEST,
    Manifest,
)
from ansible_collections.slipway.golang.plugins.module_utils.host.system import platform

from ..artifact import tarballs
from . import service

ARGUMENTS = [sys.executable, "-I", "-S", service.__file__]


class Artifact:
    """A tarball's bytes, and what the controller says of it."""

    def __init__(self, app, version):
        binary = loader() + service.MARK + version.encode("ascii")
        manifest = manifest_of(app, version, binary)
        members = [(MANIFEST, manifest.raw), (CHECKSUMS, manifest.checksums()), (manifest.binary, binary)]
        tarball = tarballs.tar_gz([("%s/%s" % (manifest.top, name), content) for name, content in members])
        self.tarball = tarball.getvalue()
        self.described = {
            "version": version,
            "digest": manifest.digest,
            "goarch": manifest.goarch,
            "variant": "",
            "size": len(self.tarball),
            "unpacked_size": manifest.unpacked_size,
        }

    def stream(self):
        return io.BytesIO(self.tarball)


@functools.lru_cache(maxsize=None)
def artifact(app, version):
    return Artifact(app, version)


@functools.lru_cache(maxsize=None)
def loader():
    with open(elf.read(sys.executable).interpreter, "rb") as handle:
        return handle.read()


def manifest_of(app, version, binary):
    listed = tarballs.manifest_for({"bin/" + app: (binary, "0755")}, app, version)
    target = {"goos": "linux", "goarch": platform.goarch(), "variant": ""}
    return Manifest.create(name=app, version=version, target=target, commit="", time=1, files=listed.files)
