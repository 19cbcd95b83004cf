# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Known vulnerabilities: where they are looked up, which are ignored, until when, and why.

The builder asks govulncheck about source code, the controller asks the database about what runs: both ignore
the same.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterable

from .errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DATABASE = "https://vuln.go.dev"
# What counts: code that the program can reach, a package that it imports, a module that it is built with.
# With "advisory" nothing fails, not even a scan that could not be made.
LEVELS = ("reachable", "imported", "required", "advisory")
OPTIONS: dict[str, dict[str, Any]] = {
    "ignore": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "id": {"type": "str", "required": True},
            "until": {"type": "str", "required": True},
            "why": {"type": "str", "required": True},
        },
    },
    "database": {"type": "str", "default": DATABASE},
    "level": {"type": "str", "choices": list(LEVELS), "default": LEVELS[0]},
}
ID = re.compile(r"[A-Z][A-Z0-9]{1,15}-[A-Za-z0-9-]{1,60}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATABASE = re.compile(r"(?:https?://[^\s/?#]+|file:///)[^\s?#]*")
_LINE = re.compile(r"[^\x00-\x1f\x7f]{1,500}")


class Ignored:
    """One vulnerability that does not count, through the day ``until``."""

    def __init__(self, id: str, until: str, why: str) -> None:
        self.id = id
        self.until = until
        self.why = why

    def as_dict(self) -> dict[str, str]:
        return {"id": self.id, "until": self.until, "why": self.why}


class Policy:
    """What counts as a vulnerability on one day, from the options of a user. Raises InvalidInput."""

    def __init__(self, options: dict[str, Any] | None, today: datetime.date | None = None) -> None:
        options = options or {}
        self.level: str = options.get("level") or LEVELS[0]
        self.database = _check_database(options.get("database") or DATABASE)
        entries = [_check_entry(entry) for entry in options.get("ignore") or []]
        day = (today or datetime.datetime.now(datetime.timezone.utc).date()).isoformat()
        self.ignored = [entry for entry in entries if entry.until >= day]
        self.past = [entry for entry in entries if entry.until < day]

    @property
    def only_advises(self) -> bool:
        return self.level == "advisory"

    def ignoring(self, names: Iterable[str]) -> Ignored | None:
        """The entry that ignores a vulnerability with these names: its id and its aliases."""
        known = set(names)
        return next((entry for entry in self.ignored if entry.id in known), None)

    def warnings_of_past(self) -> list[str]:
        """One for each entry whose day is over."""
        return [
            "vulnerabilities.ignore: %s was ignored until %s, and counts again. Update the module, or set a "
            "later day if this still holds: %s" % (entry.id, entry.until, entry.why)
            for entry in self.past
        ]

    def warnings_of_unused(self, used: Collection[Ignored], where: str) -> list[str]:
        """One for each entry that nothing was ignored by."""
        return [
            "vulnerabilities.ignore: %s is ignored, and was not found %s: remove the entry"
            % (entry.id, where)
            for entry in self.ignored
            if entry not in used
        ]


def _check_database(url: str) -> str:
    if not _DATABASE.fullmatch(url):
        raise InvalidInput(
            "vulnerabilities.database",
            url,
            "use the URL of a database in the layout of vuln.go.dev, as in https://vuln.go.dev or "
            "file:///srv/vulndb",
        )
    return url.rstrip("/")


def _check_entry(entry: dict[str, Any]) -> Ignored:
    found = Ignored(*(str(entry.get(name) or "").strip() for name in ("id", "until", "why")))
    if not ID.fullmatch(found.id):
        raise InvalidInput("vulnerabilities.ignore.id", found.id, "use an id as in GO-2026-1234")
    if not _is_day(found.until):
        raise InvalidInput(
            "vulnerabilities.ignore.until", found.until, "use the last day on which it holds: 2027-01-31"
        )
    if not _LINE.fullmatch(found.why):
        raise InvalidInput("vulnerabilities.ignore.why", found.why, "say in one line why %s" % found.id)
    return found


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text)) and bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False
