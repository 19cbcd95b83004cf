# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of a cluster: built once from Go modules, and again when what they are made of changes."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from shell import LOGS, ROOT, LabError, journal_tail, lock, output, say

SOURCE = ROOT / "lab" / "kubernetes"
BUILT = ROOT / ".work" / "kubernetes"
# Where go_directory.sh finds Go, if it is not on PATH.
GO = (ROOT / ".work" / "venv" / "bin" / "go", Path("/usr/local/go/bin/go"))


def ensure() -> Path:
    """The directory with the programs `kubernetes`, `kubectl` and `pause`."""
    go = find_go()
    directory = BUILT / digest(go)
    if (directory / "done").exists():
        return directory
    with lock(BUILT / "lock"):  # whoever comes while it is built waits here
        if not (directory / "done").exists():
            build(go, directory)
    return directory


def find_go() -> str:
    go = shutil.which("go") or next((str(path) for path in GO if os.access(path, os.X_OK)), "")
    if not go:
        raise LabError("go is not installed: scripts/go_directory.sh brings it")
    return go


def digest(go: str) -> str:
    """Of all that the programs are made of: their sources, their modules, the flags and the compiler."""
    parts = [output(go, "version"), *flags(), *(path.read_text() for path in sources())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def sources() -> list[Path]:
    return [SOURCE / name for name in ("go.mod", "go.sum", "main.go", "pause/main.go")]


def version() -> str:
    """Of Kubernetes, as go.mod names it."""
    found = re.search(
        r"^\s*(?:require )?k8s\.io/kubernetes v([0-9.]+)$", sources()[0].read_text(), re.MULTILINE
    )
    if not found:
        raise LabError(f"{sources()[0]} does not require k8s.io/kubernetes")
    return found[1]


def flags() -> list[str]:
    """Without its version linked in, the API server has none, and clients refuse it."""
    major, minor, _patch = version().split(".")
    where = "k8s.io/component-base/version"
    linked = [
        f"-X {where}.gitVersion=v{version()}",
        f"-X {where}.gitMajor={major}",
        f"-X {where}.gitMinor={minor}",
    ]
    return ["-trimpath", "-ldflags", " ".join(["-s -w", *linked])]


def build(go: str, directory: Path) -> None:
    begun = time.monotonic()
    path = LOGS / "kubernetes.log"
    say(f"build Kubernetes {version()} from its modules, once, in about ten minutes (log: {path})")
    directory.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
    LOGS.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as log:
        for name, package in (("pause", "./pause"), ("kubernetes", ".")):
            # Whatever else this machine does goes first.
            argv = ["nice", "-n", "19", go, "build", *flags(), "-o", str(directory / name), package]
            done = subprocess.run(argv, cwd=SOURCE, env=environment, stdout=log, stderr=log, check=False)
            if done.returncode:
                raise LabError(f"{name} was not built: {journal_tail(path.read_bytes())}")
    (directory / "kubectl").unlink(missing_ok=True)
    (directory / "kubectl").symlink_to("kubernetes")
    (directory / "done").touch()
    for old in BUILT.iterdir():
        if old.is_dir() and old != directory:
            shutil.rmtree(old)
    say(f"built Kubernetes {version()} in {time.monotonic() - begun:.0f} s")
