# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import socket
import subprocess

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.system import procfs


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_both_ends_of_a_connection_are_read(family, address):
    with socket.create_server((address, 0), family=family) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection((address, port)) as client:
            local = client.getsockname()[1]
            packed = socket.inet_pton(family, address)
            found = [item for item in procfs.tcp_sockets(procfs.ESTABLISHED) if item.remote == (packed, port)]
            assert [item.local for item in found] == [(packed, local)]
        assert (packed, port) in [item.local for item in procfs.tcp_sockets(procfs.LISTENING)]


def test_the_process_that_listens_is_found():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert procfs.listeners(port) == {os.getpid()}
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


def test_a_process_that_is_gone_has_no_name_and_no_digest():
    assert procfs.command_of(os.getpid())
    assert procfs.command_of(1 << 30) == "unknown"
    assert procfs.exe_digest(1 << 30) is None
