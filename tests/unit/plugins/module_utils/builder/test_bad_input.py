# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `build` says to what it cannot do: each message names the thing and a way out."""

from __future__ import annotations

import os
import subprocess

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import request
from ansible_collections.slipway.golang.plugins.module_utils.common import canonical
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput, SlipwayError


def refused(shop, **options):
    """The message of the refusal; and nothing was left behind."""
    with pytest.raises(SlipwayError) as caught:
        shop.build(**options)
    directory = shop.dest / "linux-amd64"
    assert not directory.exists() or not [name for name in os.listdir(directory) if "-build-" in name]
    return str(caught.value)


def test_go_that_is_not_there(shop):
    message = refused(shop, go="/nowhere/go")
    assert "'/nowhere/go'" in message
    assert "go_toolchain" in message


def test_go_that_is_something_else(shop):
    assert "does not behave as Go" in refused(shop, go="true")


def test_go_that_is_too_old_for_go_mod(shop):
    shop.write("go.mod", "module example.com/hello\n\ngo 1.99\n")
    message = refused(shop)
    assert "needs Go 1.99" in message
    assert "GOTOOLCHAIN: auto" in message


def test_a_directory_that_is_no_module(shop):
    (shop.source / "go.mod").unlink()
    assert "go mod init" in refused(shop)


def test_a_directory_within_a_module(shop):
    (shop.source / "inner").mkdir()
    with pytest.raises(InvalidInput, match=r"package: \./inner"):
        shop.build(source=str(shop.source / "inner"))


def test_a_source_that_does_not_exist(shop):
    with pytest.raises(InvalidInput, match="no such directory"):
        shop.build(source=str(shop.root / "none"))


def test_a_go_mod_that_go_cannot_read(shop):
    shop.write("go.mod", "module example.com/hello\n\nrequires nonsense\n")
    message = refused(shop)
    assert "Go cannot read" in message and "go.mod; correct it" in message


def test_a_package_that_is_no_program_names_those_that_are(shop):
    shop.write("inner/inner.go", "package inner\n")
    shop.write("cmd/app/main.go", "package main\n\nfunc main() {}\n")
    message = refused(shop, package="./inner")
    assert "no main package at ./inner" in message
    assert "./cmd/app" in message


def test_a_package_without_files(shop):
    (shop.source / "empty").mkdir()
    message = refused(shop, package="./empty")
    assert "no main package at ./empty" in message


@pytest.mark.parametrize(
    "package",
    ["main.go", "./cmd/main.go", "-x", "./...", "/etc", "../other", "a b", "x;y", "'x'", "", "a@v1", "./a\n"],
)
def test_package_paths_that_are_none(shop, package):
    assert refused(shop, package=package).startswith("package: ")


@pytest.mark.parametrize("name", ["Big", "-x", "a b", "../x", "a/b", "x" * 32, "'q'", "1a"])
def test_names_that_cannot_be_a_service(shop, name):
    assert refused(shop, name=name).startswith("name: ")


@pytest.mark.parametrize("version", ["-1", "1 2", "a/b", "1..2", "'1'", "x" * 65])
def test_versions_that_cannot_be_a_directory(shop, version):
    assert refused(shop, version=version).startswith("version: ")


def test_a_tag_that_cannot_be_a_directory(shop):
    shop.commit(tag="release#1")
    assert "set the option version" in refused(shop)


def test_a_compile_error_is_told_in_the_compiler_s_words(shop):
    path = shop.binary()
    before = canonical.sha256_file(path)
    shop.replace("main.go", "version)", "versoin)")
    message = refused(shop)
    assert "main.go:5:32: undefined: versoin" in message
    assert "Traceback" not in message
    assert canonical.sha256_file(path) == before


def test_a_long_compile_error_is_cut(shop):
    shop.write(
        "bad.go",
        "package main\n\n" + "".join("func f%d() int { return undefined%d }\n" % (i, i) for i in range(200)),
    )
    message = refused(shop, gcflags=["-e"])
    assert len(message) < 5000
    assert "lines in all" in message


def test_a_syntax_error(shop):
    shop.write("bad.go", "package main\n\nfunc {\n")
    assert "bad.go:3" in refused(shop)


def test_a_package_that_needs_cgo_is_named(shop):
    shop.write(
        "sound/sound.go",
        'package sound\n\n// int x(void) { return 1; }\nimport "C"\n\nfunc F() int { return int(C.x()) }\n',
    )
    shop.write(
        "use.go", 'package main\n\nimport "example.com/hello/sound"\n\nfunc init() { println(sound.F()) }\n'
    )
    message = refused(shop)
    assert message.startswith("example.com/hello/sound needs cgo")
    assert "musl-gcc" in message


