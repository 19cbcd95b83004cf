# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tarballs of binaries that another tool built."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import prebuilt
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput, SlipwayError

from .workshop import Workshop, listed, pack

NOTHING_SAID = {"name": None, "version": None, "commit": None, "time": None, "static": "require"}


def read(path, target=None, **given):
    return prebuilt.read({"path": str(path), "target": target}, prebuilt.Given(**dict(NOTHING_SAID, **given)))


def compiled(shop, *flags, output="out/orders", **variables):
    """What a CI job's own `go build` makes."""
    path = shop.source / output
    environment = dict(os.environ, CGO_ENABLED="0", GOFLAGS="", **variables)
    subprocess.run(
        ["go", "build", "-p", "1", *flags, "-o", str(path), "."], cwd=shop.source, env=environment, check=True
    )
    return path


@pytest.fixture(scope="module")
def stamped(tmp_path_factory):
    """A binary that Go built in git, and its commit."""
    shop = Workshop(tmp_path_factory.mktemp("stamped"))
    commit = shop.commit(tag="v1.4.2")
    return compiled(shop, "-buildvcs=true"), commit


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Binaries without a version: for amd64 of level 3, and for ARM 6."""
    shop = Workshop(tmp_path_factory.mktemp("plain"))
    return (
        compiled(shop, GOARCH="amd64", GOAMD64="v3", output="x86/orders"),
        compiled(shop, GOARCH="arm", GOARM="6", output="arm/orders"),
    )


def content(path, name):
    with tarfile.open(path) as archive:
        top = archive.getnames()[0].partition("/")[0]
        return archive.extractfile("%s/%s" % (top, name)).read()


def test_a_binary_says_itself_what_it_is(stamped, tmp_path):
    path, commit = stamped
    one = read(path)
    assert one.artifact["name"] == "orders" and one.artifact["version"].split("+")[0] == "1.4.2"
    assert (one.artifact["commit"], one.artifact["time"]) == (commit, 1763600000)
    assert one.warnings == []
    result = pack([], tmp_path, prebuilt=[one], unit={})
    (packed,) = result["artifacts"]
    assert listed(packed["path"]) == [
        "manifest.json",
        "SHA256SUMS",
        "bin/orders",
        "install.sh",
        "provenance.json",
        "sbom.cdx.json",
        "systemd/orders.service",
    ]
    recorded = json.loads(content(packed["path"], "provenance.json"))
    assert recorded["built"] == "elsewhere" and recorded["inputs"] == {} and recorded["command"] == []
    assert recorded["build"]["settings"]["vcs.revision"] == commit
    assert str(path.parent).encode() not in content(packed["path"], "provenance.json")
    bill = json.loads(content(packed["path"], "sbom.cdx.json"))
    assert [entry["name"] for entry in bill["components"]] == ["std"]
    assert not pack([], tmp_path, prebuilt=[read(path)], unit={})["changed"]


def test_each_target_becomes_a_tarball(plain, tmp_path):
    said = {"version": "2.0.0", "commit": "abc", "time": 7}
    result = pack([], tmp_path, prebuilt=[read(path, **said) for path in plain])
    assert [os.path.basename(one["path"]) for one in result["artifacts"]] == [
        "orders-2.0.0-linux-amd64-v3.tar.gz",
        "orders-2.0.0-linux-arm-6.tar.gz",
    ]
    manifest = json.loads(content(result["artifacts"][1]["path"], "manifest.json"))
    assert (manifest["commit"], manifest["time"]) == ("abc", 7)


def test_beside_artifacts_of_build(built, plain, tmp_path):
    result = pack(built[:1], tmp_path, prebuilt=[read(plain[0], version="1")])
    assert [one["name"] for one in result["artifacts"]] == ["hello", "orders"]


def test_without_go_the_bill_lists_the_binary_alone_and_says_so(plain, tmp_path, monkeypatch):
    monkeypatch.setattr(prebuilt.go_buildinfo, "find", lambda _path: None)
    one = read(plain[0], version="1", target="linux/amd64/v3")
    assert "its modules are not known" in one.warnings[0]
    (packed,) = pack([], tmp_path, prebuilt=[one])["artifacts"]
    assert json.loads(content(packed["path"], "sbom.cdx.json"))["components"] == []
    assert read(plain[0], version="1").artifact["variant"] == "v1", "the default of the architecture"


def test_go_is_not_needed(plain, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(prebuilt.go_buildinfo.toolchains, "_USUAL_PLACE", "/nonexistent/go")
    assert read(plain[0], version="1").recorded["build"] == {}


def test_a_program_without_build_information_is_packaged_too(plain, tmp_path):
    spoiled = tmp_path / "orders"
    spoiled.write_bytes(plain[0].read_bytes().replace(b"\xff Go buildinf:", b"\xff no buildinf:"))
    assert "no build information" in read(spoiled, version="1").warnings[0]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "^/.*orders does not say its version: set the option version"),
        ({"version": "a/b"}, "version: 'a/b'"),
        ({"version": "1", "name": "Orders!"}, "name: 'Orders!'"),
        (
            {"version": "1", "target": "linux/arm64"},
            "should be linux/arm64/v8.0, but it was built for linux/amd64/v3",
        ),
        (
            {"version": "1", "target": "linux/amd64"},
            "should be linux/amd64/v1, but it was built for linux/amd64/v3",
        ),
        ({"version": "1", "target": "darwin/arm64"}, "binaries target: 'darwin/arm64'"),
    ],
)
def test_what_does_not_fit_the_binary_is_refused(plain, given, words):
    with pytest.raises(SlipwayError, match=words):
        read(plain[0], **given)


def test_a_file_that_is_not_there_and_one_that_is_no_program(tmp_path):
    with pytest.raises(InvalidInput, match="there is no such file"):
        read(tmp_path / "none", version="1")
    (tmp_path / "text").write_text("#!/bin/sh\n" * 9, encoding="utf-8")
    with pytest.raises(SlipwayError, match="ELF"):
        read(tmp_path / "text", version="1")


def test_a_program_for_another_system(shop):
    path = compiled(shop, GOOS="freebsd", GOARCH="amd64")
    with pytest.raises(InvalidInput, match="it is for freebsd/amd64, and the hosts run Linux"):
        read(path, version="1")


def test_a_binary_that_needs_a_library_of_the_host(tmp_path):
    path = shutil.copy(os.path.realpath(sys.executable), tmp_path / "orders")
    with pytest.raises(SlipwayError, match="is not static: it needs .*CGO_ENABLED=0"):
        read(path, version="1")
    assert "is not static" in read(path, version="1", static="warn").warnings[0]
    assert not any("static" in text for text in read(path, version="1", static="ignore").warnings)


def test_a_driver_that_is_a_stub_is_named(plain, monkeypatch):
    info = prebuilt.go_buildinfo.find(str(plain[0]))
    info.deps.append({"path": "github.com/mattn/go-sqlite3", "version": "v1.14.24", "sum": ""})
    monkeypatch.setattr(prebuilt.go_buildinfo, "find", lambda _path: info)
    (warning,) = read(plain[0], version="1").warnings
    assert "github.com/mattn/go-sqlite3 needs cgo" in warning and "modernc.org/sqlite" in warning
    monkeypatch.setattr(
        prebuilt.go_buildinfo,
        "find",
        lambda _path: info._replace(settings=dict(info.settings, CGO_ENABLED="1")),
    )
    assert read(plain[0], version="1").warnings == []


def test_a_binary_that_changes_while_it_is_packaged(plain, tmp_path):
    path = shutil.copy(plain[0], tmp_path / "orders")
    one = read(path, version="1")
    with open(path, "ab") as handle:
        handle.write(b"x")
    with pytest.raises(SlipwayError, match="modified since"):
        pack([], tmp_path, prebuilt=[one])


def test_nothing_to_package(tmp_path):
    with pytest.raises(InvalidInput, match="artifacts.*or in binaries"):
        pack([], tmp_path)


# --- several services in one directory --------------------------------------------------------------


def test_two_services_of_one_repository_share_dest_without_disturbing_each_other(shop):
    for name in ("a", "b"):
        shop.write("cmd/%s/main.go" % name, 'package main\n\nfunc main() { println("%s") }\n' % name)
    shop.commit(tag="v1.0.0")
    shop.write(".gitignore", "dist\n")
    shop.dest = shop.source / "dist" / "bin"
    options = {name: {"package": "./cmd/" + name, "name": name} for name in ("a", "b")}
    first = {name: shop.build(**options[name])["artifacts"] for name in ("a", "b")}
    dist = shop.source / "dist"
    tarballs = {name: pack(first[name], dist)["artifacts"][0] for name in ("a", "b")}
    for name in ("a", "b"):
        assert not shop.build(**options[name])["changed"] and not pack(first[name], dist)["changed"]
        output = subprocess.run([first[name][0]["path"]], check=True, stderr=subprocess.PIPE).stderr
        assert output.decode().strip() == name
        assert "bin/" + name in listed(tarballs[name]["path"])
    sums = (dist / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert [line.split("  ")[1] for line in sums] == [
        "a-1.0.0-linux-amd64.tar.gz",
        "b-1.0.0-linux-amd64.tar.gz",
    ]
    shop.replace("cmd/b/main.go", '"b"', '"bb"')
    assert not shop.build(**options["a"])["changed"], "what is edited for b is nothing to a"
    assert shop.build(**options["b"])["version"] == "1.0.0-dirty"


def test_two_services_that_are_packaged_at_the_same_time_are_both_in_the_checksums(built, plain, tmp_path):
    one = read(plain[0], version="1")
    threads = [
        threading.Thread(target=pack, args=(built, tmp_path)),
        threading.Thread(target=pack, args=([], tmp_path), kwargs={"prebuilt": [one]}),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len((tmp_path / "SHA256SUMS").read_text(encoding="utf-8").splitlines()) == 3
