# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running other programs: arguments in, exit code and output out."""

from __future__ import annotations

import subprocess
from typing import Any, NamedTuple

from ..common.errors import SlipwayError

_LINES, _CHARACTERS = 40, 4000


class Completed(NamedTuple):
    """A program that has ended."""

    argv: list[str]
    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """What it printed about its failure, short enough for a message."""
        return cut(self.stderr.strip() or self.stdout.strip())

    @property
    def facts(self) -> dict[str, Any]:
        """What goes into the result beside a message."""
        return {
            "cmd": self.argv,
            "rc": self.code,
            "stdout": self.stdout[-65536:],
            "stderr": self.stderr[-65536:],
        }


def run(argv: list[str], cwd: str, env: dict[str, str], stdin: bytes = b"") -> Completed:
    """Run a program to its end. A non-zero exit code is no error here; a program that cannot be run is."""
    try:
        done = subprocess.run(argv, cwd=cwd, env=env, input=stdin, capture_output=True, check=False)
    except OSError as error:
        raise SlipwayError(
            "Cannot run %s in %s: %s" % (argv[0], cwd, error.strerror or error), cmd=argv
        ) from error
    return Completed(
        argv, done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    )


def cut(text: str) -> str:
    """The first lines of a long text, and how many lines there are in all."""
    lines = text.splitlines()
    kept = "\n".join(lines[:_LINES])[:_CHARACTERS]
    if len(kept) < len(text):
        kept += "\n… (%d lines in all, see stderr in the result)" % len(lines)
    return kept
