# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which known vulnerabilities the releases have that run now: what the hosts said, and a database of today.

A program that has a vulnerable module need not reach it. And what could not be compared is not clean.
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

from ..module_utils.common import names
from ..module_utils.common.errors import SlipwayError
from ..module_utils.common.vulnerabilities import Ignored, Policy
from . import vulndb
from .kinds import Unfit
from .moments import parse
from .tables import table

COLUMNS = ("HOST", "RELEASE", "SINCE", "ID", "MODULE", "FIXED IN")
_SHOWN = 300


class Row(NamedTuple):
    """One vulnerability on one host. ``since``: when the release went live there."""

    host: str
    release: str
    since: str
    found: vulndb.Found
    ignored: Ignored | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for programs."""
        found = self.found._asdict()
        aliases = [name for name in found.pop("names") if name != self.found.id]
        ignored = self.ignored.as_dict() if self.ignored else None
        own = {"host": self.host, "release": self.release, "since": self.since or None}
        return dict(own, **found, aliases=aliases, ignored=ignored)


class Report:
    """What is found, what could not be scanned, and what counts."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.not_scanned: dict[str, list[str]] = {}
        self.warnings: list[str] = []
        self.modified: dict[str, str] = {}
        self.scanned: list[str] = []
        self._advised: set[str] = set()
        self._scans: dict[tuple[str, ...], vulndb.Scan] = {}
        self._databases: dict[str, vulndb.Database | SlipwayError] = {}

    @property
    def found(self) -> list[Row]:
        return [row for row in self.rows if not row.ignored]

    @property
    def failed(self) -> bool:
        """Whether anything counts: not on a host whose policy is only to advise."""
        hosts = {row.host for row in self.found} | set(self.not_scanned)
        return bool(hosts - self._advised)

    def add(self, host: str, answer: dict[str, Any], policy: Policy, database: Callable) -> None:
        """Take what a host said. ``database``: makes a Database of its URL."""
        if policy.only_advises:
            self._advised.add(host)
        try:
            release, since, scan = self._scan(answer, policy, database)
        except (SlipwayError, LookupError, TypeError, ValueError) as error:
            is_ours = isinstance(error, SlipwayError)
            self.not_scanned[host] = [_plain(error if is_ours else "its answer cannot be read")]
            return
        self.scanned.append(host)
        if scan.unknown:
            self.not_scanned[host] = [_plain(words) for words in scan.unknown]
        for found in scan.found:
            self.rows.append(Row(host, release, since, found, policy.ignoring(found.names)))

    def _scan(self, answer, policy, database):
        if "modules" not in answer:
            raise SlipwayError(_reason(answer))
        release = str(answer["release"])
        if not names.RELEASE_ID.fullmatch(release):
            raise ValueError("no release")
        url, goarch = policy.database, str(answer["target"]).split("/")[1]
        key = (url, goarch, str(answer["digest"]), str(answer["version"]))
        if key not in self._scans:
            modules = vulndb.modules_of(answer)
            self._scans[key] = self._database(url, database).scan(modules, goarch)
        return release, _moment(answer.get("since")), self._scans[key]

    def _database(self, url, database):
        """Each database is opened once; what is wrong with it is said of every host."""
        if url not in self._databases:
            try:
                self._databases[url] = database(url)
                self.modified[url] = self._databases[url].modified
            except SlipwayError as error:
                self._databases[url] = error
        found = self._databases[url]
        if isinstance(found, SlipwayError):
            raise found
        return found

    def warn(self, policies: dict[str, Policy]) -> None:
        """Warn of entries that ignore nothing: their day is over, or no release needs them."""
        for host, policy in policies.items():
            self.warnings += [words for words in policy.warnings_of_past() if words not in self.warnings]
            same = [name for name, other in policies.items() if _entries(other) == _entries(policy)]
            if host != same[0] or not set(same) <= set(self.scanned):
                continue
            used = {row.ignored.id for row in self.rows if row.ignored and row.host in same}
            needed = [entry for entry in policy.ignored if entry.id in used]
            self.warnings += policy.warnings_of_unused(needed, "on %s" % ", ".join(same))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for programs."""
        return {
            "found": [row.as_dict() for row in self.found],
            "ignored": [row.as_dict() for row in self.rows if row.ignored],
            "not_scanned": self.not_scanned,
            "scanned": self.scanned,
            "databases": self.modified,
        }

    def lines(self) -> list[str]:
        """For people."""
        lines = [self.headline(), *("database %s of %s" % (url, day or "?") for url, day in self._days())]
        if self.found:
            lines += ["", *table([COLUMNS, *map(_cells, self.found)])]
        if self.not_scanned:
            lines += ["", "Could not be scanned:"]
            lines += [
                "  %s: %s" % (host, why) for host, reasons in self.not_scanned.items() for why in reasons
            ]
        for row in self.rows:
            if row.ignored:
                words = "%s: %s is ignored until %s: %s"
                lines.append(words % (row.host, row.found.id, row.ignored.until, row.ignored.why))
        return lines

    def headline(self) -> str:
        """What came of it, in one line."""
        known = {row.found.id for row in self.found}
        hosts = {row.host for row in self.found}
        parts = ["%d hosts scanned" % len(self.scanned)]
        parts.append("%d vulnerabilities on %d hosts" % (len(known), len(hosts)) if known else "none found")
        parts += ["%d hosts not, or not wholly, scanned" % len(self.not_scanned)] if self.not_scanned else []
        return "Audit: " + ", ".join(parts)

    def _days(self):
        return [(url, modified[:10]) for url, modified in self.modified.items()]


def _entries(policy):
    return [entry.as_dict() for entry in policy.ignored]


def _cells(row):
    found = row.found
    module = "%s %s" % (found.module, found.version)
    return row.host, row.release, row.since or "-", found.id, module, found.fixed or "-"


def _moment(text):
    """A time of a host's history; empty for anything else."""
    try:
        return str(text) if text and "at" in parse(str(text)) else ""
    except Unfit:
        return ""


def _reason(answer):
    """Why a host said nothing about its modules."""
    said = str(answer.get("msg") or "it gave no answer")
    return ("unreachable: " if answer.get("unreachable") else "") + said


def _plain(error):
    """One line that controls no terminal."""
    line = " ".join(str(error).split())[:_SHOWN]
    return "".join(letter if letter.isprintable() else "?" for letter in line)
