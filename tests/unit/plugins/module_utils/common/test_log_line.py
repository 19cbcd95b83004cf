# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import log_line


def level(text, priority=6):
    number = log_line.level_of(text, log_line.fields_of(text), priority)
    return None if number is None else log_line.LEVELS[number]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"level": "info", "msg": "x"}', "info"),
        ('{"level": "WARN", "msg": "x"}', "warn"),
        ('{"level": "ERROR+2", "msg": "x"}', "error"),
        ('{"level": "DEBUG-4", "msg": "x"}', "debug"),
        ('{"lvl": "dpanic"}', "fatal"),
        ('{"severity": "CRITICAL"}', "fatal"),
        ('{"level": 30}', None),
        ('{"level": {"a": 1}}', None),
        ('{"msg": "level=error"}', None),
        ("time=2026-11-28T12:01:00Z level=WARN msg=x", "warn"),
        ('lvl="err" x', "error"),
        ("2026/11/28 12:01:07 ERROR: no such order", "error"),
        ("[WARN] x", "warn"),
        ("panic: runtime error: index out of range", "fatal"),
        ("fatal error: all goroutines are asleep", "fatal"),
        ("an order of 3 ERROR pages", None),
        ("information: none", None),
        ("sublevel=error", None),
        ("{broken", None),
        ("", None),
    ],
)
def test_the_level_of_a_line(text, expected):
    assert level(text) == expected


@pytest.mark.parametrize(("priority", "expected"), [(3, "error"), (7, "debug"), (6, None), (None, None)])
def test_a_line_without_a_level_has_that_of_the_journal_unless_it_is_the_default(priority, expected):
    assert level("hello", priority) == expected
    assert level('{"msg": "hello"}', priority) == expected


def test_its_own_level_wins():
    assert level('{"level": "debug"}', 3) == "debug"


@pytest.mark.parametrize("text", ["[1]", '"x"', "{", "{}x", "[" * 100000, '{"a": ' * 100000])
def test_only_objects_have_fields(text):
    assert log_line.fields_of(text) is None


def test_fields():
    assert log_line.fields_of(json.dumps({"a": [1, {"b": "c"}]})) == {"a": [1, {"b": "c"}]}


@pytest.mark.parametrize("name", log_line.LEVELS)
def test_the_names_of_levels_have_their_numbers(name):
    assert log_line.LEVELS[log_line.number(name)] == name
