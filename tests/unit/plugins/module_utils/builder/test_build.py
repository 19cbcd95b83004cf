# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `build` makes, and when it says that it changed something."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import toolchain as toolchains
from ansible_collections.slipway.golang.plugins.module_utils.common import canonical, elf

from .workshop import Workshop

STAMP = {"main.version": "{version}"}


def run(binary):
    """What the program prints."""
    return subprocess.run([binary], check=True, stderr=subprocess.PIPE).stderr.decode().strip()


@pytest.fixture
def started(monkeypatch):
    """The arguments of every start of Go."""
    calls = []
    original = toolchains.Toolchain.run
    monkeypatch.setattr(
        toolchains.Toolchain,
        "run",
        lambda self, arguments, *rest, **named: (
            calls.append(arguments[0]),
            original(self, arguments, *rest, **named),
        )[1],
    )
    return calls


def test_builds_a_static_binary_with_its_provenance_beside(shop):
    result = shop.build(stamp=STAMP, version="1.2.3")
    (artifact,) = result["artifacts"]
    assert result["changed"]
    assert artifact["path"] == str(shop.dest / "linux-amd64" / "hello")
    assert artifact["reasons"] == ["not built yet"]
    assert artifact["static"]
    assert artifact["size"] == os.path.getsize(artifact["path"])
    assert artifact["sha256"] == canonical.sha256_file(artifact["path"])
    assert run(artifact["path"]) == "hello 1.2.3"
    with open(artifact["provenance"], encoding="utf-8") as handle:
        provenance = json.load(handle)
    assert provenance["binary"]["sha256"] == artifact["sha256"]
    assert provenance["input_digest"] == artifact["input_digest"]
    assert provenance["command"][:2] == ["go", "build"]


def test_builds_all_targets_in_one_call(shop):
    result = shop.build(targets=["linux/amd64", "linux/arm/6", "linux/s390x"], jobs=2)
    found = [
        (artifact["goarch"], artifact["variant"], elf.read(artifact["path"]).goarch)
        for artifact in result["artifacts"]
    ]
    assert found == [("amd64", "v1", "amd64"), ("arm", "6", "arm"), ("s390x", "", "s390x")]
    assert not shop.build(targets=["linux/amd64", "linux/arm/6", "linux/s390x"])["changed"]


def test_a_second_run_changes_nothing_and_compiles_nothing(shop, started):
    first = shop.build()
    before = os.stat(first["artifacts"][0]["path"])
    started.clear()
    second = shop.build()
    assert not second["changed"]
    assert second["reasons"] == [] == second["commands"]
    assert started == ["list"]
    assert os.stat(first["artifacts"][0]["path"]).st_mtime_ns == before.st_mtime_ns
    assert second["artifacts"][0]["sha256"] == first["artifacts"][0]["sha256"]


def test_a_touched_file_is_no_change(shop, started):
    shop.build()
    os.utime(shop.source / "main.go", (1, 1))
    started.clear()
    assert not shop.build()["changed"]
    assert started == ["list"]


def test_a_changed_file_is_built_again(shop, started):
    shop.build(version="1")
    shop.replace("main.go", '"hello"', '"servus"')
    started.clear()
    result = shop.build(version="1")
    assert result["changed"]
    assert result["reasons"] == ["main.go changed"]
    assert started == ["list", "build", "version"]
    assert run(result["artifacts"][0]["path"]) == "servus dev"


def test_a_new_comment_that_changes_no_byte_is_built_and_is_no_change(shop):
    shop.write("inner/inner.go", 'package inner\n\nfunc Word() string { return "inner" }\n')
    shop.write(
        "use.go",
        'package main\n\nimport "example.com/hello/inner"\n\nfunc init() { println(inner.Word()) }\n',
    )
    first = shop.build(version="1")
    shop.replace("inner/inner.go", "}\n", "}\n\n// the end\n")
    second = shop.build(version="1")
    assert second["reasons"] == ["inner/inner.go changed"]
    assert not second["changed"]
    assert second["artifacts"][0]["sha256"] == first["artifacts"][0]["sha256"]
    assert shop.build(version="1")["reasons"] == []


