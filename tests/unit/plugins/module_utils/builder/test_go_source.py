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
    go_source.variables(text)
