# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts' images: built from lab/Dockerfile on demand, and again when their part of that file changes."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from docker_engine import client
from shell import LOGS, STATE, LabError, install, journal_tail, lock, run, say

DOCKERFILE = Path(__file__).resolve().parent / "Dockerfile"
CONTEXT = DOCKERFILE.parent / "pebble"
LABEL = "slipway.lab.dockerfile"


@dataclass(frozen=True)
class Debian:
    codename: str
    pulled: str
    bootstrapped: str


BULLSEYE = Debian("bullseye", "debian:11", "slipway-lab:base11")
BOOKWORM = Debian("bookworm", "debian:12", "slipway-lab:base")
TRIXIE = Debian("trixie", "debian:13", "slipway-lab:base13")


@dataclass(frozen=True)
class Image:
    target: str
    debian: Debian = BOOKWORM


IMAGES = {
    "plain": Image("plain"),
    "python": Image("python"),
    "debian11": Image("locale", BULLSEYE),
    "debian13": Image("python", TRIXIE),
    "acme": Image("acme"),
}
USUAL = ("plain", "python")


def tag(name: str) -> str:
    return f"slipway-lab:{name}"


def ensure(names: Iterable[str] = USUAL) -> None:
    """Build these images unless they match the Dockerfile already."""
    names = list(dict.fromkeys(names))
    if are_current(names):
        return
    with lock(STATE / "image.lock"):
        for name in names:
            if not are_current([name]):
                build(name)


def are_current(names: list[str]) -> bool:
    done = run(
        client(), "image", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', *map(tag, names)
    )
    return done.stdout.decode().split() == [digest(name) for name in names]


def digest(name: str) -> str:
    """A digest of everything that defines the image. A change in a later target does not alter it."""
    image = IMAGES[name]
    parts = [image.debian.pulled, *stages_of(image.target)]
    if any(line.startswith("COPY ") for line in "".join(parts).splitlines()):
        parts += [path.read_text() for path in sorted(CONTEXT.iterdir())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def stages_of(target: str) -> list[str]:
    """What comes before the first stage, and the stages that this one is built upon."""
    head, *stages = re.split(r"(?m)^(?=FROM )", DOCKERFILE.read_text())
    named = {stage.split("\n", 1)[0].split()[-1]: stage for stage in stages}
    chain: list[str] = []
    while target in named:
        chain.insert(0, named[target])
        target = named[target].split()[1]
    return [head, *chain]


def base(debian: Debian) -> str:
    """The base image: pulled if a registry answers, else bootstrapped from Debian's archive."""
    if run(client(), "image", "inspect", debian.bootstrapped).returncode == 0:
        return debian.bootstrapped
    say(f"pull {debian.pulled}")
    pulled = run(client(), "pull", "--quiet", debian.pulled, timeout=180)
    if pulled.returncode == 0:
        return debian.pulled
    say(f"{debian.pulled} cannot be pulled here: bootstrap Debian {debian.codename} from its archive instead")
    return bootstrap(debian)


def bootstrap(debian: Debian) -> str:
    install("mmdebstrap", "debian-archive-keyring")
    scratch = roomy_directory()
    begun = time.monotonic()
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / "mmdebstrap.log").open("wb") as log:
        make = subprocess.Popen(
            ["mmdebstrap", "--variant=minbase", "--format=tar", debian.codename, "-"],
            env={**os.environ, "TMPDIR": scratch},
            stdout=subprocess.PIPE,
            stderr=log,
        )
        load = subprocess.run(
            [client(), "import", "-", debian.bootstrapped],
            stdin=make.stdout,
            stdout=log,
            stderr=log,
            check=False,
        )
    if make.wait() or load.returncode:
        run(client(), "image", "rm", debian.bootstrapped)
        raise LabError(
            f"Debian could not be bootstrapped: {journal_tail(Path(log.name).read_bytes())} (log: {log.name})"
        )
    say(f"bootstrapped {debian.bootstrapped} in {time.monotonic() - begun:.0f} s")
    return debian.bootstrapped


def roomy_directory() -> str:
    """A directory for the bootstrap: in memory it takes half the time, and needs half a gigabyte."""
    shared = "/dev/shm"
    if os.path.isdir(shared) and shutil.disk_usage(shared).free > 1 << 30:
        return shared
    return os.environ.get("TMPDIR", "/tmp")


def build(name: str) -> None:
    source = base(IMAGES[name].debian)
    begun = time.monotonic()
    say(f"build {tag(name)} from {source}")
    argv = [
        client(),
        "build",
        "--file",
        "-",  # without the other stages: the classic builder would build them too
        "--build-arg",
        f"BASE={source}",
    ]
    argv += ["--label", f"{LABEL}={digest(name)}", "--tag", tag(name), str(CONTEXT)]
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"image-{name}.log").open("wb") as log:
        recipe = "".join(stages_of(IMAGES[name].target)).encode()
        done = subprocess.run(argv, input=recipe, stdout=log, stderr=log, check=False)
    if done.returncode:
        raise LabError(
            f"{tag(name)} was not built: {journal_tail(Path(log.name).read_bytes())} (log: {log.name})"
        )
    say(f"built {tag(name)} in {time.monotonic() - begun:.0f} s")
