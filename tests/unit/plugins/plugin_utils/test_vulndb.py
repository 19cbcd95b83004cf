# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions of modules against a database of invented entries, from files and over HTTP."""

from __future__ import annotations

import functools
import http.server
import json
import threading

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.plugin_utils import vulndb
from ansible_collections.slipway.golang.plugins.plugin_utils.vulndb import Database, Module, parsed

LIB = "example.com/lib"
DAMAGED = (
    '{"affected": [{"package": {"name": "example.com/lib"}, "ranges": [{"type": "SEMVER", "events": [%s]}]}]}'
)


def entry(*events, id="GO-2026-1", module=LIB, imports=None, **more):
    affected = {
        "package": {"name": module, "ecosystem": "Go"},
        "ranges": [{"type": "SEMVER", "events": list(events)}],
        "ecosystem_specific": {"imports": imports or []},
    }
    return dict({"id": id, "aliases": ["CVE-" + id[3:]], "summary": "Bad", "affected": [affected]}, **more)


@pytest.fixture
def write(tmp_path):
    """A function that writes a database of these entries, and returns its URL."""

    def write(*entries):
        of_module = {}
        for one in entries:
            for affected in one["affected"]:
                of_module.setdefault(affected["package"]["name"], []).append({"id": one["id"]})
        files = {"ID/" + one["id"]: one for one in entries}
        files["index/db"] = {"modified": "2026-11-27T18:02:11Z"}
        files["index/modules"] = [{"path": path, "vulns": ids} for path, ids in of_module.items()]
        for name, value in files.items():
            path = tmp_path / "db" / (name + ".json")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(value), encoding="utf-8")
        return (tmp_path / "db").as_uri()

    return write


def found(url, *modules, goarch="amd64"):
    return [(one.id, one.version, one.fixed) for one in Database(url).scan(list(modules), goarch).found]


ORDER = (
    "v0.0.0-20200101000000-abcdefabcdef",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "v1.0.0",
    "v1.0.1-0.20200101000000-abcdefabcdef",
    "1.0.1+incompatible",
    "1.2",
    "1.10.0",
    "go1.26beta1",
    "1.26rc1",
    "go1.26rc2",
    "1.26",
    "go1.26.8",
    "v2.0.0",
)


def test_versions_are_ordered_as_go_orders_them():
    assert sorted(ORDER, key=parsed) == list(ORDER)
    assert len({parsed(text) for text in ORDER}) == len(ORDER)


@pytest.mark.parametrize("text", ["", "unknown", "(devel)", "devel go1.27-ab", "v1.x", "1.2.3.4", "01.2.3"])
def test_what_is_no_version(text):
    assert parsed(text) is None


@pytest.mark.parametrize(
    "version, fixed",
    [
        ("v0.9.0", "v1.0.1"),
        ("v0.0.0-20200101000000-abcdefabcdef", "v1.0.1"),
        ("v1.0.1-rc.1", "v1.0.1"),
        ("v1.0.1", None),
        ("v1.1.0", "v1.1.3"),
        ("v1.1.3", None),
        ("v1.9.0", None),
        ("v2.0.0", ""),
        ("v2.5.0", ""),
    ],
)
def test_a_version_is_in_a_range_or_is_not(write, version, fixed):
    url = write(
        entry(
            {"introduced": "1.1.0"},  # in any order
            {"introduced": "0"},
            {"fixed": "1.0.1"},
            {"fixed": "1.1.3"},
            {"introduced": "2.0.0"},
        )
    )
    expected = [] if fixed is None else [("GO-2026-1", version, fixed)]
    assert found(url, Module(LIB, version)) == expected


def test_the_last_version_of_a_range_may_be_named(write):
    url = write(entry({"introduced": "1.0.0"}, {"last_affected": "1.2.0"}))
    assert found(url, Module(LIB, "v1.2.0")) == [("GO-2026-1", "v1.2.0", "")]
    assert found(url, Module(LIB, "v1.2.1")) == found(url, Module(LIB, "v0.9.0")) == []


def test_go_itself_is_a_module(write):
    url = write(entry({"introduced": "0"}, {"fixed": "1.26.3"}, module="stdlib"))
    assert found(url, Module("stdlib", "1.26.2")) == [("GO-2026-1", "go1.26.2", "go1.26.3")]
    assert found(url, Module("stdlib", "1.26.3")) == []


