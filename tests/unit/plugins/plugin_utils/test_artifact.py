# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.plugin_utils import artifact

from ..module_utils.host.artifact.tarballs import members_for, tar_gz

FILES = {"bin/orders": (b"x" * 3_000_000, "0755")}


def test_the_first_kilobytes_tell_all_that_a_controller_needs(tmp_path):
    members, manifest = members_for(FILES)
    path = tmp_path / "orders.tar.gz"
    path.write_bytes(tar_gz(members).getvalue()[:2000])
    read = artifact.read_manifest(str(path))
    assert read.digest == manifest.digest
    assert artifact.describe(str(path), read)["unpacked_size"] == 3_000_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not gzip",
        tar_gz([("orders-1/bin/orders", b"x")]).getvalue(),
        tar_gz([("orders-1/manifest.json", b"{}")]).getvalue(),
    ],
)
def test_anything_else_is_refused_by_its_name(tmp_path, content):
    path = tmp_path / "orders.tar.gz"
    path.write_bytes(content)
    with pytest.raises(SlipwayError, match="orders.tar.gz is not a Slipway artifact|manifest needs exactly"):
        artifact.read_manifest(str(path))


def test_a_missing_tarball_is_said_to_be_missing(tmp_path):
    with pytest.raises(
        SlipwayError, match="there is no file .*missing.tar.gz on the controller: build and package it first"
    ):
        artifact.read_manifest(str(tmp_path / "missing.tar.gz"))
