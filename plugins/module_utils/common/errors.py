# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one family of errors: raised anywhere below, reported once, where a module or an action ends."""

from __future__ import annotations


class SlipwayError(Exception):
    """What failed, on what, why, and what to do about it, in words for the person on call.

    ``facts`` go into the result beside the message (probe answers, journal lines, a compiler's output).
    """

    OUTCOME = "rejected"

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts


class InvalidInput(SlipwayError):
    """A value that the user gave cannot be accepted; nothing was changed."""

    def __init__(self, field: str, value: object, remedy: str, **facts: object) -> None:
        super().__init__("%s: %r is not usable: %s" % (field, value, remedy), **facts)


class Rejected(SlipwayError):
    """Refused before the live service was touched."""
