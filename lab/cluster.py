# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Kubernetes on this machine: control plane and one node, in namespaces of their own.

A cluster is one process (cluster_init.py) with its own processes, mounts and network: to end that process is
to end all of it. Outside of it there are a pair of interfaces, control groups of its own, and its directory.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import acme
import cluster_files
import kubernetes_build
import oci
from shell import ROOT, LabError, install, journal_tail, lock, output, run, say, wait_for

CLUSTERS = ROOT / ".work" / "clusters"
CGROUPS = Path("/sys/fs/cgroup")
PACKAGES = (
    "containerd",
    "runc",
    "containernetworking-plugins",
    "conntrack",
    "iproute2",
    "iptables",
    "openssl",
)
# Networks of four addresses below 10.250.0.0/16, one for each cluster of this machine.
MOST = 64
PATIENCE = 300


class Cluster:
    """``name``: as of a fleet; clusters of several checkouts can run at once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.directory = CLUSTERS / name
        self.kubeconfig = self.directory / "admin.kubeconfig"

    # What is noted is noted before it is made, so that `down` finds it whatever happened.
    def note(self, name: str, value: object) -> None:
        (self.directory / name).write_text(f"{value}\n")

    def noted(self, name: str) -> str:
        with contextlib.suppress(FileNotFoundError):
            return (self.directory / name).read_text().strip()
        return ""

    @property
    def pid(self) -> int:
        """Of the process that holds the namespaces; 0 if there is none, or its number is somebody else's."""
        number = self.noted("pid")
        return int(number) if number and started(number) == self.noted("started") else 0

    @property
    def init(self) -> int:
        """Of the first process in the namespaces; 0 if there is none."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        with contextlib.suppress(OSError, IndexError):
            return int(children.read_text().split()[0])
        return 0


def up(cluster: Cluster) -> None:
    """Bring the cluster up unless it is; print where its kubeconfig is."""
    if os.geteuid() != 0:
        raise LabError("a cluster needs root: for its namespaces, containers and interfaces")
    with lock(CLUSTERS / f"{cluster.name}.lock"):
        if not (cluster.init and (cluster.directory / "ready").exists()):
            install(*PACKAGES)
            programs = kubernetes_build.ensure()
            clear(cluster)
            try:
                start(cluster, programs)
            except BaseException:
                end(cluster)  # its logs stay
                raise
    say(f"{cluster.name}: Kubernetes answers (KUBECONFIG={cluster.kubeconfig})")


def down(cluster: Cluster) -> None:
    with lock(CLUSTERS / f"{cluster.name}.lock"):
        clear(cluster)
    (CLUSTERS / f"{cluster.name}.lock").unlink(missing_ok=True)
    say(f"{cluster.name}: removed")


def names() -> list[str]:
    return sorted(path.name for path in CLUSTERS.glob("*") if path.is_dir())


def start(cluster: Cluster, programs: Path) -> None:
    home = cluster.directory
    for name in ("", "log", "cni", "volumeplugins"):
        (home / name).mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    number = make_interfaces(cluster)
    address, gateway = f"10.250.{number}.2", f"10.250.{number}.1"
    make_certificates(home, address)
    tokens = {name: secrets.token_hex(24) for name in cluster_files.ACCOUNTS}
    for name, text in cluster_files.files(home, address, cgroup(cluster), tokens).items():
        write(home / name, text)
    # On some machines it is a link into /run, which the cluster does not see.
    write(home / "resolv.conf", Path("/etc/resolv.conf").read_text())
    pause = oci.image(cluster_files.PAUSE, (programs / "pause").read_bytes(), "/pause")
    (home / "pause.tar").write_bytes(pause.archive)
    make_cgroups(cluster)
    spawn(cluster, programs, address, gateway, inner(number))
    output("ip", "link", "set", inner(number), "netns", str(cluster.init))
    wait_for(f"cluster {cluster.name}", lambda: is_ready(cluster), PATIENCE)
    output("ln", "-sfn", str(programs / "kubectl"), str(home / "kubectl"))


def spawn(cluster: Cluster, programs: Path, *network: str) -> None:
    argv = ["unshare", "--pid", "--mount", "--net", "--fork", "--kill-child=SIGKILL", "--mount-proc"]
    argv += [sys.executable, str(ROOT / "lab" / "cluster_init.py"), str(cluster.directory)]
    argv += [str(programs / "kubernetes"), *network]
    with (cluster.directory / "log" / "init.log").open("wb") as log:
        process = subprocess.Popen(
            argv, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    cluster.note("started", started(str(process.pid)))
    cluster.note("pid", process.pid)
    wait_for("the first process of the cluster", lambda: cluster.init or process.poll() is not None, 10)
    if not cluster.init:
        raise LabError(f"{cluster.name}: it has no namespaces: {log_tail(cluster, 'init')}")


def is_ready(cluster: Cluster) -> bool:
    reason = cluster.noted("failed")
    if reason or not cluster.init:
        raise LabError(f"{cluster.name}: {reason or log_tail(cluster, 'init')}{why(cluster, reason)}")
    return (cluster.directory / "ready").exists()


def why(cluster: Cluster, reason: str) -> str:
    """The last line of the part that the reason begins with."""
    part = reason.partition(" ")[0]
    return f": {log_tail(cluster, part)}" if (cluster.directory / "log" / f"{part}.log").exists() else ""


def log_tail(cluster: Cluster, part: str) -> str:
    log = cluster.directory / "log" / f"{part}.log"
    return f"{journal_tail(log.read_bytes())} (log: {log})"


# --- what is outside of the namespaces ----------------------------------------------------------------------


def clear(cluster: Cluster) -> None:
    end(cluster)
    shutil.rmtree(cluster.directory, ignore_errors=True)


def end(cluster: Cluster) -> None:
    """End the cluster, and remove what it had outside of its directory."""
    pid, init = cluster.pid, cluster.init
    if pid:
        os.kill(pid, signal.SIGKILL)  # the kernel ends all others with it
        wait_for("the end of the cluster", lambda: not (is_alive(pid) or is_alive(init)), 30)
    number = cluster.noted("network")
    if number:
        run("ip", "link", "delete", outer(number))
    for path in cgroups(cluster):
        wait_for(f"the end of {path}", lambda path=path: remove_groups(path), 30)
    for path in cluster.noted("created").split():
        with contextlib.suppress(OSError):
            os.rmdir(path)
    for name in ("pid", "started", "network", "created", "ready"):
        (cluster.directory / name).unlink(missing_ok=True)


def make_interfaces(cluster: Cluster) -> int:
    """A pair, one end of which goes into the cluster; its number is free on this machine."""
    for number in range(MOST):
        done = run("ip", "link", "add", outer(number), "type", "veth", "peer", "name", inner(number))
        if done.returncode == 0:
            cluster.note("network", number)
            output("ip", "address", "add", f"10.250.{number}.1/30", "dev", outer(number))
            output("ip", "link", "set", outer(number), "up")
            return number
    raise LabError(f"no network is free for a cluster: {journal_tail(done.stderr)}")


def outer(number: object) -> str:
    return f"slipway-k8s{number}"


def inner(number: object) -> str:
    return f"slipway-in{number}"


def make_certificates(home: Path, address: str) -> None:
    acme.make(home / "ca", "Slipway lab cluster", "keyUsage=critical,keyCertSign,cRLSign")
    names_ = f"subjectAltName={cluster_files.names_of_server(address)}"
    acme.make(
        home / "server", "kube-apiserver", names_, "basicConstraints=critical,CA:FALSE", signed_by=home / "ca"
    )
    acme.make(home / "accounts", "service accounts")


def cgroup(cluster: Cluster) -> str:
    """One for each directory: two checkouts may have clusters of one name."""
    inode = cluster.directory.stat().st_ino
    return f"slipway-{cluster.name}-{inode}"


def hierarchies() -> list[Path]:
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS]
    return [path for path in CGROUPS.iterdir() if path.is_mount() and not path.is_symlink()]


def cgroups(cluster: Cluster) -> list[Path]:
    if not cluster.directory.exists():
        return []
    return [path / cgroup(cluster) for path in hierarchies() if (path / cgroup(cluster)).is_dir()]


def make_cgroups(cluster: Cluster) -> None:
    for hierarchy in hierarchies():
        own = hierarchy / cgroup(cluster)
        own.mkdir(exist_ok=True)
        # In version 1 a new group may use no processor and no memory until it is told which.
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (own / name).exists() and (hierarchy / name).exists():
                (own / name).write_text((hierarchy / name).read_text())


def remove_groups(path: Path) -> bool:
    """Remove a control group with all below it; false while a process that ends is still in one."""
    for directory, _below, _files in os.walk(path, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(directory)
    return not path.exists()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)


def started(pid: str) -> str:
    """When a process began, in ticks since the machine did: with its number that is one process alone."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return ""


def is_alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # ours, if this process started it
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    return False


# --- what tests ask of it -----------------------------------------------------------------------------------


def load(cluster: Cluster, name: str, program: Path) -> str:
    """Make an image of a static program, and put it into the cluster; returns its reference by digest."""
    repository, colon, _tag = name.rpartition(":")
    if not colon:
        raise LabError(f"{name!r} has no tag: write local.test/NAME:TAG")
    made = oci.image(name, program.read_bytes(), f"/{program.name}")
    archive = cluster.directory / "image.tar"
    archive.write_bytes(made.archive)
    reference = f"{repository}@{made.digest}"
    containers = ("ctr", "--address", cluster_files.SOCKET, "--namespace", "k8s.io", "images")
    output(*inside(cluster), *containers, "import", str(archive))
    output(*inside(cluster), *containers, "tag", "--force", name, reference)
    archive.unlink()
    return reference


def inside(cluster: Cluster) -> list[str]:
    """The beginning of a command that runs in the cluster's namespaces."""
    if not cluster.init:
        raise LabError(f"{cluster.name} is not up: `lab.py cluster up {cluster.name}`")
    return ["nsenter", "--target", str(cluster.init), "--pid", "--mount", "--net", "--"]
