# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain words: none of tests/banned_words.txt in what people read, and lines that a terminal shows whole."""

from __future__ import annotations

import pathlib
import re

import pytest

from ..repo.words import problems

REPO = pathlib.Path(__file__).resolve().parents[3]
LONGEST = 120


def pages():
    found = list(REPO.glob("*.md")) + [REPO / "galaxy.yml"]
    for pattern in (
        "docs/**/*.md",
        "roles/*/README.md",
        "examples/*/README.md",
        "*/README.md",
        ".github/**/*.yml",
        ".github/*.md",
        "changelogs/fragments/*.yml",
    ):
        found += REPO.glob(pattern)
    relative = {path.relative_to(REPO) for path in found}
    # Hidden directories are the tools' own.
    return sorted(path for path in relative if path.parts[0] == ".github" or path.parts[0][0] != ".")


@pytest.mark.parametrize("path", pages(), ids=str)
def test_no_banned_word_is_used(path):
    assert problems((REPO / path).read_text(encoding="utf-8")) == []


def hand_written():
    return [path for path in pages() if path.suffix == ".md" and path.name != "CHANGELOG.md"]


@pytest.mark.parametrize("path", hand_written(), ids=str)
def test_no_line_is_too_long(path):
    """Tables and lines with a link may be: they cannot be broken. Neither can what a program printed."""
    text = re.sub(
        r"^```.*?^```$", "", (REPO / path).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    long = [line for line in text.splitlines() if len(line) > LONGEST]
    assert [
        line for line in long if not line.startswith("|") and "](" not in line and "://" not in line
    ] == []
