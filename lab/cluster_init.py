# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first process of a cluster, in its own process, mount and network namespaces: it starts all others.

When it ends, for whatever reason, the kernel ends all others, and their mounts and interfaces go with them.

Usage, by cluster.py only: cluster_init.py DIRECTORY BINARY ADDRESS GATEWAY INTERFACE
"""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from cluster_files import KERNEL, NODE, PORT, SERVICES, SOCKET

# Each is empty in here, so nothing of the machine is changed or seen.
OWN = ("/run", "/var/log", "/var/lib/cni", "/var/lib/kubelet")
PATIENCE = 120


class Failed(Exception):
    """The cluster cannot come up; the message says which part and why."""


class Cluster:
    def __init__(self, directory: str, binary: str, address: str, gateway: str, interface: str) -> None:
        self.directory = Path(directory)
        self.binary = binary
        self.address = address
        self.gateway = gateway
        self.interface = interface
        self.parts: dict[str, int] = {}

    def run(self) -> None:
        self.mount()
        self.connect()
        self.start_control_plane()
        self.start_node()
        (self.directory / "ready").touch()
        self.watch()

    def mount(self) -> None:
        for path in OWN:
            if not os.path.isdir(path):
                os.mkdir(path)
                with (self.directory / "created").open("a") as note:
                    note.write(path + "\n")
            call("mount", "-t", "tmpfs", "-o", "mode=755", "lab", path)
        for name in KERNEL:
            # A file of ours in place of the kernel's: read by the kubelet, which finds what it wants.
            call("mount", "--bind", str(self.directory / "kernel" / name), f"/proc/sys/{name}")

    def connect(self) -> None:
        """The other end of the interface is put here by cluster.py."""
        self.wait("its network", lambda: ends_well("ip", "link", "show", self.interface))
        call("ip", "link", "set", "lo", "up")
        call("ip", "address", "add", f"{self.address}/30", "dev", self.interface)
        call("ip", "link", "set", self.interface, "up")
        call("ip", "route", "add", "default", "via", self.gateway)

    def start_control_plane(self) -> None:
        home = self.directory
        etcd, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
        self.start(
            "etcd",
            f"--data-dir={home}/etcd",
            f"--listen-client-urls={etcd}",
            f"--advertise-client-urls={etcd}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        )
        self.start(
            "kube-apiserver",
            f"--etcd-servers={etcd}",
            f"--tls-cert-file={home}/server.crt",
            f"--tls-private-key-file={home}/server.key",
            "--bind-address=0.0.0.0",  # of this network namespace: its own address, and pods
            f"--advertise-address={self.address}",
            f"--secure-port={PORT}",
            f"--service-cluster-ip-range={SERVICES}",
            "--service-account-issuer=https://kubernetes.default.svc",
            # The public key; of the private one only older forms are read here.
            f"--service-account-key-file={home}/accounts.crt",
            f"--service-account-signing-key-file={home}/accounts.key",
            f"--token-auth-file={home}/tokens.csv",
            "--authorization-mode=Node,RBAC",
            "--kubelet-preferred-address-types=InternalIP",
            "--profiling=false",
        )
        self.wait("the API server", lambda: self.read("/readyz"))
        own = [f"--kubeconfig={home}/controllers.kubeconfig", *delegated(f"{home}/controllers.kubeconfig")]
        self.start(
            "kube-controller-manager",
            *own,
            "--leader-elect=false",
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={home}/accounts.key",
            f"--root-ca-file={home}/ca.crt",
            f"--cert-dir={home}/controllers",
            "--bind-address=127.0.0.1",
            f"--service-cluster-ip-range={SERVICES}",
        )
        self.start(
            "kube-scheduler",
            f"--kubeconfig={home}/scheduler.kubeconfig",
            *delegated(f"{home}/scheduler.kubeconfig"),
            "--leader-elect=false",
            f"--cert-dir={home}/scheduler",
            "--bind-address=127.0.0.1",
        )

    def start_node(self) -> None:
        home = self.directory
        self.start("containerd", f"--config={home}/containerd.toml", program="containerd")
        self.wait("containerd", lambda: ctr("version"))
        self.import_image(home / "pause.tar")
        self.start(
            "kubelet",
            f"--config={home}/kubelet.yaml",
            f"--kubeconfig={home}/node.kubeconfig",
            f"--hostname-override={NODE}",
            f"--root-dir={home}/kubelet",
            f"--cert-dir={home}/kubelet-certificates",
            f"--node-ip={self.address}",
        )
        self.start("kube-proxy", f"--config={home}/proxy.yaml")
        # Without this account no pod is admitted.
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self.wait("the controllers", lambda: self.read(account))
        self.wait("the node", self.node_is_ready)

    def node_is_ready(self) -> bool:
        node = json.loads(self.read(f"/api/v1/nodes/{NODE}") or "{}")
        conditions = node.get("status", {}).get("conditions", [])
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    def import_image(self, archive: Path) -> None:
        if not ctr("-n", "k8s.io", "images", "import", str(archive)):
            raise Failed(f"containerd did not take {archive}")

    def start(self, name: str, *arguments: str, program: str = "") -> None:
        argv = [program] if program else [self.binary, name]
        with (self.directory / "log" / f"{name}.log").open("ab") as log:
            process = subprocess.Popen([*argv, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.parts[name] = process.pid

    def wait(self, what: str, ready) -> None:
        end = time.monotonic() + PATIENCE
        while not ready():
            self.reap()
            if time.monotonic() > end:
                raise Failed(f"{what} did not come up within {PATIENCE} s")
            time.sleep(0.1)

    def reap(self, options: int = os.WNOHANG) -> None:
        """Take the exit status of whoever ended: as the first process, of all orphans too."""
        while True:
            try:
                pid, status = os.waitpid(-1, options)
            except ChildProcessError:
                return
            if not pid:
                return
            for name, own in self.parts.items():
                if own == pid:
                    raise Failed(f"{name} ended with {os.waitstatus_to_exitcode(status)}")

    def watch(self) -> None:
        """Until a part of the cluster ends: half a cluster is none."""
        self.reap(0)

    def read(self, path: str) -> str:
        token = (self.directory / "tokens.csv").read_text().partition(",")[0]
        request = urllib.request.Request(
            f"https://{self.address}:{PORT}{path}", headers={"Authorization": f"Bearer {token}"}
        )
        context = ssl.create_default_context(cafile=self.directory / "ca.crt")
        try:
            with urllib.request.urlopen(request, context=context, timeout=5) as answer:
                return answer.read().decode()
        except (OSError, urllib.error.URLError):
            return ""


def delegated(kubeconfig: str) -> list[str]:
    return [f"--authentication-kubeconfig={kubeconfig}", f"--authorization-kubeconfig={kubeconfig}"]


def call(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(argv)}: {done.stderr.decode(errors='replace').strip()}")


def ends_well(*argv: str) -> bool:
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def ctr(*arguments: str) -> bool:
    return ends_well("ctr", "--address", SOCKET, *arguments)


def main() -> int:
    # The first process of a namespace ignores signals that it does not handle.
    signal.signal(signal.SIGTERM, lambda *_signal: os._exit(0))
    cluster = Cluster(*sys.argv[1:])
    try:
        cluster.run()
    except Failed as error:
        (cluster.directory / "failed").write_text(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
