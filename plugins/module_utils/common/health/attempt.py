# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One probe's result, and the text of it made safe to print."""

from __future__ import annotations

SHOWN = 500


class Attempt:
    """One probe: ``ok``, ``reason`` in words where it is not, HTTP ``status``, ``ms`` it took, ``release`` that the answer named.

    The words may quote whatever a stranger sent: they are made fit to print here, for everybody.
    """

    def __init__(self, ok, reason="", status=None, release=None):
        self.ok = ok
        self.reason = readable(reason, 2 * SHOWN)
        self.status = status
        self.release = None if release is None else readable(release)
        self.at_ms = 0
        self.ms = 0

    def to_dict(self):
        return {
            "at_ms": self.at_ms,
            "ms": self.ms,
            "ok": self.ok,
            "status": self.status,
            "reason": self.reason,
        }


def readable(text, limit=SHOWN):
    """The beginning of a text as one line, without the characters that do things to a terminal."""
    printable = "".join(character if character.isprintable() else " " for character in text[: 4 * limit])
    line = " ".join(printable.split())  # a page of HTML is half indentation
    return line[: limit - 1] + "…" if len(line) > limit else line
