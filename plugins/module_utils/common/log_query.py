# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of logs, and how the rows travel: the same for a host and for a cluster."""

from __future__ import annotations

import base64
import json
import re
import zlib

from .errors import InvalidInput

# A line that is longer is cut: what a service logs must not fill the memory of a controller.
LONGEST = 16 << 10


def moment(given: dict[str, float], now: float) -> float:
    """``{"at": seconds since the epoch}`` or ``{"ago": seconds}``, by the clock of who answers."""
    return float(given["at"]) if "at" in given else now - float(given["ago"])


def compiled(pattern: str | None) -> re.Pattern[str] | None:
    """As journalctl does: upper and lower case are the same, unless the pattern has upper case."""
    if not pattern:
        return None
    try:
        return re.compile(pattern, 0 if pattern != pattern.lower() else re.IGNORECASE)
    except re.error as error:
        raise InvalidInput("grep", pattern, "use a regular expression of Python: %s" % error) from None


def packed(rows: list[list[object]]) -> str:
    """As one text: a line of JSON for each row, compressed."""
    text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
    return base64.b64encode(zlib.compress(text.encode("ascii"), 6)).decode("ascii")
