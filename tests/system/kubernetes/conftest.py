# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real Kubernetes with one node, and the service `hello` as an image in it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os

import pytest
from support import lab

CLUSTER = lab.Cluster("kubernetes")
NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def cluster():
    with CLUSTER:
        yield CLUSTER


def image(cluster, directory, version):
    """The reference of an image of examples/hello."""
    program = directory / "hello"
    environment = dict(os.environ, CGO_ENABLED="0", GOFLAGS="-buildvcs=false")
    flags = ("-trimpath", "-ldflags", "-s -w -X main.version=" + version)
    source = lab.CHECKOUT / "examples" / "hello"
    lab.call([lab.find_go(), "-C", source, "build", *flags, "-o", program, "."], environment=environment)
    return cluster.load("local.test/hello:" + version, program)


@pytest.fixture(scope="session")
def hello(cluster, tmp_path_factory):
    return image(cluster, tmp_path_factory.mktemp("hello"), "1.0.0")


@pytest.fixture(scope="session")
def next_hello(cluster, tmp_path_factory):
    return image(cluster, tmp_path_factory.mktemp("hello"), "2.0.0")


@pytest.fixture
def namespace(cluster):
    with restricted(cluster) as name:
        yield name


@pytest.fixture
def other_namespace(cluster):
    with restricted(cluster) as name:
        yield name


@contextlib.contextmanager
def restricted(cluster):
    """A namespace that takes only pods of the level `restricted`."""
    name = "test%d" % next(NUMBERS)
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": name, "labels": labels}
    cluster.sure(
        "create", "-f", "-", data=json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    )
    try:
        yield name
    finally:
        cluster.sure("delete", "namespace", name, "--wait=false")
