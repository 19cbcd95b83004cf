# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `down` relies on. A whole cluster: tests/system/kubernetes."""

from __future__ import annotations

import os
import subprocess
import sys

import cluster
import kubernetes_build
import pytest
import shell


@pytest.fixture
def one(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "CLUSTERS", tmp_path)
    found = cluster.Cluster("lab")
    found.directory.mkdir()
    return found


def test_a_process_that_another_has_the_number_of_is_not_ended(one):
    one.note("pid", os.getpid())
    one.note("started", "1")
    assert one.pid == 0
    one.note("started", cluster.started(str(os.getpid())))
    assert one.pid == os.getpid()


def test_a_cluster_that_never_came_up_has_no_process(one):
    assert one.pid == 0 and one.init == 0
    with pytest.raises(shell.LabError, match="is not up"):
        cluster.inside(one)


def test_a_process_that_has_ended_is_not_alive_though_nobody_has_reaped_it():
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not cluster.is_alive(child.pid)


def test_to_end_what_is_not_there_is_no_trouble(one):
    cluster.clear(one)
    assert not one.directory.exists()
    cluster.clear(one)


def test_a_control_group_goes_with_all_below_it(tmp_path):
    (tmp_path / "own" / "kubepods" / "pod1").mkdir(parents=True)
    assert cluster.remove_groups(tmp_path / "own") and not (tmp_path / "own").exists()


@pytest.mark.parametrize("number", [0, cluster.MOST - 1])
def test_names_of_interfaces_are_no_longer_than_the_kernel_allows(number):
    assert len(cluster.outer(number)) <= 15 and len(cluster.inner(number)) <= 15


def test_an_image_needs_a_tag(one, tmp_path):
    with pytest.raises(shell.LabError, match="has no tag"):
        cluster.load(one, "hello", tmp_path / "hello")


def test_another_source_or_another_compiler_is_another_build(tmp_path, monkeypatch):
    for name in ("go.mod", "go.sum", "main.go", "pause/main.go"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("require k8s.io/kubernetes v1.34.4\n")
    monkeypatch.setattr(kubernetes_build, "SOURCE", tmp_path)
    monkeypatch.setattr(kubernetes_build, "output", lambda go, _version: go)
    first = kubernetes_build.digest("go1")
    assert kubernetes_build.digest("go1") == first != kubernetes_build.digest("go2")
    (tmp_path / "go.sum").write_text("other")
    assert kubernetes_build.digest("go1") != first


def test_the_version_of_the_server_is_that_of_its_module():
    version = kubernetes_build.version()
    assert f"gitVersion=v{version}" in kubernetes_build.flags()[-1] and version.count(".") == 2
