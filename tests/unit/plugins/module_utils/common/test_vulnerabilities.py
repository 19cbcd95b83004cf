# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput
from ansible_collections.slipway.golang.plugins.module_utils.common.vulnerabilities import DATABASE, Policy

ENTRY = {"id": "GO-2026-1234", "until": "2027-01-31", "why": "not parsed"}


def policy(day, *entries, **options):
    return Policy(dict(options, ignore=list(entries)), datetime.date.fromisoformat(day))


def test_nothing_is_ignored_by_default():
    assert (Policy({}).database, Policy(None).level, Policy({}).ignored) == (DATABASE, "reachable", [])
    assert not Policy({}).only_advises and Policy({"level": "advisory"}).only_advises


def test_an_entry_holds_through_its_last_day():
    held = policy("2027-01-31", ENTRY)
    assert held.ignoring(["GO-2026-1234"]).why == "not parsed"
    assert held.warnings_of_past() == []
    over = policy("2027-02-01", ENTRY)
    assert over.ignoring(["GO-2026-1234"]) is None
    (warning,) = over.warnings_of_past()
    assert "GO-2026-1234 was ignored until 2027-01-31" in warning and "not parsed" in warning


def test_an_alias_is_as_good_as_the_id():
    found = policy("2026-12-01", dict(ENTRY, id="CVE-2026-1"))
    assert found.ignoring(["GO-2026-1234", "CVE-2026-1"]).id == "CVE-2026-1"
    assert found.ignoring(["GO-2026-1234"]) is None


def test_an_entry_that_is_not_needed_is_a_warning():
    found = policy("2026-12-01", ENTRY, dict(ENTRY, id="GO-2026-2"))
    used = [found.ignoring(["GO-2026-2"])]
    (warning,) = found.warnings_of_unused(used, "in /src")
    assert warning.startswith("vulnerabilities.ignore: GO-2026-1234 is ignored, and was not found in /src")


@pytest.mark.parametrize(
    "change, field",
    [
        ({"id": "GO-2026-1234/../x"}, "ignore.id"),
        ({"id": ""}, "ignore.id"),
        ({"id": "go-2026-1234"}, "ignore.id"),
        ({"until": "2027-02-30"}, "ignore.until"),
        ({"until": "31.01.2027"}, "ignore.until"),
        ({"until": ""}, "ignore.until"),
        ({"why": ""}, "ignore.why"),
        ({"why": "two\nlines"}, "ignore.why"),
    ],
)
def test_an_entry_that_says_nothing_is_refused(change, field):
    with pytest.raises(InvalidInput, match=field):
        policy("2026-12-01", dict(ENTRY, **change))


@pytest.mark.parametrize("url", ["file://srv/db", "ftp://example.com", "/srv/db", "https://", "https://a b"])
def test_a_database_is_a_url(url):
    with pytest.raises(InvalidInput, match="database"):
        Policy({"database": url})


def test_a_slash_at_the_end_of_a_database_does_not_matter():
    assert Policy({"database": "file:///srv/db/"}).database == "file:///srv/db"
