# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words of tests/banned_words.txt, and where a text has them."""

from __future__ import annotations

import re
from pathlib import Path

WORDS = Path(__file__).resolve().parents[2] / "banned_words.txt"


def banned_words():
    """(pattern, what to use instead) for every line of the list."""
    for line in WORDS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pattern, instead = line.split("\t")
            yield re.compile(r"\b(?:%s)\b" % pattern, re.IGNORECASE), instead


BANNED = list(banned_words())


def problems(text, banned=None):
    """A message for every banned word in a text, also as a part of an identifier."""
    return [
        "line %d: %r: use %r" % (number, found[0], instead)
        for number, line in enumerate(text.splitlines(), 1)
        for pattern, instead in banned or BANNED
        for found in [pattern.search(line) or pattern.search(_parts(line))]
        if found
    ]


def _parts(line):
    """The line with its identifiers split into words."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", line)
