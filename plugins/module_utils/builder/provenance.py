# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is stored beside a binary: how it was built.

Nothing in it differs between directories, users or days.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

SCHEMA = 1
SUFFIX = ".provenance.json"
_NEEDED = {
    "schema",
    "inputs",
    "input_digest",
    "binary",
    "name",
    "version",
    "commit",
    "time",
    "gates",
    "build",
    "dirty",
}


class Identity(NamedTuple):
    """What artifacts are called and which commit they are of: the same for all targets of a call."""

    name: str
    version: str
    commit: str
    time: int
    dirty: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a provenance and for a result."""
        return self._asdict()


def path_of(binary: str) -> str:
    """The path of a binary's provenance."""
    return binary + SUFFIX


def read(path: str) -> dict[str, Any] | None:
    """A provenance that this version wrote, or None."""
    try:
        with open(path, "rb") as handle:
            data = json.loads(handle.read().decode("utf-8"))
    except (OSError, ValueError):
        return None
    usable = (
        isinstance(data, dict)
        and set(data) >= _NEEDED
        and data["schema"] == SCHEMA
        and all(isinstance(data[field], dict) for field in ("inputs", "binary", "build"))
    )
    return data if usable else None
