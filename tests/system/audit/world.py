# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an audit needs: a module with two versions, a database with an entry about it, govulncheck."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

from support import lab

GOVULNCHECK = "v1.9.0"
LIB = "example.test/lib"
ID = "GO-2026-9001"
OLD, NEW = "v1.0.0", "v1.1.0"
SOURCE = """package lib

// Parse has a vulnerability in {version}.
func Parse(text string) int {{ return len(text) }}
"""
MAIN = """package main

import (
    "net"
    "os"

    "example.test/lib"
)

var version = "dev"

// Without net/http, whose calls take govulncheck most of its time.
func main() {
    listener, err := net.Listen("tcp", ":"+os.Getenv("PORT"))
    for err == nil {
        var connection net.Conn
        if connection, err = listener.Accept(); err == nil {
            println(version, lib.Parse(connection.RemoteAddr().String()))
            connection.Close()
        }
    }
    panic(err)
}
"""


def write_proxy(directory: Path) -> str:
    """A module proxy with both versions of the module; its URL."""
    home = directory / LIB / "@v"
    home.mkdir(parents=True)
    (home / "list").write_text("%s\n%s\n" % (OLD, NEW))
    for version in (OLD, NEW):
        mod = "module %s\n\ngo 1.21\n" % LIB
        (home / (version + ".info")).write_text(json.dumps({"Version": version}))
        (home / (version + ".mod")).write_text(mod)
        with zipfile.ZipFile(home / (version + ".zip"), "w") as archive:
            archive.writestr("%s@%s/go.mod" % (LIB, version), mod)
            archive.writestr("%s@%s/lib.go" % (LIB, version), SOURCE.format(version=version))
    return directory.as_uri()


def write_database(directory: Path) -> str:
    """A database with an entry about the old version, and one about a package for Windows; its URL."""
    modified = "2026-11-27T18:02:11Z"
    files = {
        "index/db": {"modified": modified},
        "index/modules": [
            {
                "path": LIB,
                "vulns": [{"id": ID, "modified": modified, "fixed": NEW[1:]}, {"id": "GO-2026-9002"}],
            }
        ],
        "ID/" + ID: _entry(ID, modified, {"path": LIB, "symbols": ["Parse"]}),
        "ID/GO-2026-9002": _entry("GO-2026-9002", modified, {"path": LIB + "/windows", "goos": ["windows"]}),
    }
    for name, value in files.items():
        path = directory / (name + ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))
    return directory.as_uri()


def _entry(name, modified, package):
    return {
        "schema_version": "1.3.1",
        "id": name,
        "modified": modified,
        "published": modified,
        "aliases": ["CVE-2026-%s" % name[-4:]],
        "summary": "Parse reads too far in %s" % LIB,
        "details": "Parse reads too far.",
        "affected": [
            {
                "package": {"name": LIB, "ecosystem": "Go"},
                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": NEW[1:]}]}],
                "ecosystem_specific": {"imports": [package]},
            }
        ],
        "database_specific": {"url": "https://example.test/" + name},
    }


def write_source(directory: Path, version: str) -> Path:
    """The source of a service that calls the module."""
    directory.mkdir()
    (directory / "main.go").write_text(MAIN)
    (directory / "go.mod").write_text(
        "module example.test/orders\n\ngo 1.21\n\nrequire %s %s\n" % (LIB, version)
    )
    return directory


def govulncheck() -> Path:
    """The real one, of a fixed version, built once in a checkout."""
    home = lab.CHECKOUT / ".work" / "programs" / ("govulncheck-" + GOVULNCHECK)
    program = home / "govulncheck"
    if not program.exists():
        environment = dict(os.environ, GOBIN=str(home), CGO_ENABLED="0", GOFLAGS="-trimpath")
        module = "golang.org/x/vuln/cmd/govulncheck@" + GOVULNCHECK
        lab.call([lab.find_go(), "install", module], environment=environment)
    return program
