# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files, packages and modules go into a binary: what `go list` says, remembered until something could make it say another thing.

A memo lies beside the binary. It holds for as long as all that `go list` would look at is the same: the toolchain and its settings,
go.mod and its kin, the names in the package directories and embedded trees, and of each file the part before its first declaration.
"""

from __future__ import annotations

import json
import os

from ..common import canonical
from ..common.errors import SlipwayError
from . import go_errors

_SCHEMA = 1
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
_FIELDS = ("Dir", "ImportPath", "Name", "Standard", "Module", "EmbedFiles", "EmbedPatterns") + _SOURCES
_SUFFIXES = (
    ".go",
    ".c",
    ".cc",
    ".cpp",
    ".cxx",
    ".m",
    ".h",
    ".hh",
    ".hpp",
    ".hxx",
    ".f",
    ".F",
    ".for",
    ".f90",
    ".s",
    ".S",
    ".sx",
    ".swig",
    ".swigcxx",
    ".syso",
)
_GLOB = "*?["


class Listing:
    """The packages outside of the standard library that one target is made of."""

    def __init__(self, data):
        self.data = data
        self.main = data["main"]
        self.packages = data["packages"]
        self.modules = data["modules"]

    def package(self, path):
        """A package by import path; "main" is the one with func main."""
        return self.packages.get(self.main if path == "main" else path)

    def local(self):
        """The packages whose files can change: not those of the module cache."""
        return [package for package in self.packages.values() if package["root"]]

    def embedded(self):
        """Labels of all embedded files of the local packages."""
        return sorted(_label(package, name) for package in self.local() for name in package["embeds"])

    def files(self):
        """(label, path) of every file that the user may edit; the label is the same in every directory and for every user."""
        for package in self.local():
            if package["vendored"]:
                continue
            for name in package["files"] + package["embeds"]:
                yield _label(package, name), os.path.join(package["dir"], name)


def collect(request, target, toolchain, cache, memo_path):
    """The ``Listing`` of a target, from the memo where it still holds."""
    key = _key(request, target, toolchain)
    memo = {} if request.force else _read_memo(memo_path)
    if memo.get("key") == key:
        listing = Listing(memo["listing"])
        if _watched(listing, request, cache) == memo["watched"]:
            return listing, None
    listing = _ask(request, target, toolchain)
    return listing, {"key": key, "listing": listing.data, "watched": _watched(listing, request, cache)}


def _key(request, target, toolchain):
    environment = {
        name: value for name, value in toolchain.environment.items() if name.startswith(("GO", "CGO_"))
    }
    return canonical.sha256(
        canonical.to_json(
            [
                _SCHEMA,
                request.source,
                request.package,
                request.tags,
                request.mod,
                request.flags,
                str(target),
                toolchain.version,
                toolchain.goroot,
                environment,
            ]
        )
    )


def _read_memo(path):
    try:
        with open(path, "rb") as handle:
            memo = json.loads(handle.read().decode("utf-8"))
        return memo if isinstance(memo, dict) and {"key", "listing", "watched"} <= set(memo) else {}
    except (OSError, ValueError):
        return {}


def _ask(request, target, toolchain):
    mod = (
        "readonly" if request.check_mode and request.mod == "mod" else request.mod
    )  # which may write to go.mod
    arguments = [
        "list",
        "-deps",
        "-mod=" + mod,
        "-tags=" + ",".join(request.tags),
        "-json=" + ",".join(_FIELDS),
    ]
    done = toolchain.run(arguments + request.flags + [request.package], request.source, **target.environment)
    if done.code:
        raise go_errors.explain(done, request, toolchain, target)
    packages = go_errors.decode(done.stdout)
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
    return Listing(
        {
            "main": main["ImportPath"],
            "packages": {package["path"]: package for package in ours},
            "modules": modules,
        }
    )


def _package(raw, request, toolchain):
    module = raw.get("Module", {})
    root = module.get("Dir") or request.source
    vendored = request.mod == "vendor" and _below(raw["Dir"], os.path.join(request.source, "vendor"))
    if vendored or _below(raw["Dir"], request.source):
        root = request.source
    return {
        "path": raw["ImportPath"],
        "dir": raw["Dir"],
        "root": "" if _below(raw["Dir"], toolchain.modcache) else root,
        "prefix": "" if root == request.source else module.get("Path", "") + "/",
        "vendored": vendored,
        "files": [name for field in _SOURCES for name in raw.get(field, [])],
        "embeds": raw.get("EmbedFiles", []),
        "patterns": raw.get("EmbedPatterns", []),
    }


def _module(raw):
    used = raw.get("Replace", raw)
    text = " ".join(part for part in (raw.get("Version", ""), used.get("Sum", "")) if part)
    if used is not raw:
        # a directory as replacement is judged by its files, and its path may differ from user to user
        text += " => %s %s" % (used["Path"], used["Version"]) if used.get("Version") else " => a directory"
    return raw["Path"], text


def _label(package, name):
    return package["prefix"] + os.path.relpath(os.path.join(package["dir"], name), package["root"]).replace(
        os.sep, "/"
    )


def _below(path, directory):
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _watched(listing, request, cache):
    """Digests of all that could make `go list` give another answer."""
    watched = {}
    roots = {request.source}
    for package in listing.local():
        roots.add(package["root"])
        if package["vendored"]:
            watched.update((path, cache.digest(path)) for path in _paths(package["dir"], cache))
            continue
        for directory in _up_to_root(package):
            watched.setdefault(
                "names " + directory, canonical.sha256("\n".join(_source_names(directory, cache)))
            )
        watched.update((path, cache.header(path)) for path in _paths(package["dir"], cache))
        for directory in _embed_roots(package):
            watched.setdefault(
                "tree " + directory, canonical.sha256("\n".join(_tree(directory, request.dest, cache)))
            )
    for root in roots:
        for name in ("go.mod", "go.sum", "vendor/modules.txt"):
            watched[os.path.join(root, name)] = cache.digest(os.path.join(root, name))
    workspace = request.environment.get("GOWORK", "off")
    if os.path.isabs(workspace):
        watched.update((path, cache.digest(path)) for path in (workspace, workspace + ".sum"))
    return watched


def _source_names(directory, cache):
    return [
        name
        for name, is_directory in cache.names(directory)
        if not is_directory
        and (name.endswith(_SUFFIXES) and not name.endswith("_test.go") or name == "go.mod")
    ]


def _paths(directory, cache):
    return [os.path.join(directory, name) for name in _source_names(directory, cache)]


def _up_to_root(package):
    directory = package["dir"]
    while _below(directory, package["root"]):
        yield directory
        directory = os.path.dirname(directory)


def _embed_roots(package):
    """The directories in which a new file could fall under a pattern."""
    for pattern in package["patterns"]:
        parts = pattern[4:].split("/") if pattern.startswith("all:") else pattern.split("/")
        plain = []
        for part in parts:
            if any(character in part for character in _GLOB):
                break
            plain.append(part)
        if plain == parts:
            plain = plain if os.path.isdir(os.path.join(package["dir"], *plain)) else plain[:-1]
        yield os.path.join(package["dir"], *plain)


def _tree(directory, left_out, cache):
    for name, is_directory in cache.names(directory):
        path = os.path.join(directory, name)
        if path == left_out:
            continue
        yield path
        if is_directory:
            yield from _tree(path, left_out, cache)
