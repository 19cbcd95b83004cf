# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an audit says, from what the hosts answered and what a database knows."""

from __future__ import annotations

import datetime

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.common.vulnerabilities import Policy
from ansible_collections.slipway.golang.plugins.plugin_utils.audit import Report
from ansible_collections.slipway.golang.plugins.plugin_utils.vulndb import Found, Scan

BAD = Found("GO-2026-1", ("GO-2026-1", "CVE-2026-1"), "example.com/lib", "v1.0.0", "v1.0.1", "Bad")
OLD, NEW = "1.0.0-0a1b2c3d4e5f", "1.1.0-0a1b2c3d4e5f"
IGNORE = {"id": "CVE-2026-1", "until": "2027-01-31", "why": "not parsed"}
TODAY = datetime.date(2026, 11, 28)


class Known:
    """A database that knows one bad version, and counts how often it is asked."""

    modified = "2026-11-27T18:02:11Z"

    def __init__(self, url):
        self.scans = 0

    def scan(self, modules, goarch):
        self.scans += 1
        assert goarch == "amd64"
        found = [BAD] if any(module.version == "v1.0.0" for module in modules) else []
        return Scan(found, ["example.com/x has the version 'odd'"] if modules[0].version == "odd" else [])


def answer(version="v1.0.0", release=OLD, **more):
    found = {
        "release": release,
        "version": release.split("-")[0],
        "target": "linux/amd64/v1",
        "digest": "digest of " + version,
        "main": "",
        "modules": [["example.com/lib", version, ""]],
        "since": "2026-11-02T09:14:20Z",
    }
    return dict(found, **more)


def audited(answers, options=None, database=Known):
    report = Report()
    policies = {host: Policy((options or {}).get(host), TODAY) for host in answers}
    for host, said in answers.items():
        report.add(host, said, policies[host], database)
    report.warn(policies)
    return report


def test_the_one_host_with_the_old_module_is_named():
    report = audited({"web1": answer("v1.0.1", NEW), "web2": answer(), "web3": answer("v1.0.1", NEW)})
    assert report.failed
    (row,) = report.as_dict()["found"]
    assert row == {
        "host": "web2",
        "release": OLD,
        "since": "2026-11-02T09:14:20Z",
        "id": "GO-2026-1",
        "aliases": ["CVE-2026-1"],
        "module": "example.com/lib",
        "version": "v1.0.0",
        "fixed": "v1.0.1",
        "summary": "Bad",
        "ignored": None,
    }
    lines = report.lines()
    assert lines[:2] == [
        "Audit: 3 hosts scanned, 1 vulnerabilities on 1 hosts",
        "database https://vuln.go.dev of 2026-11-27",
    ]
    assert lines[3].split() == ["HOST", "RELEASE", "SINCE", "ID", "MODULE", "FIXED", "IN"]
    assert lines[4].split() == [
        "web2",
        OLD,
        "2026-11-02T09:14:20Z",
        "GO-2026-1",
        "example.com/lib",
        "v1.0.0",
        "v1.0.1",
    ]
    assert len(lines) == 5


def test_clean():
    report = audited({"web1": answer("v1.0.1")})
    assert not report.failed and report.lines()[0] == "Audit: 1 hosts scanned, none found"


def test_one_scan_for_each_bill_and_one_database_for_all():
    made = []

    def database(url):
        made.append(Known(url))
        return made[-1]

    audited({"web1": answer(), "web2": answer("v1.0.1"), "web3": answer()}, database=database)
    assert [known.scans for known in made] == [2]


@pytest.mark.parametrize(
    "said, why",
    [
        ({}, "it gave no answer"),
        (
            {"unreachable": True, "msg": "Failed to connect\nto the host"},
            "unreachable: Failed to connect to the host",
        ),
        ({"failed": True, "msg": "orders.service does not run"}, "orders.service does not run"),
        (answer(modules=None), "its answer cannot be read"),
        (answer(modules=[["a"]]), "its answer cannot be read"),
        (answer(release="../x"), "its answer cannot be read"),
        (answer(target="linux"), "its answer cannot be read"),
        ({"msg": "a\x1b[31mb"}, "a?[31mb"),
    ],
)
def test_a_host_that_was_not_scanned_is_not_clean(said, why):
    report = audited({"web1": answer("v1.0.1"), "web2": said})
    assert report.failed and report.not_scanned == {"web2": [why]}
    assert "  web2: " + why in report.lines()
    assert "1 hosts not, or not wholly, scanned" in report.headline()


def test_a_module_that_was_not_compared_is_not_clean():
    report = audited({"web1": answer("odd")})
    assert report.failed and report.scanned == ["web1"]
    assert report.not_scanned == {"web1": ["example.com/x has the version 'odd'"]}


def test_without_its_database_no_host_is_scanned():
    def broken(url):
        raise SlipwayError("the database %s cannot be read" % url)

    report = audited({"web1": answer(), "web2": answer()}, database=broken)
    assert report.failed and set(report.not_scanned) == {"web1", "web2"} and not report.scanned


def test_what_is_ignored_is_shown_and_does_not_fail():
    report = audited({"web1": answer()}, {"web1": {"ignore": [IGNORE]}})
    assert not report.failed and not report.warnings
    assert report.as_dict()["found"] == [] and report.as_dict()["ignored"][0]["ignored"] == IGNORE
    assert report.lines()[-1] == "web1: GO-2026-1 is ignored until 2027-01-31: not parsed"


def test_an_entry_whose_day_is_over_counts_again():
    report = audited({"web1": answer()}, {"web1": {"ignore": [dict(IGNORE, until="2026-11-27")]}})
    assert report.failed
    assert [words[:44] for words in report.warnings] == ["vulnerabilities.ignore: CVE-2026-1 was ignor"]


def test_an_entry_that_no_host_needs_is_one_warning():
    options = {"ignore": [IGNORE]}
    hosts = {"web1": options, "web2": options}
    report = audited({"web1": answer("v1.0.1"), "web2": answer("v1.0.1")}, hosts)
    (warning,) = report.warnings
    assert "CVE-2026-1 is ignored, and was not found on web1, web2" in warning
    assert audited({"web1": answer("v1.0.1"), "web2": answer()}, hosts).warnings == []
    # Of a host that was not scanned nobody knows.
    assert audited({"web1": answer("v1.0.1"), "web2": {}}, hosts).warnings == []


def test_advice_fails_nothing():
    report = audited({"web1": answer(), "web2": {}}, dict.fromkeys(("web1", "web2"), {"level": "advisory"}))
    assert not report.failed and report.found and report.not_scanned
    assert audited({"web1": answer(), "web2": answer()}, {"web1": {"level": "advisory"}}).failed


def test_a_time_that_is_none_is_not_shown():
    report = audited({"web1": answer(since="\x1b[2J")})
    assert report.as_dict()["found"][0]["since"] is None
