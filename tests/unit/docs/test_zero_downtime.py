# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import re
import subprocess

REPO = pathlib.Path(__file__).resolve().parents[3]
PAGE = (REPO / "docs" / "how-to" / "zero-downtime.md").read_text(encoding="utf-8")
PROGRAM = """package main

import "fmt"
import "net"
import "os"
import "strconv"

%s
func main() { listener, err := listen("127.0.0.1:0"); fmt.Println(listener.Addr().Network(), err) }
"""


def test_the_snippet_is_a_program_that_listens(tmp_path):
    snippet = re.search(r"```go\n(.*?)```", PAGE, re.DOTALL)[1]
    (tmp_path / "main.go").write_text(PROGRAM % snippet, encoding="utf-8")
    done = subprocess.run(
        ["go", "run", str(tmp_path / "main.go")], capture_output=True, text=True, check=False
    )
    assert done.stdout == "tcp <nil>\n", done.stderr
