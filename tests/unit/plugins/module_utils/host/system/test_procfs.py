# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time

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


def test_a_process_is_known_by_its_parent_its_start_and_what_it_was_started_with():
    argv = [sys.executable, "-c", "print(flush=True); input()"]
    environment = dict(os.environ, SSH_CONNECTION="10.0.0.9 50000 10.0.0.1 2222")
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        process.stdout.readline()
        assert procfs.parent(process.pid) == os.getpid()
        assert procfs.started(process.pid) >= procfs.started(os.getpid()) > 0
        assert procfs.environment(process.pid)["SSH_CONNECTION"] == "10.0.0.9 50000 10.0.0.1 2222"
        process.communicate(b"\n")
    assert (procfs.parent(process.pid), procfs.started(process.pid)) == (0, 0)
    assert procfs.environment(process.pid) == {}


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


PROGRAM = """
import fcntl, os, socket, subprocess, sys, time
{body}
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def start():
    """Start a Python program that runs until the end of the test; returns once it says that it is ready."""
    started = []

    def begin(body, wait=True):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(body=body)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(process)
        assert not wait or process.stdout.readline() == b"ready\n"
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def test_the_ports_of_a_process_are_found_over_both_families(start):
    with socket.create_server(("127.0.0.1", 0)) as mine:
        body = "a = socket.create_server(('127.0.0.1', 0)); b = socket.create_server(('::1', 0), family=10)\n"
        process = start(body + "print(a.getsockname()[1], b.getsockname()[1], flush=True)", wait=False)
        ports = {int(word) for word in process.stdout.readline().split()}
        assert procfs.listening_ports([process.pid]) == ports
        assert mine.getsockname()[1] in procfs.listening_ports([os.getpid()])


def test_a_process_without_sockets_or_that_is_gone_listens_on_nothing(start):
    assert procfs.listening_ports([start("pass").pid]) == set()
    assert procfs.listening_ports([1 << 30]) == set()


def test_the_children_of_a_process_are_of_its_family(start):
    process = start("child = subprocess.Popen(['sleep', '60']); print(child.pid, flush=True)", wait=False)
    child = int(process.stdout.readline())
    try:
        assert procfs.family(process.pid) == [process.pid, child]
    finally:
        os.kill(child, 9)
    assert procfs.family(1 << 30) == [1 << 30]


LOCK = "file = open({path!r}, 'a'); fcntl.{call}"


@pytest.mark.parametrize(
    "call", [pytest.param("flock(file, 2)", id="flock"), pytest.param("lockf(file, 2)", id="fcntl")]
)
def test_a_process_that_the_kernel_blocks_waits_for_the_one_that_has_the_lock(start, tmp_path, call):
    body = LOCK.format(path=str(tmp_path / "data"), call=call)
    holder = start(body)
    assert procfs.awaited_file([holder.pid]) is None
    waiting = start(body, wait=False)
    found = _waited_for(waiting.pid, lambda item: item and item.blocked)
    assert found == procfs.AwaitedFile(str(tmp_path / "data"), holder.pid, True)


def test_a_process_that_tries_again_and_again_is_not_blocked(start, tmp_path):
    """As bbolt does."""
    path = str(tmp_path / "data")
    holder = start(LOCK.format(path=path, call="flock(file, 2)"))
    waiting = start("file = open(%r, 'a')" % path)
    assert procfs.awaited_file([waiting.pid]) == procfs.AwaitedFile(path, holder.pid, False)


def test_files_that_are_only_read_together_are_not_waited_for(start, tmp_path):
    """As SQLite's, in which both processes have a shared lock."""
    path = tmp_path / "data"
    path.touch()
    body = "file = open(%r); fcntl.flock(file, 1)" % str(path)
    start(body)
    assert procfs.awaited_file([start(body).pid]) is None


def test_the_lock_of_another_file_is_not_waited_for(start, tmp_path):
    start(LOCK.format(path=str(tmp_path / "data"), call="flock(file, 2)"))
    other = start("file = open(%r, 'a')" % str(tmp_path / "other"))
    assert procfs.awaited_file([other.pid]) is None
    assert procfs.awaited_file([1 << 30]) is None


def _waited_for(pid, condition):
    end = time.monotonic() + 20
    while True:
        found = procfs.awaited_file([pid])
        if condition(found):
            return found
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_process_runs_a_file_until_another_one_takes_its_place(tmp_path):
    binary = tmp_path / "sleep"
    shutil.copy("/bin/sleep", binary)
    with subprocess.Popen([str(binary), "60"]) as process:
        assert procfs.runs(process.pid, str(binary))
        shutil.copy("/bin/sleep", tmp_path / "new")
        os.rename(tmp_path / "new", binary)
        assert not procfs.runs(process.pid, str(binary))
        process.kill()
    assert not procfs.runs(process.pid, str(binary))
