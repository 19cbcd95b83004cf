# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers of the lab: run a command, print a message, hold a lock, install a Debian package."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".work" / "lab"
LOGS = ROOT / ".work" / "log"


class LabError(Exception):
    """An error for the user: printed in one line, without a traceback."""


def say(text: str) -> None:
    print(f"lab: {text}", flush=True)


def run(*argv: str, data: bytes | None = None, timeout: float | None = None) -> subprocess.CompletedProcess:
    """Run a command and return its result, whatever its exit code."""
    source = {"input": data} if data is not None else {"stdin": subprocess.DEVNULL}
    try:
        return subprocess.run(argv, capture_output=True, check=False, timeout=timeout, **source)
    except FileNotFoundError as error:
        raise LabError(f"{argv[0]} is not installed") from error
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(argv, 124, b"", f"timed out after {timeout:.0f} s".encode())


def output(*argv: str, data: bytes | None = None) -> str:
    """Run a command that has to succeed, and return its output."""
    done = run(*argv, data=data)
    if done.returncode:
        raise LabError(
            f"{' '.join(argv[:4])} … failed ({done.returncode}): {journal_tail(done.stderr or done.stdout)}"
        )
    return done.stdout.decode(errors="replace").strip()


def journal_tail(printed: bytes) -> str:
    """The last line of an output, which usually has the reason."""
    lines = printed.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no output"


def wait_for(what: str, ready: Callable[[], object], seconds: float):
    """Call ready until it returns a true value, and return that value."""
    end = time.monotonic() + seconds
    pause = 0.02
    while True:
        found = ready()
        if found:
            return found
        if time.monotonic() > end:
            raise LabError(f"timed out after {seconds:.0f} s waiting for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold a file lock, so that two calls at the same time do not do the same work."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def install(*packages: str) -> None:
    """Install these Debian packages on this machine, or raise an error that lists them."""
    missing = [name for name in packages if not is_installed(name)]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise LabError(
            f"install these Debian packages: {' '.join(missing)} (the lab does it only as root on Debian)"
        )
    say(f"install {' '.join(missing)} with apt")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / "apt.log").open("ab") as log:
        for command in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
            argv = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", *command]
            done = subprocess.run(argv, env=environment, stdout=log, stderr=log, check=False)
    if done.returncode:
        raise LabError(f"apt-get could not install {' '.join(missing)}: see {LOGS / 'apt.log'}")


def is_installed(package: str) -> bool:
    if not shutil.which("dpkg-query"):
        return False
    done = run("dpkg-query", "--show", "--showformat", "${db:Status-Status}", package)
    return done.stdout == b"installed"
