# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`{port}` and `{config}` in arguments, in the environment and in configuration files.

An instance of a service that runs beside another one, as in a smoke test, has its own port and its own
configuration, so both are filled in late. `{{port}}` stands for a literal `{port}`.
"""

from __future__ import annotations

import re

PORT, CONFIG = "port", "config"
_FIELD = re.compile(r"\{\{(port|config)\}\}|\{(port|config)\}")


def fill(text: str, port: str | None = None, config: str | None = None) -> str:
    """The text with the values in their places. What is None here stays as it is."""
    values = {PORT: port, CONFIG: config}

    def value_of(found: re.Match[str]) -> str:
        doubled, single = found.groups()
        value = values[doubled or single]
        if value is None:
            return found[0]
        return "{%s}" % doubled if doubled else value

    return _FIELD.sub(value_of, text)


def used(text: str) -> set[str]:
    """Which of the two the text needs."""
    return {found[2] for found in _FIELD.finditer(text) if found[2]}


def present(text: str) -> bool:
    """Whether there is something to fill in, or a literal brace to make single."""
    return bool(_FIELD.search(text))
