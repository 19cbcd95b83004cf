# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of a cluster as text: who may do what, and how the node runs. Nothing is executed."""

from __future__ import annotations

import json
from pathlib import Path

NODE = "node1"
PORT = 6443
SERVICES, FIRST_SERVICE, PODS = "10.96.0.0/16", "10.96.0.1", "10.244.0.0/24"
PAUSE = "local.test/pause:1"
# Below /run, which is the cluster's own.
SOCKET = "/run/containerd/containerd.sock"
CNI_PROGRAMS = "/usr/lib/cni"
# User, and its groups.
ACCOUNTS = {
    "admin": ("admin", "system:masters"),
    "scheduler": ("system:kube-scheduler", ""),
    "controllers": ("system:kube-controller-manager", ""),
    "proxy": ("system:kube-proxy", ""),
    "node": (f"system:node:{NODE}", "system:nodes"),
}
# What the kubelet wants of the machine. It reads these files instead, and leaves the machine as it is.
KERNEL = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}


def files(directory: Path, address: str, cgroup: str, tokens: dict[str, str]) -> dict[str, str]:
    """Path in the cluster's directory to text. ``address``: of the node, and of the API server."""
    found = {"tokens.csv": "".join(_token(name, tokens[name]) for name in ACCOUNTS)}
    for name in ACCOUNTS:
        found[f"{name}.kubeconfig"] = _kubeconfig(directory, address, tokens[name])
    found["containerd.toml"] = _containerd(directory)
    found["cni/10-bridge.conflist"] = _json(_network())
    found["kubelet.yaml"] = _json(_kubelet(directory, address, cgroup))
    found["proxy.yaml"] = _json(_proxy(directory))
    return found | {f"kernel/{name}": value + "\n" for name, value in KERNEL.items()}


def names_of_server(address: str) -> str:
    """What the certificate of the API server is for."""
    names = ["DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default", "DNS:kubernetes.default.svc"]
    return ",".join([f"IP:{address}", "IP:127.0.0.1", f"IP:{FIRST_SERVICE}", *names])


def _token(name: str, token: str) -> str:
    user, groups = ACCOUNTS[name]
    return f'{token},{user},{name},"{groups}"\n'


def _json(value: object) -> str:
    """It is YAML too."""
    return json.dumps(value, indent=2) + "\n"


def _kubeconfig(directory: Path, address: str, token: str) -> str:
    cluster = {
        "server": f"https://{address}:{PORT}",
        "certificate-authority-data": _base64(directory / "ca.crt"),
    }
    return _json(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": "lab", "user": {"token": token}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
            "current-context": "lab",
        }
    )


def _base64(path: Path) -> str:
    import base64

    return base64.b64encode(path.read_bytes()).decode()


def _containerd(directory: Path) -> str:
    """The keys are those of containerd 1.6, which Debian 12 has."""
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""version = 2
root = "{directory}/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "{SOCKET}"
[{cri}]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
[{cri}.cni]
  bin_dir = "{CNI_PROGRAMS}"
  conf_dir = "{directory}/cni"
[{cri}.registry]
  config_path = "{directory}/certs.d"
[{cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[{cri}.containerd.runtimes.runc.options]
  SystemdCgroup = false
"""


def _network() -> dict:
    addresses = {
        "type": "host-local",
        "dataDir": "/run/ipam",
        "ranges": [[{"subnet": PODS}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": "pods", "isGateway": True, "ipMasq": True, "hairpinMode": True}
    return {"cniVersion": "0.4.0", "name": "lab", "plugins": [{**bridge, "ipam": addresses}]}


def _kubelet(directory: Path, address: str, cgroup: str) -> dict:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": address,
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}",
        "failCgroupV1": False,
        "enforceNodeAllocatable": [],
        "evictionHard": {"memory.available": "100Mi"},
        "failSwapOn": False,
        "imageGCHighThresholdPercent": 100,
        # It has no statistics of every file system.
        "localStorageCapacityIsolation": False,
        # More than that needs a right that containers rarely have.
        "maxOpenFiles": 20000,
        "oomScoreAdj": 0,
        "nodeStatusUpdateFrequency": "4s",
        "clusterDomain": "cluster.local",
        "clusterDNS": ["10.96.0.10"],
        "resolvConf": f"{directory}/resolv.conf",
        "volumePluginDir": f"{directory}/volumeplugins",
    }


def _proxy(directory: Path) -> dict:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "hostnameOverride": NODE,
        "clusterCIDR": PODS,
        "clientConnection": {"kubeconfig": f"{directory}/proxy.kubeconfig"},
        # The kernel's table of connections belongs to the whole machine.
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
        "iptables": {"syncPeriod": "30s", "minSyncPeriod": "100ms"},
    }
