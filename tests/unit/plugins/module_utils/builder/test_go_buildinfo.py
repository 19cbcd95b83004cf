# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import sys

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import go_buildinfo, toolchain
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError

from ..conftest import ARCHITECTURES

OUTPUT = (
    "go1.26\n"
    "\tpath\texample.com/orders\n"
    "\tmod\texample.com/orders\t(devel)\t\n"
    "\tdep\tx\tv1\th1:a\n"
    "\t=>\ty\tv2\th1:b\n"
    "\tbuild\t-ldflags=\"-X 'main.version=a b' -s\"\n"
    "\tbuild\tGOARCH=amd64\n"
    '\tbuild\t"a key"=`plain`\n'
)


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_reads_build_information_of_every_architecture(shop, binaries, architecture):
    go = toolchain.probe(shop.request())
    info = go_buildinfo.read(binaries[architecture], go, str(shop.source))
    assert info.go_version == go.version
    assert info.path == info.main["path"] == "example.com/hello"
    assert info.settings["GOARCH"] == architecture
    assert info.settings["-trimpath"] == "true"


def test_a_program_that_is_not_go_has_no_build_information(shop):
    go = toolchain.probe(shop.request())
    with pytest.raises(SlipwayError, match="no Go build information"):
        go_buildinfo.read(os.path.realpath(sys.executable), go, str(shop.source))


def test_modules_and_settings_are_parsed():
    info = go_buildinfo.parse(OUTPUT)
    assert (info.go_version, info.path) == ("go1.26", "example.com/orders")
    assert info.main == {"path": "example.com/orders", "version": "(devel)", "sum": ""}
    assert info.deps == [
        {
            "path": "x",
            "version": "v1",
            "sum": "h1:a",
            "replaced_by": {"path": "y", "version": "v2", "sum": "h1:b"},
        }
    ]
    assert info.settings == {"-ldflags": "-X 'main.version=a b' -s", "GOARCH": "amd64", "a key": "plain"}


def test_a_provenance_gives_the_same_information_back():
    info = go_buildinfo.parse(OUTPUT)
    assert go_buildinfo.BuildInfo.from_dict(info.as_dict()) == info
