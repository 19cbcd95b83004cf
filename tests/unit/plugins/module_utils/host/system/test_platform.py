# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.system import platform

V2 = {"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"}
V3 = V2 | {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}


def offer(goarch, variant):
    return {"goarch": goarch, "variant": variant}


def pretend(monkeypatch, name, flags=frozenset()):
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "host", "6.1", "#1", name)))
    monkeypatch.setattr(platform, "_cpu_flags", lambda: set(flags))


@pytest.mark.parametrize(
    ("name", "flags", "offers", "chosen"),
    [
        ("x86_64", V3, [offer("amd64", "v1"), offer("amd64", "v3")], offer("amd64", "v3")),
        ("x86_64", V2, [offer("amd64", "v1"), offer("amd64", "v3")], offer("amd64", "v1")),
        ("x86_64", set(), [offer("amd64", "v2")], None),
        ("x86_64", V3, [offer("arm64", "v8.0")], None),
        ("aarch64", set(), [offer("amd64", "v1"), offer("arm64", "v8.0")], offer("arm64", "v8.0")),
        ("armv7l", set(), [offer("arm", "6"), offer("arm", "7")], offer("arm", "7")),
        ("armv6l", set(), [offer("arm", "6"), offer("arm", "7")], offer("arm", "6")),
        ("riscv64", set(), [offer("riscv64", "rva20u64")], offer("riscv64", "rva20u64")),
        ("x86_64", V3, [], None),
    ],
)
def test_a_host_gets_the_best_artifact_that_runs_on_it(monkeypatch, name, flags, offers, chosen):
    pretend(monkeypatch, name, flags)
    assert platform.choose(offers) == chosen


def test_free_space_is_known_for_a_directory_that_does_not_exist_yet(tmp_path):
    assert platform.free_bytes(str(tmp_path / "not" / "yet")) > 0