def test_a_new_file_and_a_new_import_are_seen(shop):
    shop.build(version="1")
    shop.write("extra.go", "package main\n\nfunc init() { println(version) }\n")
    assert shop.build(version="1")["reasons"] == ["extra.go added"]
    shop.write("inner/inner.go", 'package inner\n\nfunc Word() string { return "inner" }\n')
    assert shop.build(version="1")["reasons"] == []
    shop.write(
        "extra.go",
        'package main\n\nimport "example.com/hello/inner"\n\nfunc init() { println(inner.Word()) }\n',
    )
    assert shop.build(version="1")["reasons"] == ["extra.go changed", "inner/inner.go added"]
    (shop.source / "extra.go").unlink()
    assert shop.build(version="1")["reasons"] == ["extra.go removed", "inner/inner.go removed"]


def test_tests_and_readmes_are_no_inputs(shop):
    shop.build(version="1")
    shop.write("README.md", "hello")
    shop.write("main_test.go", "package main\n")
    assert shop.build(version="1")["reasons"] == []


def test_a_file_for_another_platform_counts_where_it_is_compiled(shop):
    targets = ["linux/amd64", "linux/arm64"]
    shop.build(targets=targets, version="1")
    shop.write("only_arm64.go", "package main\n\nfunc init() { println(1) }\n")
    result = shop.build(targets=targets, version="1")
    assert [artifact["reasons"] for artifact in result["artifacts"]] == [[], ["only_arm64.go added"]]
    assert result["reasons"] == ["linux/arm64/v8.0: only_arm64.go added"]


def test_a_constraint_that_changes_is_seen(shop):
    shop.write("odd.go", "//go:build never\n\npackage main\n\nfunc init() { println(1) }\n")
    shop.build(version="1")
    shop.replace("odd.go", "never", "linux")
    assert shop.build(version="1")["reasons"] == ["odd.go added"]


def test_embedded_files_are_inputs_and_new_ones_are_seen(shop):
    shop.write(
        "web.go",
        'package main\n\nimport "embed"\n\n//go:embed web\nvar web embed.FS\n\n'
        'func init() { _, _ = web.ReadFile("x") }\n',
    )
    shop.write("web/index.html", "one")
    shop.write("web/deep/app.js", "one")
    shop.build(version="1", embed=["web/*.html", "web/deep/*"])
    shop.write("web/index.html", "two")
    assert shop.build(version="1")["reasons"] == ["web/index.html changed"]
    shop.write("web/deep/more.js", "three")
    assert shop.build(version="1")["reasons"] == ["web/deep/more.js added"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"ldflags": []}, "ldflags: -s -w -> none"),
        ({"tags": ["extra"]}, "tags: none -> extra"),
        ({"trimpath": False}, "trimpath: true -> false"),
        ({"stamp": {"main.version": "9"}}, "stamp main.version: none -> 9"),
        ({"gcflags": ["-l"]}, "gcflags: none -> -l"),
        ({"environment": {"GOEXPERIMENT": "nodwarf5"}}, "environment GOEXPERIMENT: none -> nodwarf5"),
        ({"force": True}, "force was set"),
    ],
)
def test_a_changed_option_is_named_as_the_reason(shop, options, reason):
    shop.build(version="1")
    assert reason in shop.build(version="1", check_mode=True, **options)["reasons"]


def test_an_altered_binary_is_built_again(shop):
    path = shop.binary()
    good = canonical.sha256_file(path)
    with open(path, "r+b") as handle:
        handle.seek(5000)
        handle.write(b"\xff\x00\xff")
    result = shop.build()
    assert result["changed"]
    assert result["reasons"] == ["the binary was modified after it was built"]
    assert canonical.sha256_file(path) == good