def test_only_what_is_for_this_platform_counts(write):
    url = write(
        entry({"introduced": "0"}, id="GO-2026-1", imports=[{"path": LIB, "goos": ["windows"]}]),
        entry({"introduced": "0"}, id="GO-2026-2", imports=[{"path": LIB, "goarch": ["arm64"]}]),
        entry({"introduced": "0"}, id="GO-2026-3", imports=[{"path": LIB, "goos": ["linux", "darwin"]}]),
        entry({"introduced": "0"}, id="GO-2026-4", withdrawn="2026-11-01T00:00:00Z"),
        entry({"introduced": "0"}, id="GO-2026-5", module="example.com/other"),
    )
    assert [one[0] for one in found(url, Module(LIB, "v1.0.0"))] == ["GO-2026-3"]
    assert [one[0] for one in found(url, Module(LIB, "v1.0.0"), goarch="arm64")] == ["GO-2026-2", "GO-2026-3"]


def test_a_version_that_cannot_be_compared_is_said_where_it_matters(write):
    url = write(entry({"introduced": "0"}))
    modules = [
        Module(LIB, "unknown"),
        Module("./lib", "", LIB + " v1.0.0"),
        Module("./ours", "", "example.com/ours v1.0.0"),
        Module("example.com/ours", "unknown"),
    ]
    scan = Database(url).scan(modules, "amd64")
    assert scan.found == []
    assert scan.unknown == [
        "example.com/lib has the version 'unknown'",
        "example.com/lib v1.0.0 is replaced by './lib', whose version is not known",
    ]


@pytest.mark.parametrize(
    "name, content",
    [
        ("index/db", None),
        ("index/modules", None),
        ("index/modules", "{}"),
        ("index/modules", "<html>"),
        ("ID/GO-2026-1", None),
        ("ID/GO-2026-1", "[]"),
        ("index/modules", '[{"vulns": []}]'),
        ("index/modules", '[{"path": "example.com/lib", "vulns": ["GO-2026-1"]}]'),
        ("ID/GO-2026-1", '{"affected": [{}]}'),
        ("ID/GO-2026-1", '{"affected": ["x"]}'),
        ("ID/GO-2026-1", DAMAGED % "{}"),
        ("ID/GO-2026-1", DAMAGED % '"introduced"'),
    ],
)
def test_a_database_that_cannot_be_read_is_no_clean_one(write, tmp_path, name, content):
    url = write(entry({"introduced": "0"}))
    path = tmp_path / "db" / (name + ".json")
    path.unlink()
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(SlipwayError, match="the database %s cannot be read: %s.json" % (url, name)):
        found(url, Module(LIB, "v1.0.0"))


def test_an_id_stays_in_the_database(write, tmp_path):
    url = write(entry({"introduced": "0"}))
    index = tmp_path / "db" / "index" / "modules.json"
    index.write_text(json.dumps([{"path": LIB, "vulns": [{"id": "../../etc/x"}]}]), encoding="utf-8")
    with pytest.raises(SlipwayError, match="it has the id"):
        found(url, Module(LIB, "v1.0.0"))


@pytest.fixture
def over_http(tmp_path):
    """A server of the database, and what it was asked."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *dummy):
            asked.append(self.path)

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(tmp_path / "db"))
    )
    threading.Thread(target=server.serve_forever).start()
    yield "http://127.0.0.1:%d" % server.server_port, asked
    server.shutdown()
    server.server_close()


def test_over_http_an_entry_is_asked_for_once(write, over_http):
    write(entry({"introduced": "0"}))
    url, asked = over_http
    database = Database(url)
    assert database.modified == "2026-11-27T18:02:11Z"
    for dummy in range(2):
        assert len(database.scan([Module(LIB, "v1.0.0")], "amd64").found) == 1
    assert asked == ["/index/db.json", "/index/modules.json", "/ID/GO-2026-1.json"]


def test_a_server_that_refuses_is_no_clean_database(over_http):
    with pytest.raises(SlipwayError, match="index/db.json"):
        Database(over_http[0])


def test_the_modules_of_an_answer_are_those_of_the_program_and_its_own():
    answer = {
        "version": "2.8.4",
        "main": "pkg:golang/example.com/orders@2.8.4",
        "modules": [[LIB, "v1.0.0", ""], ["std", "1.26.8", ""]],
    }
    assert vulndb.modules_of(answer) == [
        Module("example.com/orders", "2.8.4"),
        Module(LIB, "v1.0.0"),
        Module("stdlib", "1.26.8"),
    ]
    assert len(vulndb.modules_of(dict(answer, main=""))) == 2
