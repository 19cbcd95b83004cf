# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running other programs: arguments in, exit code and output out."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any, Iterable, NamedTuple
from urllib.parse import quote

from ..common.errors import SlipwayError

_LINES, _CHARACTERS = 40, 4000
_HIDDEN = "***"
_USER_IN_URL = re.compile(r"(?<=://)(?!git@)[^/\s@'\"]+(?=@)")
_SHORTEST_SECRET = 4  # to hide less than that would hide ordinary words


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

    def objects(self) -> list[dict[str, Any]]:
        """The objects that ``go … -json`` writes one after the other."""
        decoder, at, found = json.JSONDecoder(), 0, []
        while at < len(self.stdout):
            if self.stdout[at].isspace():
                at += 1
                continue
            value, at = decoder.raw_decode(self.stdout, at)
            found.append(value)
        return found

    def without(self, secrets: Iterable[str]) -> Completed:
        """The same, with these values, and users and passwords in URLs, left out of its messages.

        The output of a program that succeeded is data, and stays as it is.
        """
        parts = {part for value in secrets for part in (value, *value.splitlines())}
        hidden = {form for part in parts for form in (part, quote(part), quote(part, safe=""))}

        def clean(text: str) -> str:
            for secret in sorted(hidden, key=len, reverse=True):
                if len(secret) >= _SHORTEST_SECRET:
                    text = text.replace(secret, _HIDDEN)
            return _USER_IN_URL.sub(_HIDDEN, text)

        stdout = clean(self.stdout) if self.code else self.stdout
        return self._replace(stdout=stdout, stderr=clean(self.stderr))


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
