# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.plugin_utils.manifests.directory import Change

from .services import FULL, SMALL, texts


def there(directory):
    return {path.name: path.read_text(encoding="utf-8") for path in directory.iterdir()}


def test_files_are_written_once_and_then_left_alone(tmp_path):
    dest = tmp_path / "a" / "b"
    change = Change(str(dest), texts(FULL))
    assert change and not dest.exists()
    change.apply()
    assert there(dest) == texts(FULL)
    times = {path.name: path.stat().st_mtime_ns for path in dest.iterdir()}
    assert not Change(str(dest), texts(FULL)) and Change(str(dest), texts(FULL)).diff() == []
    assert times == {path.name: path.stat().st_mtime_ns for path in dest.iterdir()}


def test_a_file_that_is_not_wanted_any_more_goes_and_those_of_the_user_stay(tmp_path):
    Change(str(tmp_path), texts(FULL)).apply()
    (tmp_path / "own.yaml").write_text("mine", encoding="utf-8")
    change = Change(str(tmp_path), texts(SMALL))
    assert "hpa.yaml" in change.removed
    (gone,) = (entry for entry in change.diff() if entry["before_header"].endswith("hpa.yaml"))
    assert gone["before"] and gone["after"] == ""
    change.apply()
    assert there(tmp_path) == dict(texts(SMALL), **{"own.yaml": "mine"})


def test_a_file_of_somebody_else_is_not_overwritten(tmp_path):
    (tmp_path / "deployment.yaml").write_text("kind: Deployment\n", encoding="utf-8")
    with pytest.raises(SlipwayError, match="it was not written by slipway.golang.manifests"):
        Change(str(tmp_path), texts())


def test_everybody_may_read_them_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        Change(str(tmp_path), texts()).apply()
    finally:
        os.umask(before)
    assert (tmp_path / "deployment.yaml").stat().st_mode & 0o777 == 0o644


def test_what_cannot_be_written_is_an_error_with_the_name(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SlipwayError, match="cannot be written"):
        Change(str(tmp_path / "file" / "x"), texts()).apply()
