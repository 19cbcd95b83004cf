# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from . import workshop


@pytest.fixture
def shop(tmp_path):
    """A small program of its own for one test."""
    return workshop.Workshop(tmp_path)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The artifacts of a build for two targets, out of git."""
    shop = workshop.Workshop(tmp_path_factory.mktemp("built"))
    shop.commit(tag="v1.4.2")
    return shop.build(targets=["linux/amd64", "linux/arm/6"])["artifacts"]


@pytest.fixture
def extra(tmp_path):
    """A directory of files to pack."""
    root = tmp_path / "extra"
    for path, text in {
        "a.sql": "one",
        "deep/b.sql": "two",
        "deep/notes.md": "three",
        ".hidden": "four",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    (root / "run.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (root / "run.sh").chmod(0o700)
    return root
