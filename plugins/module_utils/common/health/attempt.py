# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One probe's result, and its text made safe to print."""

from __future__ import annotations

SHOWN = 500


class Attempt:
    """One probe.

    ``ok``; the ``reason`` where it failed; the HTTP ``status``; ``ms`` that it took; the ``release`` that
    the answer named. Texts may quote what another machine sent, so they are made safe to print here, in one
    place.
    """

    def __init__(
        self, ok: bool, reason: str = "", status: int | None = None, release: str | None = None
    ) -> None:
        self.ok = ok
        self.reason = readable(reason, 2 * SHOWN)
        self.status = status
        self.release = None if release is None else readable(release)
        self.at_ms = 0
        self.ms = 0

    def to_dict(self) -> dict[str, object]:
        """Plain values, for a result."""
        return {
            "at_ms": self.at_ms,
            "ms": self.ms,
            "ok": self.ok,
            "status": self.status,
            "reason": self.reason,
        }


def readable(text: str, limit: int = SHOWN) -> str:
    """The beginning of a text as one line, without characters that control a terminal."""
    printable = "".join(character if character.isprintable() else " " for character in text[: 4 * limit])
    line = " ".join(printable.split())  # a page of HTML is half indentation
    return line[: limit - 1] + "…" if len(line) > limit else line
