# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that the linker writes into string variables (-X).

The linker says nothing where there is no such variable: stamp_check.py does.
"""

from __future__ import annotations

import re
import time
from typing import Any

from ..common.errors import InvalidInput

_NAME = re.compile(r"(?P<package>[A-Za-z0-9._~/+-]+)\.(?P<variable>[^\W\d]\w*)")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_PLACEHOLDERS = ("version", "commit", "time")


def check(stamp: dict[Any, Any]) -> dict[str, str]:
    """Names and templates as a user gave them."""
    checked = {}
    for name, template in stamp.items():
        field, text = "stamp." + str(name), str(template)
        if not _NAME.fullmatch(str(name)):
            raise InvalidInput(
                "stamp", name, "use a package's import path, a dot and a variable, as in 'main.version'"
            )
        if re.search(r"[\x00-\x1f\x7f]", text) or ("'" in text and '"' in text):
            raise InvalidInput(
                field,
                text,
                "Go's linker takes no control characters, and not both kinds of quotes in one value",
            )
        for placeholder in _PLACEHOLDER.findall(text):
            if placeholder not in _PLACEHOLDERS:
                raise InvalidInput(
                    field, text, "{%s} is unknown; there are {version}, {commit} and {time}" % placeholder
                )
        checked[str(name)] = text
    return checked


def split(name: str) -> tuple[str, str]:
    """The package and the variable of a checked name."""
    path, _dot, variable = name.rpartition(".")
    return path, variable


def fill(stamp: dict[str, str], version: str, commit: str, seconds: int) -> dict[str, str]:
    """The values, with the placeholders replaced; the time is the commit's."""
    values = {
        "version": version,
        "commit": commit,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)),
    }
    return {
        name: _PLACEHOLDER.sub(lambda match: values[match[1]], template) for name, template in stamp.items()
    }


def flags(values: dict[str, str]) -> list[str]:
    """The values as arguments of the linker, in the quoting of `go build -ldflags`."""
    arguments = []
    for name in sorted(values):
        text = "%s=%s" % (name, values[name])
        quote = '"' if "'" in text else "'"
        arguments.append("-X %s%s%s" % (quote, text, quote))
    return arguments
