# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import socket
import subprocess

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.system import platform, procfs

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


def test_the_listener_of_a_port_is_found():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert os.getpid() in procfs.listeners(port)
    assert procfs.listeners(port) == set()


def test_a_running_binary_is_known_by_its_content_even_when_its_file_is_gone(tmp_path):
    binary = tmp_path / "sleep"
    with open("/bin/sleep", "rb") as handle:
        content = handle.read()
    binary.write_bytes(content)
    binary.chmod(0o755)
    process = subprocess.Popen([str(binary), "60"])
    try:
        binary.unlink()
        assert procfs.exe_digest(process.pid) == hashlib.sha256(content).hexdigest()
    finally:
        process.kill()
        process.wait()
    assert procfs.exe_digest(process.pid) is None


def test_free_space_is_told_for_a_directory_that_is_not_there_yet(tmp_path):
    assert platform.free_bytes(str(tmp_path / "not" / "yet")) > 0
