# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One line that a service logged: its fields, if it is JSON, and its level."""

from __future__ import annotations

import json
import re

# By their number in syslog, as journald keeps it in PRIORITY.
LEVELS = ("emerg", "alert", "fatal", "error", "warn", "notice", "info", "debug")
# As zap, zerolog, logrus, slog and others write them.
_NUMBERS = {
    **{name: number for number, name in enumerate(LEVELS)},
    "trace": 7,
    "information": 6,
    "warning": 4,
    "err": 3,
    "crit": 2,
    "critical": 2,
    "dpanic": 2,
    "panic": 2,
    "emergency": 0,
}
_KEYS = ("level", "lvl", "severity")
# key=value lines, as log/slog's TextHandler writes them, and lines that have the level in front.
_IN_TEXT = (
    re.compile(r'(?:^|\s)(?:level|lvl|severity)="?([A-Za-z]{3,11})\b'),
    re.compile(r"^(?:[\d:./TZ+-]+\s+){0,2}\[?(DEBUG|INFO|WARN(?:ING)?|ERR(?:OR)?|FATAL|PANIC)\]?[:\s]"),
)
# The first line of what Go's runtime prints when a process dies.
_CRASH = ("panic: ", "fatal error: ")
# What journald writes for a line on standard output that says nothing else: no level of the line's own.
DEFAULT_PRIORITY = 6


def fields_of(text: str) -> dict[str, object] | None:
    """The fields of a line that is a JSON object; None for any other line."""
    if not text.startswith("{"):
        return None
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def number(word: object) -> int | None:
    """The number of a level; None for a word that is none."""
    if not isinstance(word, str):
        return None
    # slog writes levels between its own as INFO+2.
    return _NUMBERS.get(re.split(r"[+-]", word, maxsplit=1)[0].lower())


def level_of(text: str, fields: dict[str, object] | None, priority: int | None) -> int | None:
    """The level of a service's line; None if it has none."""
    found = _in_fields(fields) if fields is not None else _in_text(text)
    if found is None and priority != DEFAULT_PRIORITY:
        return priority
    return found


def _in_fields(fields: dict[str, object]) -> int | None:
    for key in _KEYS:
        found = number(fields.get(key))
        if found is not None:
            return found
    return None


def _in_text(text: str) -> int | None:
    if text.startswith(_CRASH):
        return number("fatal")
    for pattern in _IN_TEXT:
        found = pattern.search(text)
        if found and number(found[1]) is not None:
            return number(found[1])
    return None
