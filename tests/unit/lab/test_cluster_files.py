# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import csv
import json

import cluster_files
import pytest
import tomllib

ADDRESS = "10.250.3.2"


@pytest.fixture
def made(tmp_path):
    (tmp_path / "ca.crt").write_text("CERTIFICATE")
    tokens = {name: "token-of-" + name for name in cluster_files.ACCOUNTS}
    return cluster_files.files(tmp_path, ADDRESS, "slipway-lab-7", tokens)


def test_every_account_has_its_own_token_and_its_own_groups(made):
    rows = list(csv.reader(made["tokens.csv"].splitlines()))
    assert [row[1:] for row in rows][0] == ["admin", "admin", "system:masters"]
    assert rows[-1] == ["token-of-node", "system:node:node1", "node", "system:nodes"]
    assert len({row[0] for row in rows}) == len(cluster_files.ACCOUNTS)


@pytest.mark.parametrize("name", cluster_files.ACCOUNTS)
def test_a_kubeconfig_leads_to_the_server_and_trusts_its_authority_alone(made, name):
    config = json.loads(made[name + ".kubeconfig"])
    assert config["users"][0]["user"] == {"token": "token-of-" + name}
    cluster = config["clusters"][0]["cluster"]
    assert cluster["server"] == "https://10.250.3.2:6443"
    assert base64.b64decode(cluster["certificate-authority-data"]) == b"CERTIFICATE"


def test_the_configuration_of_containerd_is_one(made):
    config = tomllib.loads(made["containerd.toml"])
    assert config["plugins"]["io.containerd.grpc.v1.cri"]["sandbox_image"] == cluster_files.PAUSE
    assert config["grpc"]["address"] == cluster_files.SOCKET


def test_the_node_uses_control_groups_of_its_own(made):
    assert json.loads(made["kubelet.yaml"])["cgroupRoot"] == "/slipway-lab-7"


def test_the_kubelet_finds_what_it_wants_of_the_kernel(made):
    assert made["kernel/vm/overcommit_memory"] == "1\n" and made["kernel/kernel/panic"] == "10\n"


def test_the_certificate_is_for_all_names_of_the_server():
    names = cluster_files.names_of_server(ADDRESS)
    assert "IP:10.250.3.2" in names and "IP:10.96.0.1" in names and "DNS:kubernetes.default.svc" in names
