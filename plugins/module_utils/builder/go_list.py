# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files, packages and modules go into a binary, as `go list` reports them."""

from __future__ import annotations

import os
from typing import Any, Iterator, NamedTuple

from ..common.errors import SlipwayError
from . import go_errors
from .request import Request
from .targets import Target
from .toolchain import Toolchain

_SOURCES = (
    "GoFiles",
    "CgoFiles",
    "CFiles",
    "CXXFiles",
    "MFiles",
    "HFiles",
    "FFiles",
    "SFiles",
    "SwigFiles",
    "SwigCXXFiles",
    "SysoFiles",
)
_FIELDS = ("Dir", "ImportPath", "Name", "Standard", "Module", "EmbedFiles", "IgnoredGoFiles") + _SOURCES


class Package(NamedTuple):
    """A package outside of the standard library."""

    path: str
    dir: str
    root: str  # where its labels begin; "" in the module cache, where files do not change
    prefix: str
    vendored: bool
    files: list[str]
    embeds: list[str]
    go_mod: str  # of its module; "" where that is vendored
    cgo: bool  # it has parts in C, and they are compiled
    ignored: bool  # it has files that are not for this target

    def label(self, name: str) -> str:
        """The name of one of its files: the same in every directory and for every user."""
        relative = os.path.relpath(os.path.join(self.dir, name), self.root)
        return self.prefix + relative.replace(os.sep, "/")


class Listing(NamedTuple):
    """The packages outside of the standard library that one target is made of."""

    main: str
    packages: dict[str, Package]
    modules: dict[str, str]

    def package(self, path: str) -> Package | None:
        """A package by import path; "main" is the one with func main."""
        return self.packages.get(self.main if path == "main" else path)

    def local(self) -> list[Package]:
        """The packages whose files can change: all but those of the module cache."""
        return [package for package in self.packages.values() if package.root]

    def embedded(self) -> list[str]:
        """Labels of all embedded files of the local packages."""
        return sorted(package.label(name) for package in self.local() for name in package.embeds)

    def files(self) -> Iterator[tuple[str, str]]:
        """(label, path) of every file that the user may edit."""
        for package in self.local():
            if not package.vendored:
                for name in package.files + package.embeds:
                    yield package.label(name), os.path.join(package.dir, name)
                if package.go_mod:  # Go's version in it decides what the language means
                    yield package.label(package.go_mod), package.go_mod

    def paths(self) -> list[str]:
        """All files of the local packages, vendored ones too."""
        vendored = [package for package in self.local() if package.vendored]
        return [path for _label, path in self.files()] + [
            os.path.join(package.dir, name) for package in vendored for name in package.files + package.embeds
        ]

    def with_c(self) -> list[str]:
        """Import paths of the packages with parts in C that are compiled."""
        return sorted(package.path for package in self.packages.values() if package.cgo)


def read(request: Request, target: Target, toolchain: Toolchain) -> Listing:
    """The ``Listing`` of a target."""
    # with -mod=mod Go may write to go.mod
    mod = "readonly" if request.check_mode and request.mod == "mod" else request.mod
    arguments = [
        "list",
        "-deps",
        "-mod=" + mod,
        "-tags=" + ",".join(request.tags),
        "-json=" + ",".join(_FIELDS),
    ]
    arguments += [*request.flags, request.package]
    done = toolchain.download(arguments, request.source, **target.environment)
    if done.code:
        raise go_errors.explain(done, request, toolchain, target)
    packages = done.objects()
    main = packages[-1]  # dependencies come first
    if main["Name"] != "main":
        raise SlipwayError(
            go_errors.no_main(request, toolchain, "it is package %s" % main["Name"]), **done.facts
        )
    ours = [_package(package, request, toolchain) for package in packages if not package.get("Standard")]
    modules = dict(
        _module(package["Module"])
        for package in packages
        if "Module" in package and not package["Module"].get("Main")
    )
    return Listing(main["ImportPath"], {package.path: package for package in ours}, modules)


def _package(raw: dict[str, Any], request: Request, toolchain: Toolchain) -> Package:
    module = raw.get("Module", {})
    root = module.get("Dir") or request.source
    vendored = request.mod == "vendor" and _below(raw["Dir"], os.path.join(request.vendored_in, "vendor"))
    if vendored:
        root = request.vendored_in
    elif _below(raw["Dir"], request.source):
        root = request.source
    return Package(
        path=raw["ImportPath"],
        dir=raw["Dir"],
        root="" if _below(raw["Dir"], toolchain.modcache) else root,
        prefix="" if vendored or root == request.source else module.get("Path", "") + "/",
        vendored=vendored,
        files=[name for field in _SOURCES for name in raw.get(field, [])],
        embeds=raw.get("EmbedFiles", []),
        go_mod=module.get("GoMod", ""),
        cgo=bool(raw.get("CgoFiles")),
        ignored=bool(raw.get("IgnoredGoFiles")),
    )


def _module(raw: dict[str, Any]) -> tuple[str, str]:
    used = raw.get("Replace", raw)
    text = " ".join(part for part in (raw.get("Version", ""), used.get("Sum", "")) if part)
    if used is not raw:
        # a directory as replacement is judged by its files, and its path may differ from user to user
        text += " => %s %s" % (used["Path"], used["Version"]) if used.get("Version") else " => a directory"
    return raw["Path"], text


def _below(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")
