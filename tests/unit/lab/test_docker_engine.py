# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
import sys

import docker_engine
import pytest


@pytest.mark.parametrize("text", ["", "nonsense", "99999999"])
def test_the_number_of_nobody_is_forgotten(tmp_path, text):
    note = tmp_path / "docker.pid"
    note.write_text(text)
    docker_engine.forget_the_dead(note)
    assert not note.exists()


def test_the_number_of_a_living_process_is_kept(tmp_path):
    note = tmp_path / "docker.pid"
    note.write_text(str(os.getpid()))
    docker_engine.forget_the_dead(note)
    assert note.exists()


def test_the_number_of_a_process_that_nobody_reaps_is_forgotten(tmp_path):
    note = tmp_path / "docker.pid"
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        note.write_text(str(child.pid))
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        docker_engine.forget_the_dead(note)
    assert not note.exists()


def test_no_note_is_no_trouble(tmp_path):
    docker_engine.forget_the_dead(tmp_path / "docker.pid")
