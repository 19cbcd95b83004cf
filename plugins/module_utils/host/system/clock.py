# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time, as it is written into files."""

from __future__ import annotations

import calendar
import re
import time

_TIMESTAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z")


def timestamp():
    """Now, in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def seconds(text: object) -> int | None:
    """What ``timestamp`` wrote, in seconds since the epoch; None for anything else."""
    found = _TIMESTAMP.fullmatch(text) if isinstance(text, str) else None
    return calendar.timegm(tuple(map(int, found.groups()))) if found else None
