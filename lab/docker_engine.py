# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Docker engine: find one that answers, or start one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from shell import LOGS, STATE, LabError, install, journal_tail, lock, output, run, say, wait_for

PID_FILES = (Path("/var/run/docker.pid"), Path("/var/run/docker/containerd/containerd.pid"))

_client = ""


def docker(*arguments: str, data: bytes | None = None) -> str:
    """Run a Docker command that has to succeed, and return its output."""
    return output(client(), *arguments, data=data)


def client() -> str:
    """The path of a client that the engine accepts."""
    if not find_client():
        raise LabError("no Docker engine answers: `lab.py engine` starts one")
    return _client


def find_client() -> str:
    """Find a client that the engine accepts. One on PATH may be too new: then the distribution's is tried."""
    global _client
    if not _client:
        _client = next((path for path in clients() if not complaint(path)), "")
    return _client


def clients() -> list[str]:
    found = [shutil.which("docker"), "/usr/bin/docker"]
    return [path for path in dict.fromkeys(found) if path and os.access(path, os.X_OK)]


def complaint(path: str) -> str:
    """Why the engine does not answer this client; empty if it does."""
    done = run(path, "version", "--format", "{{.Server.Version}}", timeout=30)
    return journal_tail(done.stderr) if done.returncode else ""


def ensure() -> str:
    """Start an engine unless one answers, and return its version."""
    if not find_client():
        with lock(STATE / "engine.lock"):
            if not find_client():
                start()
    return docker("version", "--format", "{{.Server.Version}}")


def start() -> None:
    reasons = [complaint(path) for path in clients()]
    if any("permission denied" in reason for reason in reasons):
        raise LabError(
            "this user has no permission to use the Docker engine: join the group docker, or become root"
        )
    if sys.platform != "linux" or os.geteuid() != 0:
        raise LabError(
            "no Docker engine answers: install and start Docker (the lab does it only as root on Debian)"
        )
    if not shutil.which("dockerd"):
        install("docker.io")
    if Path("/run/systemd/system").is_dir():
        output("systemctl", "start", "docker")
        wait_for("the Docker engine", find_client, 60)
    else:
        start_daemon()


def start_daemon() -> None:
    """Start dockerd in a session of its own, so that it outlives this command."""
    log = LOGS / "dockerd.log"
    for path in PID_FILES:
        forget_the_dead(path)
    say(f"start dockerd (log: {log})")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        daemon = subprocess.Popen(
            ["dockerd"], cwd="/", stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )

    def answers() -> str:
        if daemon.poll() is not None:
            raise LabError(f"dockerd exited at once: {journal_tail(log.read_bytes())}")
        return find_client()

    wait_for("the Docker engine", answers, 60)


def forget_the_dead(pid_file: Path) -> None:
    """Remove the PID file of a killed daemon. As a zombie it would still seem to run."""
    try:
        state = Path(f"/proc/{int(pid_file.read_text())}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError):
        state = "gone"
    if state in ("Z", "X", "gone"):
        pid_file.unlink(missing_ok=True)
