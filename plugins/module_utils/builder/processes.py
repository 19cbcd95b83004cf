# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running other programs: argv in, words out."""

from __future__ import annotations

import subprocess

from ..common.errors import SlipwayError

_LINES, _CHARACTERS = 40, 4000


class Finished:
    """What a program answered."""

    def __init__(self, argv, code, stdout, stderr):
        self.argv = argv
        self.code = code
        self.stdout = stdout
        self.stderr = stderr

    @property
    def words(self):
        """What it said about its failure, fit for a message."""
        return cut(self.stderr.strip() or self.stdout.strip())

    @property
    def facts(self):
        """What travels beside a message."""
        return {
            "cmd": self.argv,
            "rc": self.code,
            "stdout": self.stdout[-65536:],
            "stderr": self.stderr[-65536:],
        }


def run(argv, cwd, env, stdin=b""):
    """Run a program to its end; its failure is in the answer, only its absence is an error."""
    try:
        done = subprocess.run(argv, cwd=cwd, env=env, input=stdin, capture_output=True, check=False)
    except OSError as error:
        raise SlipwayError(
            "Cannot run %s in %s: %s" % (argv[0], cwd, error.strerror or error), cmd=argv
        ) from error
    return Finished(
        argv, done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    )


def cut(text):
    """The first lines of a long text, saying how much is missing."""
    lines = text.splitlines()
    kept = "\n".join(lines[:_LINES])[:_CHARACTERS]
    if len(kept) < len(text):
        kept += "\n… (%d lines in all, see stderr in the result)" % len(lines)
    return kept
