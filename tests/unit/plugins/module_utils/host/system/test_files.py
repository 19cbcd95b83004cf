# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.system import files


def test_replace_creates_and_replaces_with_content_and_mode(tmp_path):
    path = tmp_path / "file"
    files.replace(str(path), b"one", 0o600)
    files.replace(str(path), b"two", 0o644)
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o7777 == 0o644
    assert os.listdir(tmp_path) == ["file"]


def test_replace_does_not_follow_a_link(tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"precious")
    path = tmp_path / "file"
    path.symlink_to("elsewhere")
    files.replace(str(path), b"new", 0o644)
    assert not path.is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == b"precious"


@pytest.mark.parametrize("leftover", ["file", "directory", "link"])
def test_replace_removes_what_an_interrupted_run_left(tmp_path, leftover):
    path, beside = tmp_path / "file", tmp_path / ".file.slipway-new"
    if leftover == "directory":
        (beside / "inside").mkdir(parents=True)
    elif leftover == "link":
        beside.symlink_to("file")
    else:
        beside.write_bytes(b"half")
    files.replace(str(path), b"new", 0o644)
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


def test_a_failed_replace_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.replace(str(path), b"new", 0o644)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]
