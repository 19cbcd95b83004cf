# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import go_source

SOURCE = """\
//go:build linux

// Package main, with type and var in a comment.
package main

import (
\t"fmt"
\tx "example.com/func"
)

/* func not yet */
const fixed = "a"

var version = "dev"

var (
\tcommit, built string
\tname = "var hidden = 1" + suffix // var not = "this"
\tcount int
\tnumber = 3
\tcomputed = fmt.Sprint("x")
\tlist = []string{
\t\t"a",
\t}
)

func main() { var inner = "no"; fmt.Println(inner) }

//go:embed static/*
var files embed.FS
"""


def test_header_ends_at_the_first_declaration_and_keeps_embed_lines():
    header = go_source.header(SOURCE)
    assert header.startswith("//go:build linux")
    assert '"example.com/func"' in header
    assert "const fixed" not in header
    assert header.endswith("//go:embed static/*")


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        ('"dev"', '"prod"', False),
        ('"fmt"', '"os"', True),
        ("//go:build linux", "//go:build darwin", True),
        ("static/*", "public/*", True),
        ("package main", 'package main\n\nimport "C"', True),
    ],
)
def test_header_changes_exactly_when_go_list_could_answer_otherwise(old, new, seen):
    assert (go_source.header(SOURCE) != go_source.header(SOURCE.replace(old, new, 1))) is seen


def test_knows_which_variables_a_stamp_can_set():
    found = go_source.variables(SOURCE)
    settable = {name for name, obstacle in found.items() if obstacle is None}
    assert settable == {"version", "commit", "built", "name"}
    assert "constant" in found["fixed"]
    assert "of type int" in found["count"]
    assert "not a string" in found["number"]
    assert "computes" in found["computed"]
    assert "inner" not in found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "package main",
        "var",
        "var (",
        "var x",
        "var a, b = f()",
        "const (\n)",
        '"',
        "`",
        "/*",
        "var x = `\n",
        "\x00",
        "var (\n)\n)",
    ],
)
def test_unfinished_source_is_read_without_an_error(text):
    go_source.header(text)
    go_source.variables(text)
