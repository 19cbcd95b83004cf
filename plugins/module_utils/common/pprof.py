# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The profiles of net/http/pprof: by what kind, and what to ask for it."""

from __future__ import annotations

# Kind to the path below /debug/pprof/. What counts from the start of the process is asked for its growth.
KINDS: dict[str, str] = {
    "cpu": "profile?seconds=%d",
    "heap": "heap",
    "allocs": "allocs?seconds=%d",
    "goroutine": "goroutine",
    "mutex": "mutex?seconds=%d",
    "block": "block?seconds=%d",
}


def path(kind: str, seconds: int) -> str:
    """The request target for a profile."""
    end = KINDS[kind]
    return "/debug/pprof/" + (end % seconds if "%" in end else end)
