# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the controller needs to know about a tarball, from its first kilobytes."""

from __future__ import annotations

import os
import tarfile

from ..module_utils.common.errors import SlipwayError
from ..module_utils.common.manifest import MANIFEST, MAX_MANIFEST_BYTES, Manifest


def read_manifest(path):
    """The manifest of an artifact: its first member, so that the rest need not be unpacked."""
    try:
        with tarfile.open(path, "r|gz") as archive:
            member = archive.next()
            if (
                member is None
                or not member.isreg()
                or member.name.rpartition("/")[2] != MANIFEST
                or member.size > MAX_MANIFEST_BYTES
            ):
                raise SlipwayError(
                    "%s is not a Slipway artifact: it does not begin with a manifest. "
                    "Make it with slipway.golang.package" % path
                )
            return Manifest.parse(archive.extractfile(member).read())
    except FileNotFoundError:
        raise SlipwayError(
            "artifact: there is no file %s on the controller: build and package it first" % path
        ) from None
    except (tarfile.TarError, OSError, EOFError) as error:
        raise SlipwayError("%s is not a Slipway artifact, or is damaged: %s" % (path, error)) from None


def describe(path, manifest):
    """What a host needs to choose among artifacts."""
    return {
        "path": path,
        "size": os.path.getsize(path),
        "digest": manifest.digest,
        "name": manifest.name,
        "version": manifest.version,
        "goarch": manifest.goarch,
        "variant": manifest.variant,
        "unpacked_size": manifest.unpacked_size,
    }
