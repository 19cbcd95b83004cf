# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that the files that must be embedded are."""

from __future__ import annotations

import fnmatch

from ..common.errors import SlipwayError
from .go_list import Listing

_SHOWN = 8


def check(patterns: list[str], listing: Listing) -> None:
    """Every pattern matches at least one embedded file, named relative to the source."""
    if not patterns:
        return
    embedded = listing.embedded()
    for pattern in patterns:
        plain = pattern[2:] if pattern.startswith("./") else pattern
        if not any(fnmatch.fnmatchcase(name, plain) for name in embedded):
            more = " and %d more" % (len(embedded) - _SHOWN) if len(embedded) > _SHOWN else ""
            shown = ", ".join(embedded[:_SHOWN]) + more
            raise SlipwayError(
                "embed: no embedded file matches %r. Embedded are: %s. Was the front end built before? "
                "go:embed leaves out names that begin with '.' or '_' unless the pattern is written 'all:…'"
                % (pattern, shown or "none"),
                embedded=embedded,
            )
