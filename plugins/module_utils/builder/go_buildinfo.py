# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Go wrote into a binary about its build, as ``go version -m`` prints it."""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple

from ..common.errors import SlipwayError
from . import processes
from . import toolchain as toolchains
from .toolchain import Toolchain


class BuildInfo(NamedTuple):
    """Go's version, the main package, the modules linked in, and the settings of the build."""

    go_version: str
    path: str
    main: dict[str, str]
    deps: list[dict[str, Any]]
    settings: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a provenance."""
        return self._asdict()

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> BuildInfo:
        """The same again from ``as_dict``."""
        return cls(**{field: data[field] for field in cls._fields})


def read(binary: str, toolchain: Toolchain, cwd: str) -> BuildInfo:
    """The ``BuildInfo`` of a binary that Go has just built."""
    done = toolchain.run(["version", "-m", binary], cwd)
    prefix = binary + ": "
    if done.code or not done.stdout.startswith(prefix):
        raise SlipwayError(
            "%s has no Go build information that go version can read:\n%s" % (binary, done.output),
            **done.facts,
        )
    return parse(done.stdout[len(prefix) :])


def find(binary: str) -> BuildInfo | None:
    """The ``BuildInfo`` of a binary that somebody else built; None without Go, or where it has none."""
    try:
        go = toolchains.find("go")
    except SlipwayError:
        return None
    environment = dict(os.environ, GOTOOLCHAIN="local", GOFLAGS="", LC_ALL="C")
    done = processes.run([go, "version", "-m", binary], os.getcwd(), environment)
    prefix = binary + ": "
    return None if done.code or not done.stdout.startswith(prefix) else parse(done.stdout[len(prefix) :])


def parse(output: str) -> BuildInfo:
    """The ``BuildInfo`` in the output of ``go version -m`` after the name of the binary."""
    version, *lines = output.split("\n")
    info = BuildInfo(version, "", {}, [], {})
    for line in lines:
        kind, *values = line[1:].split("\t")  # every line is indented by a tab
        if not values:
            continue
        if kind == "path":
            info = info._replace(path=values[0])
        elif kind == "mod":
            info = info._replace(main=_module(values))
        elif kind == "dep":
            info.deps.append(_module(values))
        elif kind == "=>" and info.deps:
            info.deps[-1]["replaced_by"] = _module(values)
        elif kind == "build":
            key, value = _setting("\t".join(values))
            info.settings[key] = value
    return info


def _module(values: list[str]) -> dict[str, Any]:
    path, version, digest = (list(values) + ["", ""])[:3]
    return {"path": path, "version": version, "sum": digest}


def _setting(text: str) -> tuple[str, str]:
    """A ``key=value`` of which Go quotes either side when it has blanks or quotes."""
    if text.startswith('"'):
        end = _closing_quote(text)
        key, rest = _unquote(text[: end + 1]), text[end + 1 :]
    else:
        key, equals, value = text.partition("=")
        rest = equals + value
    return key, _unquote(rest[1:])


def _closing_quote(text: str) -> int:
    at = 1
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    return at


def _unquote(text: str) -> str:
    if text.startswith("`") and text.endswith("`") and len(text) > 1:
        return text[1:-1]
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text))
    except ValueError:  # an escape of Go that JSON does not have: better shown unchanged than not at all
        return text.strip('"')
