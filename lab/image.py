# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts' images: built once from lab/Dockerfile, and again when that file changes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

from engine import client
from shell import LOGS, STATE, LabError, install, last_words, lock, run, say

DOCKERFILE = Path(__file__).resolve().parent / "Dockerfile"
TARGETS = ("plain", "python")
LABEL = "slipway.lab.dockerfile"
PULLED = "debian:12"
BOOTSTRAPPED = "slipway-lab:base"


def tag(target: str) -> str:
    return f"slipway-lab:{target}"


def ensure() -> None:
    """Have both images, made from the Dockerfile as it is now."""
    if is_current():
        return
    with lock(STATE / "image.lock"):
        if not is_current():
            source = base()
            for target in TARGETS:
                build(target, source)


def is_current() -> bool:
    wanted = digest()
    done = run(client(), "image", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', *map(tag, TARGETS))
    return done.stdout.decode().split() == [wanted] * len(TARGETS)


def digest() -> str:
    return hashlib.sha256(DOCKERFILE.read_bytes()).hexdigest()


def base() -> str:
    """The image to build upon: pulled where a registry answers, else bootstrapped from Debian's archive."""
    if run(client(), "image", "inspect", BOOTSTRAPPED).returncode == 0:
        return BOOTSTRAPPED
    say(f"pull {PULLED}")
    pulled = run(client(), "pull", "--quiet", PULLED, timeout=180)
    if pulled.returncode == 0:
        return PULLED
    say(f"{PULLED} cannot be pulled here: bootstrap Debian 12 from its archive instead")
    return bootstrap()


def bootstrap() -> str:
    install("mmdebstrap", "debian-archive-keyring")
    scratch = roomy_directory()
    begun = time.monotonic()
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / "mmdebstrap.log").open("wb") as log:
        make = subprocess.Popen(
            ["mmdebstrap", "--variant=minbase", "--format=tar", "bookworm", "-"],
            env={**os.environ, "TMPDIR": scratch},
            stdout=subprocess.PIPE,
            stderr=log,
        )
        load = subprocess.run([client(), "import", "-", BOOTSTRAPPED], stdin=make.stdout, stdout=log, stderr=log, check=False)
    if make.wait() or load.returncode:
        run(client(), "image", "rm", BOOTSTRAPPED)
        raise LabError(f"Debian could not be bootstrapped: {last_words(Path(log.name).read_bytes())} (log: {log.name})")
    say(f"bootstrapped {BOOTSTRAPPED} in {time.monotonic() - begun:.0f} s")
    return BOOTSTRAPPED


def roomy_directory() -> str:
    """Memory halves the time; half a gigabyte is needed."""
    shared = "/dev/shm"
    if os.path.isdir(shared) and shutil.disk_usage(shared).free > 1 << 30:
        return shared
    return os.environ.get("TMPDIR", "/tmp")


def build(target: str, source: str) -> None:
    begun = time.monotonic()
    say(f"build {tag(target)} from {source}")
    argv = [client(), "build", "--target", target, "--build-arg", f"BASE={source}"]
    argv += ["--label", f"{LABEL}={digest()}", "--tag", tag(target), "-"]
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"image-{target}.log").open("wb") as log, DOCKERFILE.open("rb") as dockerfile:
        done = subprocess.run(argv, stdin=dockerfile, stdout=log, stderr=log, check=False)
    if done.returncode:
        raise LabError(f"{tag(target)} was not built: {last_words(Path(log.name).read_bytes())} (log: {log.name})")
    say(f"built {tag(target)} in {time.monotonic() - begun:.0f} s")
