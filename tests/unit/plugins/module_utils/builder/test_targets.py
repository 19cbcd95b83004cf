# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import targets
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "platform", "variables"),
    [
        ("linux/amd64", "linux-amd64", {"GOAMD64": "v1"}),
        ("linux/amd64/v3", "linux-amd64-v3", {"GOAMD64": "v3"}),
        ("linux/arm", "linux-arm-7", {"GOARM": "7"}),
        ("linux/arm/6,softfloat", "linux-arm-6-softfloat", {"GOARM": "6,softfloat"}),
        ("linux/arm64/v8.2,lse", "linux-arm64-v8.2-lse", {"GOARM64": "v8.2,lse"}),
        ("linux/386/softfloat", "linux-386-softfloat", {"GO386": "softfloat"}),
        ("linux/mips/softfloat", "linux-mips-softfloat", {"GOMIPS": "softfloat"}),
        ("linux/riscv64/rva22u64", "linux-riscv64-rva22u64", {"GORISCV64": "rva22u64"}),
        ("linux/s390x", "linux-s390x", {}),
    ],
)
def test_a_target_names_its_directory_and_go_s_variables(text, platform, variables):
    target = targets.parse(text)
    assert target.platform == platform
    assert target.environment == dict(variables, GOOS="linux", GOARCH=text.split("/")[1])


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("linux/adm64", "linux/amd64"),
        ("linux/x86_64", "did you mean linux/amd64?"),
        ("aarch64", "did you mean linux/arm64?"),
        ("amd64", "linux/amd64"),
        ("Linux/arm64", "linux/arm64"),
        ("windows/amd64", "linux/amd64"),
        ("solaris", "known are"),
        ("", "known are"),
        ("linux/amd64/v9", "GOAMD64 takes"),
        ("linux/amd64/", "no variant"),
        ("linux/s390x/z15", "it has none"),
        ("linux/arm/8", "GOARM takes"),
        ("linux/amd64/v3/x", "no variant"),
        ("linux/amd64/../..", "no variant"),
        ("-linux/amd64", "linux/amd64"),
    ],
)
def test_an_unknown_target_is_refused_with_the_nearest_ones(text, hint):
    with pytest.raises(InvalidInput) as caught:
        targets.parse(text)
    assert hint in str(caught.value)
    assert str(caught.value).startswith("targets: ")


def test_the_same_target_twice_is_built_once():
    assert [str(target) for target in targets.parse_all(["linux/amd64", "linux/amd64/v1", "linux/arm"])] == [
        "linux/amd64/v1",
        "linux/arm/7",
    ]