def test_a_package_whose_go_half_is_not_enough_without_cgo_is_named(shop):
    shop.write(
        "sound/c.go",
        'package sound\n\n// int x(void) { return 1; }\nimport "C"\n\nfunc f() int { return int(C.x()) }\n',
    )
    shop.write("sound/sound.go", "package sound\n\nfunc F() int { return f() }\n")
    shop.write(
        "use.go", 'package main\n\nimport "example.com/hello/sound"\n\nfunc init() { println(sound.F()) }\n'
    )
    message = refused(shop)
    assert message.startswith("example.com/hello/sound needs cgo")
    assert "undefined: f" in message


def test_cgo_without_a_compiler(shop):
    shop.write(
        "c.go", 'package main\n\n// int x(void) { return 1; }\nimport "C"\n\nfunc init() { println(C.x()) }\n'
    )
    message = refused(shop, cgo=True, environment={"CC": "no-such-gcc"})
    assert "no-such-gcc" in message


def test_a_dynamic_binary_is_refused_and_says_what_it_wants(shop):
    shop.write(
        "c.go", 'package main\n\n// int x(void) { return 1; }\nimport "C"\n\nfunc init() { println(C.x()) }\n'
    )
    message = refused(shop, cgo=True)
    assert "is not static" in message
    assert "libc.so.6" in message
    assert not (shop.dest / "linux-amd64" / "hello").exists()
    assert "is not static" in shop.build(cgo=True, static="warn")["warnings"][0]
    assert shop.build(cgo=True, static="ignore")["warnings"] == []
    assert "is not static" in refused(shop, cgo=True)


def test_a_pie_is_not_static_even_without_cgo(shop):
    assert "ld-linux" in refused(shop, flags=["-buildmode=pie"])


def test_cgo_can_be_static(shop):
    shop.write(
        "c.go", 'package main\n\n// int x(void) { return 1; }\nimport "C"\n\nfunc init() { println(C.x()) }\n'
    )
    result = shop.build(cgo=True, ldflags=["-s", "-w", "-linkmode external", '-extldflags "-static"'])
    assert result["artifacts"][0]["static"]
    assert not shop.build(cgo=True, ldflags=["-s", "-w", "-linkmode external", '-extldflags "-static"'])[
        "changed"
    ]


def test_a_target_that_this_go_does_not_have(shop):
    assert "did you mean linux/arm64?" in refused(shop, targets=["linux/aarch64"])


@pytest.mark.parametrize(
    ("stamp", "words"),
    [
        ({"main.versoin": "1"}, "it has version"),
        ({"main.fixed": "1"}, "constant"),
        ({"main.count": "1"}, "of type int"),
        ({"example.com/hello.version": "1"}, "main.version"),
        ({"example.com/other.Version": "1"}, "no package example.com/other"),
        ({"version": "1"}, "import path"),
        ({"main.version": "{verison}"}, "{version}, {commit} and {time}"),
        ({"main.version": "a\nb"}, "control characters"),
        ({"main.version": "a'b\"c"}, "both kinds of quotes"),
    ],
)
def test_a_stamp_that_cannot_land(shop, stamp, words):
    shop.write(
        "vars.go",
        'package main\n\nconst fixed = "a"\n\nvar count int\n\nfunc init() { println(fixed, count) }\n',
    )
    assert words in refused(shop, stamp=stamp)


def test_a_stamp_into_a_variable_that_is_not_read(shop):
    shop.write("vars.go", "package main\n\nvar unread string\n")
    assert "is not in the binary" in refused(shop, stamp={"main.unread": "surely-not-there-by-chance"})


@pytest.mark.parametrize("value", ["it's", 'say "hi"', "a b", "ü", "", "-x", "$HOME `id`"])
def test_a_stamp_lands_as_it_was_written(shop, value):
    path = shop.binary(stamp={"main.version": value})
    assert (
        subprocess.run([path], check=True, stderr=subprocess.PIPE).stderr.decode().rstrip("\n")
        == "hello " + value
    )


def test_a_binary_over_its_budget_leaves_the_old_one(shop):
    path = shop.binary(version="1")
    before = canonical.sha256_file(path)
    shop.replace("main.go", "hello", "servus")
    message = refused(shop, version="1", max_size="10KiB")
    assert "over max_size, 10240 bytes" in message
    assert canonical.sha256_file(path) == before
    assert "over max_size" in refused(shop, max_size=5000)


@pytest.mark.parametrize(
    ("text", "size"),
    [("10MiB", 10485760), ("9.5 MB", 9500000), ("1k", 1000), (4096, 4096), ("4096", 4096), (None, 0)],
)
def test_sizes(text, size):
    assert request.size(text) == size


@pytest.mark.parametrize("text", ["ten", "10 parsecs", "-1", "0", "1e3", "10MiBs"])
def test_sizes_that_are_none(text):
    with pytest.raises(InvalidInput, match="10MiB"):
        request.size(text)


