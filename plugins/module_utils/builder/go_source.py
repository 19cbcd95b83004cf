# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As much of Go's grammar as is needed to know which package-level variables a file declares."""

from __future__ import annotations

import re
from typing import Iterator

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*')
      | (?P<word>\w+)
      | (?P<newline>\n)
      | (?P<blank>[ \t\r]+)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_OPENING, _CLOSING = "([{", ")]}"


def variables(text: str) -> dict[str, str | None]:
    """The package-level variables and constants: name to None, or to the reason why a stamp cannot set it."""
    found: dict[str, str | None] = {}
    for keyword, spec in _specifications(_significant(text)):
        for name, reason in _classified(spec):
            found[name] = "it is a constant" if keyword == "const" else reason
    return found


def _significant(text: str) -> Iterator[str]:
    for match in _TOKEN.finditer(text):
        if match.lastgroup not in ("comment", "blank"):
            yield match[0]


def _specifications(tokens: Iterator[str]) -> Iterator[tuple[str, list[str]]]:
    """Each package-level declaration as keyword and list of tokens; those in a block one by one."""
    depth = 0
    for token in tokens:
        if depth == 0 and token in ("var", "const"):
            yield from ((token, spec) for spec in _declared(tokens))
        elif token in _OPENING:
            depth += 1
        elif token in _CLOSING:
            depth -= 1


def _declared(tokens: Iterator[str]) -> Iterator[list[str]]:
    depth, block = 0, False
    spec: list[str] = []
    for token in tokens:
        if token == "(" and not spec and not block:
            block = True
            continue
        if token == ")" and block and depth == 0:
            yield spec
            return
        depth += (token in _OPENING) - (token in _CLOSING)
        if token in ("\n", ";") and depth == 0:
            yield spec
            spec = []
            if not block:
                return
        elif token != "\n":
            spec.append(token)
    yield spec


def _classified(spec: list[str]) -> Iterator[tuple[str, str | None]]:
    names, rest = [], list(spec)
    while rest and re.fullmatch(r"\w+", rest[0]):
        names.append(rest.pop(0))
        if not rest or rest[0] != ",":
            break
        rest.pop(0)
    split = rest.index("=") if "=" in rest else len(rest)
    kind, values = rest[:split], _comma_separated(rest[split + 1 :])
    for position, name in enumerate(names):
        several = ["("] if values else []  # values of a call, which is known at run time only
        value = values[position] if len(values) == len(names) else several
        yield name, _obstacle(kind, value)


def _comma_separated(tokens: list[str]) -> list[list[str]]:
    values: list[list[str]] = []
    depth = 0
    for token in tokens:
        depth += (token in _OPENING) - (token in _CLOSING)
        if not values or (token == "," and depth == 0):
            values.append([])
        if token != "," or depth:
            values[-1].append(token)
    return values


def _obstacle(kind: list[str], value: list[str]) -> str | None:
    if kind not in ([], ["string"]):
        return "it is of type %s, not string" % "".join(kind)
    if any(token in _OPENING for token in value or []):
        return "the program computes its value at start, which would overwrite the stamp"
    if (
        not kind
        and value
        and (value[0][0] not in '"`' and not value[0][0].isalpha() or value[0] in ("true", "false", "nil"))
    ):
        return "it is not a string"
    return None
