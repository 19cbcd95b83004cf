# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess

import pytest

from .builder import workshop

ARCHITECTURES = {
    # what Go calls it: the variables for it, and (bits, big endian)
    "386": (32, False),
    "amd64": (64, False),
    "arm": (32, False),
    "arm64": (64, False),
    "loong64": (64, False),
    "mips": (32, True),
    "mips64le": (64, False),
    "ppc64le": (64, False),
    "riscv64": (64, False),
    "s390x": (64, True),
}


@pytest.fixture(scope="session")
def binaries(tmp_path_factory):
    """The same small program for many architectures, from the real toolchain: architecture to path."""
    root = tmp_path_factory.mktemp("binaries")
    made = workshop.Workshop(root)
    for architecture in ARCHITECTURES:
        environment = dict(
            os.environ,
            GOARCH=architecture,
            GOOS="linux",
            CGO_ENABLED="0",
            GOFLAGS="-buildvcs=false",
            GOWORK="off",
        )
        subprocess.run(
            ["go", "build", "-trimpath", "-o", str(root / architecture), "."],
            cwd=made.source,
            env=environment,
            check=True,
        )
    return {architecture: str(root / architecture) for architecture in ARCHITECTURES}
