# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What travels with a binary: how it came about, without anything that differs between directories, users or days."""

from __future__ import annotations

import json

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


def path_of(binary):
    """Where the provenance of a binary lies."""
    return binary + SUFFIX


def read(path):
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
        and isinstance(data["inputs"], dict)
    )
    return data if usable else None