@pytest.mark.parametrize(
    "spoil",
    [
        os.unlink,
        lambda path: os.chmod(path, 0o600),
        lambda path: (os.unlink(path), os.symlink("/bin/true", path)),
    ],
)
def test_a_binary_that_is_missing_unusable_or_a_link_is_put_right(shop, spoil):
    path = shop.binary()
    spoil(path)
    assert shop.build()["changed"]
    assert os.stat(path, follow_symlinks=False).st_mode & 0o7777 == 0o755
    assert run(path) == "hello dev"
    assert not shop.build()["changed"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', "null"])
def test_a_damaged_provenance_is_written_again(shop, text):
    result = shop.build()
    (shop.dest / "linux-amd64" / "hello.provenance.json").write_text(text, encoding="utf-8")
    assert "its provenance is missing" in shop.build()["reasons"][0]
    assert shop.build()["artifacts"][0]["sha256"] == result["artifacts"][0]["sha256"]


def test_check_mode_writes_nothing_and_says_why(shop, started):
    result = shop.build(check_mode=True)
    assert result["changed"]
    assert result["artifacts"][0]["size"] is None
    assert not shop.dest.exists()
    assert "build" not in started
    shop.build(version="1")
    shop.replace("main.go", "hello", "servus")
    result = shop.build(version="1", check_mode=True)
    assert result["reasons"] == ["main.go changed"]
    (diff,) = result["diff"]
    assert "file main.go: " in diff["before"]
    assert diff["before"] != diff["after"]
    assert run(str(shop.dest / "linux-amd64" / "hello")) == "hello dev"


def test_two_directories_and_two_umasks_give_the_same_bytes(tmp_path):
    seen = set()
    for directory, mask in (("a", 0o022), ("b/deeper", 0o077)):
        old = os.umask(mask)
        try:
            shop = Workshop(tmp_path / directory)
            shop.commit(tag="v1.0.0")
            (artifact,) = shop.build(stamp=STAMP, gates=["vet"])["artifacts"]
        finally:
            os.umask(old)
        with open(artifact["provenance"], "rb") as handle:
            provenance = handle.read()
        assert str(tmp_path).encode() not in provenance
        seen.add(
            (
                artifact["sha256"],
                canonical.sha256(provenance),
                artifact["input_digest"],
                os.stat(artifact["path"]).st_mode,
            )
        )
    assert len(seen) == 1


def test_version_commit_and_time_come_from_git(shop):
    commit = shop.commit(tag="v1.4.2")
    result = shop.build(stamp={"main.version": "{version} {commit} {time}"})
    assert (result["version"], result["commit"], result["time"], result["dirty"]) == (
        "1.4.2",
        commit,
        1763600000,
        False,
    )
    assert run(result["artifacts"][0]["path"]) == "hello 1.4.2 %s 2025-11-20T00:53:20Z" % commit


def test_dirty_means_that_something_compiled_differs_from_the_commit(shop):
    shop.dest = shop.source / "dist"
    shop.commit(tag="v1.0.0")
    shop.build()
    shop.write("notes.txt", "untracked, and not compiled")
    result = shop.build()
    assert (result["version"], result["dirty"], result["changed"]) == ("1.0.0", False, False)
    shop.replace("main.go", "hello", "servus")
    assert shop.build(check_mode=True)["version"] == "1.0.0-dirty"
    shop.git("checkout", "-q", "main.go")
    shop.write("inner/inner.go", "package inner\n")
    shop.write("use.go", 'package main\n\nimport _ "example.com/hello/inner"\n')
    assert shop.build(check_mode=True)["dirty"]


def test_a_commit_that_touches_no_input_only_renames(shop, started):
    shop.commit(tag="v1.0.0")
    first = shop.build()
    shop.write("README.md", "x")
    shop.commit(tag="v1.0.1")
    started.clear()
    second = shop.build()
    assert second["changed"]
    assert second["artifacts"][0]["sha256"] == first["artifacts"][0]["sha256"]
    assert "version: 1.0.0 -> 1.0.1" in second["reasons"]
    assert started == ["list"]
    assert not shop.build()["changed"]


def test_a_foreign_git_tree_around_the_source_is_not_its_history(shop):
    shop.write("README.md", "x")
    shop.git("init", "-q")
    shop.git("add", "README.md")
    shop.git("commit", "-qm", "without the module")
    result = shop.build()
    assert result["commit"] == ""
    assert result["version"].startswith("0.0.0-")


def test_without_git_the_version_follows_the_content_and_not_the_targets(shop):
    one = shop.build(check_mode=True, targets=["linux/amd64"])["version"]
    assert one == shop.build(check_mode=True, targets=["linux/amd64", "linux/s390x"])["version"]
    shop.replace("main.go", "hello", "servus")
    assert one != shop.build(check_mode=True)["version"]


def test_name_comes_from_the_package_or_the_module(tmp_path):
    shop = Workshop(tmp_path, name="orders/v2")
    assert shop.request().name == "orders"
    shop.write("cmd/worker/main.go", "package main\n\nfunc main() {}\n")
    assert shop.request(package="cmd/worker").name == "worker"
    assert shop.build(package="cmd/worker", name="jobs")["artifacts"][0]["path"].endswith("/jobs")


def test_obsolete_flags_are_left_out_with_a_warning(shop):
    result = shop.build(flags=["-a", "-installsuffix", "cgo"], ldflags=["-s", "-w", "-a"])
    assert not any("-a" in command or "cgo" in command for command in result["commands"])
    assert sorted({warning.split(" was")[0] for warning in result["warnings"]}) == [
        "flags: -a",
        "flags: -installsuffix",
        "ldflags: -a",
    ]


def test_the_environment_of_the_builder_does_not_leak(shop, monkeypatch):
    first = shop.build(version="1")
    monkeypatch.setenv("GOFLAGS", "-tags=leak")
    monkeypatch.setenv("GOAMD64", "v3")
    monkeypatch.setenv("CGO_ENABLED", "1")
    second = shop.build(version="1", force=True)
    assert second["artifacts"][0]["sha256"] == first["artifacts"][0]["sha256"]


def test_a_profile_is_an_input(shop):
    shop.build(version="1")
    profile = shop.write("default.pgo", "")
    assert shop.build(version="1", check_mode=True)["reasons"][0].startswith("pgo: none -> ")
    assert shop.build(version="1", check_mode=True, pgo="off")["reasons"] == ["pgo: none -> off"]
    profile.unlink()


def test_a_vendored_module_is_built_without_a_network(shop):
    shop.write("go.mod", "module example.com/hello\n\ngo 1.21\n\nrequire example.com/lib v1.0.0\n")
    shop.write("vendor/modules.txt", "# example.com/lib v1.0.0\n## explicit; go 1.21\nexample.com/lib\n")
    shop.write(
        "vendor/example.com/lib/lib.go",
        'package lib\n\nvar Version = "none"\n\nfunc Word() string { return Version }\n',
    )
    shop.write("main.go", 'package main\n\nimport "example.com/lib"\n\nfunc main() { println(lib.Word()) }\n')
    options = {"version": "1", "mod": "vendor", "offline": True, "stamp": {"example.com/lib.Version": "7"}}
    assert run(shop.binary(**options)) == "7"
    shop.replace("vendor/example.com/lib/lib.go", "none", "other")
    assert shop.build(check_mode=True, **options)["reasons"] == ["vendored package example.com/lib changed"]


def test_a_replaced_directory_is_an_input(shop):
    shop.write(
        "go.mod",
        "module example.com/hello\n\ngo 1.21\n\n"
        "require example.com/lib v1.0.0\n\nreplace example.com/lib => ../lib\n",
    )
    shop.write("main.go", 'package main\n\nimport "example.com/lib"\n\nfunc main() { println(lib.Word()) }\n')
    shop.write("../lib/go.mod", "module example.com/lib\n\ngo 1.21\n")
    shop.write("../lib/lib.go", 'package lib\n\nfunc Word() string { return "one" }\n')
    shop.build(version="1")
    shop.replace("../lib/lib.go", "one", "two")
    assert shop.build(version="1")["reasons"] == ["example.com/lib/lib.go changed"]


def test_gates_run_once_for_the_same_code(shop, started):
    shop.write(
        "main_test.go",
        'package main\n\nimport "testing"\n\n'
        'func TestVersion(t *testing.T) { if version != "dev" { t.Fatal(version) } }\n',
    )
    result = shop.build(version="1", gates=["vet", "test"])
    assert result["gates"] == [
        {"name": "vet", "ran": True, "due": True},
        {"name": "test", "ran": True, "due": True},
    ]
    started.clear()
    assert not shop.build(version="1", gates=["vet", "test"])["gates"][0]["due"]
    assert started == ["list"]
    started.clear()
    shop.replace("main_test.go", "t.Fatal(version)", "t.Fatal()")
    result = shop.build(version="1", gates=["vet", "test"])
    assert result["gates"][1] == {"name": "test", "ran": True, "due": True}
    assert sorted(started) == ["list", "test", "vet"]
    assert not result["changed"]
    assert not shop.build(version="1", check_mode=True, gates=["vet", "test"])["gates"][1]["due"]


def test_leftovers_of_a_killed_build_are_swept(shop):
    shop.build()
    old = shop.dest / "linux-amd64" / ".hello-build-dead"
    old.mkdir()
    os.utime(old, (1, 1))
    shop.build(force=True)
    assert sorted(os.listdir(old.parent)) == ["hello", "hello.provenance.json"]
