# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.system import lock

NOTE = {"actor": "ann@laptop", "deploy_id": "1", "to": "1.4.2"}
HOLDER = """
import sys
from ansible_collections.slipway.golang.plugins.module_utils.host.system import lock
with lock.held(sys.argv[1], {"actor": "bob@desk", "to": "2.0.0"}):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "lock")


@pytest.fixture
def holder(path):
    """Another process that holds the lock until its standard input closes."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_deploy_is_refused_with_the_holder_of_the_lock(path, holder):
    with pytest.raises(
        SlipwayError, match="bob@desk, since 20.*, pid %d, deploying 2.0.0.*Nothing was changed" % holder.pid
    ):
        with lock.held(path, NOTE):
            pass


def test_the_lock_ends_with_its_process(path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with lock.held(path, NOTE):
        pass


def test_a_second_deploy_may_wait_for_the_first(path, holder):
    started = time.monotonic()
    holder.stdin.close()
    with lock.held(path, NOTE, wait=30):
        assert time.monotonic() - started < 30


def test_the_lock_is_free_again_after_an_error_inside(path):
    with pytest.raises(ValueError):
        with lock.held(path, NOTE):
            raise ValueError
    with lock.held(path, NOTE):
        pass


def test_a_link_in_the_place_of_the_lock_is_not_followed(path, tmp_path):
    os.symlink(tmp_path / "elsewhere", path)
    with pytest.raises(OSError):
        with lock.held(path, NOTE):
            pass
    assert not (tmp_path / "elsewhere").exists()


def test_only_root_can_open_the_lock_and_so_hold_it(path):
    with open(path, "w", encoding="utf-8"):
        os.chmod(path, 0o644)
    with lock.held(path, NOTE):
        assert os.stat(path).st_mode & 0o777 == 0o600
