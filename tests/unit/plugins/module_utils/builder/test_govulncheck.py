# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes of a scan. A script prints what govulncheck would; tests/system/audit has the real one."""

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError

CONFIG = {"config": {"protocol_version": "v1.0.0", "scanner_name": "govulncheck"}}
ID, MODULE = "GO-2026-1234", "example.com/lib"
ENTRY = {"osv": {"id": ID, "aliases": ["CVE-2026-1"], "summary": "Parse reads\n too far"}}
IGNORE = {"id": ID, "until": "2999-12-31", "why": "not parsed"}


def finding(**frame):
    trace = [dict({"module": MODULE, "version": "v1.0.0"}, **frame), {"module": "example.com/hello"}]
    return {"finding": {"osv": ID, "fixed_version": "v1.0.1", "trace": trace}}


REQUIRED = finding()
IMPORTED = finding(package=MODULE)
REACHED = finding(package=MODULE, function="Parse", receiver="Reader")


@pytest.fixture
def scanner(shop, tmp_path, monkeypatch):
    """A function: what the scanner prints from now on, and its exit status. It notes how it was called."""
    directory = tmp_path / "bin"
    directory.mkdir()

    def prints(*messages, code=0, text=None, errors=""):
        text = "\n".join(json.dumps(message, indent=1) for message in messages) if text is None else text
        (directory / "out").write_text(text, encoding="utf-8")
        (directory / "err").write_text(errors, encoding="utf-8")
        script = directory / "govulncheck"
        script.write_text(
            '#!/bin/sh\necho "$@" >>%s/calls\ncat %s/out\ncat %s/err >&2\nexit %d\n'
            % (directory, directory, directory, code),
            encoding="utf-8",
        )
        script.chmod(0o755)

    monkeypatch.setenv("PATH", str(directory) + os.pathsep + os.environ["PATH"])
    prints.calls = lambda: (directory / "calls").read_text(encoding="utf-8").splitlines()
    return prints


def built(shop, **vulnerabilities):
    return shop.build(version="1", gates=["govulncheck"], vulnerabilities=vulnerabilities)


def refusal(shop, **vulnerabilities):
    with pytest.raises(SlipwayError) as caught:
        built(shop, **vulnerabilities)
    assert not (shop.dest / "linux-amd64" / "hello").exists()
    return caught.value


def provenance(result):
    with open(result["artifacts"][0]["provenance"], encoding="utf-8") as handle:
        return json.load(handle)


def test_clean(shop, scanner):
    scanner(CONFIG, ENTRY, REQUIRED)
    result = built(shop, database="file:///srv/db/")
    assert result["gates"] == [{"name": "govulncheck", "ran": True, "due": True}]
    assert scanner.calls() == ["-json -db file:///srv/db ./..."]
    assert provenance(result)["ignored_vulnerabilities"] == []
    assert not built(shop, database="file:///srv/db/")["gates"][0]["due"]


@pytest.mark.parametrize(
    "level, messages, found",
    [
        ("reachable", [REQUIRED, IMPORTED], False),
        ("reachable", [REQUIRED, IMPORTED, REACHED], True),
        ("imported", [REQUIRED], False),
        ("imported", [IMPORTED, REQUIRED], True),
        ("required", [REQUIRED], True),
    ],
)
def test_found_is_what_the_level_counts(shop, scanner, level, messages, found):
    scanner(CONFIG, ENTRY, *messages)
    if not found:
        built(shop, level=level)
        return
    error = refusal(shop, level=level)
    assert "govulncheck found 1 vulnerabilities that" in str(error)
    assert "%s: %s v1.0.0, fixed in v1.0.1" % (ID, MODULE) in str(error)
    assert "Parse reads too far" in str(error)
    assert error.facts["gate"] == "govulncheck"
    assert error.facts["vulnerabilities"][0]["module"] == MODULE


def test_the_function_that_is_called_is_named(shop, scanner):
    scanner(CONFIG, ENTRY, REQUIRED, REACHED)
    assert "calls example.com/lib.Reader.Parse" in str(refusal(shop))


@pytest.mark.parametrize(
    "printed",
    [
        {"code": 1, "errors": "govulncheck: no such file or directory"},
        {"code": 1, "messages": [CONFIG], "errors": "govulncheck: no such file or directory"},
        {"code": 3, "errors": "govulncheck: no such file or directory"},
        {"text": "", "errors": "no such file or directory"},
        {"text": "no such file or directory"},
        {"messages": [ENTRY], "errors": "no such file or directory"},
        {"text": json.dumps(CONFIG) + "{", "errors": "no such file or directory"},
        {"messages": [CONFIG, {"finding": {"osv": ID, "trace": []}}], "errors": "no such file or directory"},
    ],
)
def test_a_scan_that_was_not_made_is_neither_clean_nor_found(shop, scanner, printed):
    scanner(*printed.pop("messages", ()), **printed)
    message = str(refusal(shop))
    assert message.startswith("govulncheck could not scan %s" % shop.source)
    assert "https://vuln.go.dev" in message and "found" not in message
    result = built(shop, level="advisory")
    assert any("could not scan" in warning for warning in result["warnings"])
    assert built(shop, level="advisory")["gates"][0]["due"], "it has not passed"


def test_advice_stops_nothing(shop, scanner):
    scanner(CONFIG, ENTRY, REACHED)
    (warning,) = built(shop, level="advisory")["warnings"]
    assert ID in warning


def test_what_is_ignored_is_in_the_provenance(shop, scanner):
    scanner(CONFIG, ENTRY, REACHED)
    result = built(shop, ignore=[dict(IGNORE, id="CVE-2026-1")])
    assert provenance(result)["ignored_vulnerabilities"] == [dict(IGNORE, id="CVE-2026-1")]
    assert result["warnings"] == []
    again = built(shop, ignore=[dict(IGNORE, id="CVE-2026-1")])
    assert not again["gates"][0]["due"]
    assert provenance(again)["ignored_vulnerabilities"] == [dict(IGNORE, id="CVE-2026-1")]


def test_an_entry_whose_day_is_over_ignores_nothing(shop, scanner):
    scanner(CONFIG, ENTRY)
    (warning,) = built(shop, ignore=[dict(IGNORE, until="2020-01-01")])["warnings"]
    assert "was ignored until 2020-01-01" in warning
    scanner(CONFIG, ENTRY, REACHED)
    with pytest.raises(SlipwayError, match="govulncheck found 1"):
        shop.build(
            version="1",
            force=True,
            gates=["govulncheck"],
            vulnerabilities={"ignore": [dict(IGNORE, until="2020-01-01")]},
        )


def test_another_list_of_what_is_ignored_is_another_scan(shop, scanner):
    scanner(CONFIG, ENTRY, REACHED)
    built(shop, ignore=[IGNORE])
    with pytest.raises(SlipwayError, match="govulncheck found 1"):
        built(shop)


def test_an_entry_that_is_not_needed_is_a_warning(shop, scanner):
    scanner(CONFIG)
    (warning,) = built(shop, ignore=[IGNORE])["warnings"]
    assert "%s is ignored, and was not found in %s" % (ID, shop.source) in warning


def test_the_tags_of_the_build_are_those_of_the_scan(shop, scanner):
    scanner(CONFIG)
    shop.build(version="1", gates=["govulncheck"], tags=["netgo", "sqlite"])
    assert scanner.calls() == ["-json -db https://vuln.go.dev -tags netgo,sqlite ./..."]
