# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The messages that the page quotes are the ones that the code has."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest

REPO = pathlib.Path(__file__).resolve().parents[3]
PAGE = (REPO / "docs" / "how-to" / "troubleshooting.md").read_text(encoding="utf-8")
PLACE = re.compile(r"%(?:\.\d+)?[a-z]")


def messages():
    """What the first column of the tables quotes, without names of outcomes."""
    cells = re.findall(r"^\| (`.+?) \| ", PAGE, re.MULTILINE)
    quoted = [message for cell in cells for message in re.findall(r"`([^`]+)`", cell)]
    return [
        message for message in quoted if " " in message and message not in ("not reached", "not migrated")
    ]


def texts_of_the_code():
    found = set()
    for path in (REPO / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, (str, bytes)):
                text = value if isinstance(value, str) else value.decode("utf-8", "replace")
                found.add(PLACE.sub("…", text))
    return found


TEXTS = texts_of_the_code()


@pytest.mark.parametrize("message", messages())
def test_the_code_has_this_message(message):
    pieces = [piece.strip() for piece in message.split("…") if len(piece.strip()) > 3]
    assert pieces
    assert any(all(piece in text for piece in pieces) for text in TEXTS), pieces


def test_every_outcome_is_explained():
    outcomes = (REPO / "docs" / "reference" / "outcomes.md").read_text(encoding="utf-8")
    in_code = set()
    for path in (REPO / "plugins").rglob("*.py"):
        in_code |= set(re.findall(r"\bOUTCOME = \"(\w+)\"", path.read_text(encoding="utf-8")))
    assert {"rejected", "reverted", "down"} <= in_code
    for word in in_code | {
        "ok",
        "unknown",
        "unconfirmed",
        "rolled back",
        "unhealthy",
        "not reached",
        "not migrated",
    }:
        assert "| `%s` |" % word in outcomes, word
        assert word in ("ok", "unknown") or word in PAGE, word
