# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The profile that a build is optimised by, and whether it still is one of this program."""

from __future__ import annotations

import os
import time

from ..common.errors import SlipwayError
from . import pprof
from .go_list import Listing
from .request import Request

DEFAULT = "default.pgo"
_OLD_DAYS = 90
_HOT_FUNCTIONS = 100
_LOST_SHARE = 0.5
_ANEW = "take a new one: ansible-playbook slipway.golang.profile -e slipway_pgo=true"


def path(request: Request, listing: Listing) -> str:
    """Where the profile of a build is; there need not be one."""
    if request.pgo == "auto":
        return os.path.join(listing.packages[listing.main].dir, DEFAULT)
    return "" if request.pgo == "off" else request.pgo


def warnings(file: str, binary: bytes, now: float | None = None) -> list[str]:
    """What is wrong with a profile for this binary. Go itself says what it cannot read."""
    try:
        with open(file, "rb") as handle:
            profile = pprof.read(handle.read())
    except (OSError, SlipwayError):
        return []
    found, name = [], os.path.basename(file)
    days = ((time.time() if now is None else now) - profile.time) / 86400
    if profile.time and days > _OLD_DAYS:
        found.append("%s is %d days old, and the program has changed: %s" % (name, days, _ANEW))
    lost = _lost_share(profile.functions, binary)
    if lost > _LOST_SHARE:
        found.append(
            "%d%% of the samples in %s are of functions that this binary does not have: %s"
            % (round(lost * 100), name, _ANEW)
        )
    return found


def _lost_share(functions: dict[str, int], binary: bytes) -> float:
    """How many of the samples name functions that are gone. The binary lists its functions, also stripped."""
    hot = sorted(functions.items(), key=lambda item: -item[1])[:_HOT_FUNCTIONS]
    total = sum(weight for _name, weight in hot)
    lost = sum(weight for name, weight in hot if name.encode("utf-8") + b"\0" not in binary)
    return lost / total if total > 0 else 0.0
