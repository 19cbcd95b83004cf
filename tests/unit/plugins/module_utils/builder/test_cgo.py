# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages with parts in C: those that become stubs without cgo, and ways out in pure Go."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import cgo
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError

SERVICES = pathlib.Path(__file__).resolve().parents[4] / "apps" / "services"
SQLITE = "github.com/mattn/go-sqlite3"
WITH_C = (
    'package %s\n\n// static int answer(void) { return 42; }\nimport "C"\n\n'
    "func Query() int { return int(C.answer()) }\n"
)
STUB = "//go:build !cgo\n\npackage %s\n\nfunc Query() int { return 0 }\n"


def driver(shop, path, name="driver", stub=True):
    """The program uses a package of this import path, of which a half is C."""
    shop.write("go.mod", "module example.com/hello\n\ngo 1.21\n\nrequire %s v1.0.0\n" % path)
    shop.write("vendor/modules.txt", "# %s v1.0.0\n## explicit; go 1.21\n%s\n" % (path, path))
    shop.write("vendor/%s/c.go" % path, WITH_C % name)
    if stub:
        shop.write("vendor/%s/stub.go" % path, STUB % name)
    shop.write("main.go", 'package main\n\nimport x "%s"\n\nfunc main() { println(x.Query()) }\n' % path)
    return {"mod": "vendor", "offline": True, "version": "1"}


def refusal(shop, **options):
    with pytest.raises(SlipwayError) as caught:
        shop.build(**options)
    return str(caught.value)


def test_a_driver_whose_stub_is_known_to_fail_is_refused_with_ways_out(shop):
    options = driver(shop, SQLITE, "sqlite3")
    for check_mode in (True, False):
        message = refusal(shop, check_mode=check_mode, gates=["test"], **options)
        assert message.startswith("hello for linux/amd64/v1: %s needs cgo, and cgo is off" % SQLITE)
        assert "modernc.org/sqlite or github.com/ncruces/go-sqlite3 replaces %s" % SQLITE in message
        assert "cgo_stubs: warn" in message and "slipway_build" in message
    assert not shop.dest.exists()


def test_a_driver_that_is_not_used_can_be_allowed(shop):
    options = driver(shop, SQLITE, "sqlite3")
    for _run in range(2):  # the second run builds nothing, and warns still
        result = shop.build(cgo_stubs="warn", **options)
        (warning,) = result["warnings"]
        assert "%s has parts in C, and was compiled without them" % SQLITE in warning
        assert result["artifacts"][0]["cgo_stubs"] == [SQLITE]
    assert shop.build(cgo_stubs="ignore", **options)["warnings"] == []
    assert "needs cgo" in refusal(shop, **options)


def test_a_package_that_is_not_known_is_named_in_a_warning(shop):
    options = driver(shop, "example.com/gpu")
    (warning,) = shop.build(**options)["warnings"]
    assert "example.com/gpu has parts in C" in warning and "In pure Go" not in warning


def test_the_service_of_the_lab_that_stands_for_such_drivers(shop):
    result = shop.build(source=str(SERVICES), package="./cmd/cgo_driver", name="driver", check_mode=True)
    assert result["artifacts"][0]["cgo_stubs"] == ["slipway.example/services/internal/driver"]
    assert len(result["warnings"]) == 1
    result = shop.build(source=str(SERVICES), package="./cmd/worker", name="worker", check_mode=True)
    assert result["warnings"] == [] == result["artifacts"][0]["cgo_stubs"]


def test_the_standard_library_does_not_count(shop):
    shop.write(
        "main.go",
        'package main\n\nimport (\n\t"net"\n\t"os/user"\n)\n\n'
        'func main() { println(net.ParseIP("::1") != nil, user.Current) }\n',
    )
    shop.write("odd.go", "//go:build windows\n\npackage main\n")
    assert shop.build(version="1")["warnings"] == []


def test_a_driver_that_is_left_out_by_a_build_constraint_is_not_named(shop):
    options = driver(shop, SQLITE, "sqlite3")
    shop.write("main.go", "package main\n\nfunc main() {}\n")
    shop.write("database.go", '//go:build cgo\n\npackage main\n\nimport _ "%s"\n' % SQLITE)
    assert shop.build(**options)["warnings"] == []


@pytest.mark.parametrize(
    ("path", "name", "way_out"),
    [
        ("github.com/confluentinc/confluent-kafka-go/v2/kafka", "kafka", "github.com/twmb/franz-go"),
        ("github.com/DataDog/zstd", "zstd", "github.com/klauspost/compress/zstd"),
    ],
)
def test_a_driver_that_does_not_compile_without_cgo_has_ways_out_too(shop, path, name, way_out):
    message = refusal(shop, **driver(shop, path, name, stub=False))
    assert message.startswith("%s needs cgo, and cgo is off" % path)
    assert way_out in message


def test_where_a_binary_with_c_is_not_static_the_packages_are_named(shop):
    message = refusal(shop, cgo=True, **driver(shop, SQLITE, "sqlite3"))
    assert "is not static: it needs" in message and "it has parts in C from %s" % SQLITE in message
    assert "modernc.org/sqlite" in message and "musl-gcc" in message


def test_where_only_the_standard_library_has_c_the_way_out_is_another(shop):
    shop.write("main.go", 'package main\n\nimport "os/user"\n\nfunc main() { println(user.Current) }\n')
    message = refusal(shop, cgo=True)
    assert "only the standard library has parts in C" in message and "netgo, osusergo" in message


@pytest.mark.parametrize("path", [SQLITE + "s", "github.com/mattn", "example.com/" + SQLITE])
def test_other_names_are_not_taken_for_known_ones(path):
    assert cgo.ways_out([path]) == ""
    assert cgo.ways_out([path, SQLITE + "/upsert"]).startswith(" In pure Go, modernc.org/sqlite")
