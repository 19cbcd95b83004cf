# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages with parts in C: what is left of them without cgo, and which do the same in pure Go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, NamedTuple

from ..common.errors import SlipwayError
from .request import Request
from .targets import Target
from .toolchain import Toolchain

if TYPE_CHECKING:
    from .go_list import Listing

STATIC_C = (
    "environment: {CC: musl-gcc} and ldflags: ['-s', '-w', '-linkmode external', '-extldflags \"-static\"']"
)


class Known(NamedTuple):
    """A module with parts in C. ``stub_fails``: without cgo it compiles, and fails when it is used."""

    path: str
    pure_go: str
    stub_fails: bool = False


_SQLITE = "modernc.org/sqlite or github.com/ncruces/go-sqlite3"
_ORACLE = "github.com/sijms/go-ora/v2"
_ZSTD = "github.com/klauspost/compress/zstd"
_KNOWN = (
    Known("github.com/mattn/go-sqlite3", _SQLITE, stub_fails=True),
    Known(
        "github.com/confluentinc/confluent-kafka-go",
        "github.com/twmb/franz-go or github.com/segmentio/kafka-go",
    ),
    Known("github.com/godror/godror", _ORACLE),
    Known("github.com/mattn/go-oci8", _ORACLE),
    Known("github.com/DataDog/zstd", _ZSTD),
    Known("github.com/valyala/gozstd", _ZSTD),
    Known("github.com/linxGnu/grocksdb", "github.com/cockroachdb/pebble"),
    Known("github.com/libgit2/git2go", "github.com/go-git/go-git/v5"),
    Known("github.com/pebbe/zmq4", "github.com/go-zeromq/zmq4"),
)


def ways_out(paths: Iterable[str]) -> str:
    """Sentences that name a package in pure Go for each that has one; they begin with a blank."""
    pairs = [(path, _known(path)) for path in sorted(paths)]
    return "".join(" In pure Go, %s replaces %s." % (known.pure_go, path) for path, known in pairs if known)


def failing(paths: Iterable[str]) -> list[str]:
    """Those of the packages or modules whose stubs are known to fail."""
    return [path for path in paths if getattr(_known(path), "stub_fails", False)]


def packages(request: Request, toolchain: Toolchain, target: Target) -> set[str]:
    """Import paths of the dependencies outside of the standard library that have parts in C."""
    if request.cgo:
        return set()
    done = toolchain.download(
        [
            "list",
            "-e",
            "-deps",
            "-mod=" + request.mod,
            "-tags=" + ",".join(request.tags),
            "-json=ImportPath,Standard,CgoFiles",
            request.package,
        ],
        request.source,
        CGO_ENABLED="1",
        **target.environment,
    )
    return {
        package["ImportPath"]
        for package in done.objects()
        if package.get("CgoFiles") and not package.get("Standard")
    }


def lost(request: Request, toolchain: Toolchain, target: Target, listing: Listing) -> list[str]:
    """Import paths of the packages that are compiled without their parts in C."""
    if request.cgo or not any(package.ignored for package in listing.packages.values()):
        return []
    return sorted(packages(request, toolchain, target) & set(listing.packages))


def check_stubs(request: Request, subject: str, stubs: list[str]) -> list[str]:
    """Check the packages without their parts in C against the option cgo_stubs; returns the warnings."""
    if not stubs or request.cgo_stubs == "ignore":
        return []
    broken = failing(stubs)
    if broken and request.cgo_stubs == "refuse":
        raise SlipwayError(
            "%s: %s needs cgo, and cgo is off. It compiles as a stub: the program would start, and fail when "
            "it is used.%s Or build it with C, as in cgo: true, %s. Or set cgo_stubs: warn, where the "
            "program does not use it. In the playbooks these are options in slipway_build"
            % (subject, " and ".join(broken), ways_out(broken), STATIC_C),
            cgo_stubs=stubs,
        )
    return [
        "%s: %s has parts in C, and was compiled without them, as cgo is off. See that what is left works "
        "without them: many such packages fail when they are used.%s cgo_stubs: ignore in slipway_build ends "
        "this warning" % (subject, " and ".join(stubs), ways_out(stubs))
    ]


def _known(path: str) -> Known | None:
    return next((known for known in _KNOWN if path == known.path or path.startswith(known.path + "/")), None)