def test_upx_that_is_not_installed(shop, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "/usr/local/go/bin:/nonexistent")
    message = refused(shop, upx=True)
    assert "upx is not installed" in message


def test_embedded_files_that_must_be_there(shop):
    shop.write(
        "web.go",
        'package main\n\nimport "embed"\n\n//go:embed web\nvar web embed.FS\n\n'
        'func init() { _, _ = web.ReadFile("x") }\n',
    )
    shop.write("web/index.html", "x")
    shop.write("web/.env", "x")
    message = refused(shop, embed=["web/.env"])
    assert "web/index.html" in message
    assert "all:" in message


def test_a_pattern_that_embeds_nothing(shop):
    shop.write(
        "web.go",
        'package main\n\nimport _ "embed"\n\n'
        "//go:embed web/index.html\nvar page string\n\nfunc init() { println(page) }\n",
    )
    message = refused(shop)
    assert "web/index.html" in message
    assert "front-end build" in message


def test_a_failing_test_stops_the_build(shop):
    shop.write(
        "main_test.go",
        'package main\n\nimport "testing"\n\nfunc TestX(t *testing.T) { t.Fatal("seven is odd") }\n',
    )
    message = refused(shop, gates=["test"])
    assert "seven is odd" in message
    assert not (shop.dest / "linux-amd64" / "hello").exists()


def test_vet_stops_the_build(shop):
    shop.write("bad.go", 'package main\n\nimport "fmt"\n\nfunc init() { fmt.Printf("%d", "x") }\n')
    assert "go vet found a mistake" in refused(shop, gates=["vet"])


def test_govulncheck_that_is_not_installed(shop, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/local/go/bin:/nonexistent")
    monkeypatch.setenv("HOME", str(shop.root))
    assert "go install golang.org/x/vuln" in refused(shop, gates=["govulncheck"])


def requiring(shop):
    shop.write("go.mod", "module example.com/hello\n\ngo 1.21\n\nrequire example.invalid/lib v1.0.0\n")
    shop.write(
        "go.sum",
        "example.invalid/lib v1.0.0 h1:%s=\nexample.invalid/lib v1.0.0/go.mod h1:%s=\n"
        % ("A" * 43, "A" * 43),
    )
    shop.write("use.go", 'package main\n\nimport _ "example.invalid/lib"\n')


def test_a_proxy_that_cannot_be_reached(shop):
    requiring(shop)
    message = refused(shop, goproxy="http://127.0.0.1:1", gosumdb="off", gomodcache=str(shop.root / "empty"))
    assert "could not download a module" in message
    assert "goproxy" in message
    assert "connection refused" in message


def test_offline_with_an_empty_cache(shop):
    requiring(shop)
    message = refused(shop, offline=True, gomodcache=str(shop.root / "empty"))
    assert "offline is set" in message
    assert "go mod download" in message


def test_an_import_that_go_mod_does_not_know(shop):
    shop.write("use.go", 'package main\n\nimport _ "example.invalid/lib"\n')
    message = refused(shop)
    assert "go mod tidy" in message


def test_a_vendor_directory_that_disagrees(shop):
    requiring(shop)
    shop.write("vendor/modules.txt", "# example.invalid/other v1.0.0\n")
    assert "go mod vendor" in refused(shop, mod="vendor")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"LD_PRELOAD": "/x"}, "reach the build"),
        ({"GOOS": "linux"}, "use the option targets"),
        ({"GOFLAGS": "-toolexec=x"}, "use the option"),
        ({"CGO_ENABLED": "1"}, "use the option cgo"),
        ({"CC": "a\nb"}, "on one line"),
        ({"GODEBUG": True}, "quote true and false"),
    ],
)
def test_variables_that_must_not_reach_the_build(shop, environment, words):
    assert words in refused(shop, environment=environment)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["-toolexec=/x"], "another program"),
        (["-overlay=x"], "use one of"),
        (["-ldflags=-s"], "use the option ldflags"),
        (["-o=/x"], "use the option dest"),
        (["main.go"], "use one of"),
        (["-modfile=x"], "use one of"),
    ],
)
def test_flags_that_are_refused(shop, flags, words):
    assert words in refused(shop, flags=flags)


def test_a_dest_that_cannot_be_written(shop):
    shop.dest = shop.write("file", "x")
    assert "dest" in refused_plainly(shop)


def refused_plainly(shop):
    with pytest.raises(SlipwayError) as caught:
        shop.build()
    return str(caught.value)


def test_a_profile_that_is_not_there(shop):
    assert refused(shop, pgo="cpu.pprof").startswith("pgo: ")


def test_a_repository_that_git_will_not_read(shop):
    shop.commit()
    (shop.source / ".git" / "HEAD").write_text("nonsense", encoding="utf-8")
    message = refused(shop)
    assert "git cannot read the commit" in message
