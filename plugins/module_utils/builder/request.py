# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user of `build` requests, checked before anything runs."""

from __future__ import annotations

import os
import re
from typing import Any, Callable

from ..common import names
from ..common import vulnerabilities as known
from ..common.errors import InvalidInput, SlipwayError
from . import go_environment, stamps, targets
from .files import directory_with

_PACKAGE = re.compile(r"[A-Za-z0-9._~+/][A-Za-z0-9._~+/-]*")
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?) ?(?P<unit>[kKMG]i?B?|B)?")
_UNITS = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KIB": 1 << 10,
    "MIB": 1 << 20,
    "GIB": 1 << 30,
}
_MODULE = re.compile(r"^module\s+(?:\"([^\"]+)\"|(\S+))", re.MULTILINE)
_TAG = re.compile(r"[^\W]+(?:\.\w+)*")
_OBSOLETE_FLAGS = ("a", "installsuffix")
_FLAGS = ("race", "msan", "asan", "cover", "covermode", "coverpkg", "asmflags", "buildmode")
_OWNED_FLAGS = {
    "ldflags": "ldflags",
    "gcflags": "gcflags",
    "tags": "tags",
    "trimpath": "trimpath",
    "mod": "mod",
    "pgo": "pgo",
    "o": "dest",
    "p": "jobs",
    "C": "source",
}


class Request:
    """One call of `build`. Everything is checked that can be checked without Go."""

    def __init__(self, options: dict[str, Any], check_mode: bool = False) -> None:
        self.check_mode = check_mode
        self.version: str | None = options["version"]
        self.trimpath: bool = options["trimpath"]
        self.cgo: bool = options["cgo"]
        self.static: str = options["static"]
        self.mod: str = options["mod"]
        self.upx: bool = options["upx"]
        self.embed: list[str] = options["embed"]
        self.gates: list[str] = options["gates"]
        self.vulnerabilities = known.Policy(options["vulnerabilities"])
        self.go: str = options["go"]
        self.goproxy: str | None = options["goproxy"]
        self.goprivate: list[str] | None = options["goprivate"]
        self.gosumdb: str | None = options["gosumdb"]
        self.offline: bool = options["offline"]
        self.force: bool = options["force"]
        self.source = _source(options["source"])
        self.package = _package(options["package"], self.source)
        self.name = (
            names.check_app(options["name"]) if options["name"] else _default_name(self.package, self.source)
        )
        self.dest = os.path.realpath(options["dest"])
        self.environment = go_environment.check(options["environment"])
        self.pass_environment = [go_environment.check_passed(name) for name in options["pass_environment"]]
        # the workspace's file, "" where workspaces are off
        self.go_work = _workspace(options["workspace"], self.environment, self.source, self.mod)
        self.vendored_in = os.path.dirname(self.go_work) if self.go_work else self.source
        self.cgo_stubs: str = options["cgo_stubs"]
        # empty for the builder's own platform, which only Go knows
        self.targets = targets.parse_all(options["targets"] or [])
        self.stamp = stamps.check(options["stamp"])
        self.ldflags, warnings = _flags(options["ldflags"], "ldflags", check=lambda _flag: None)
        self.gcflags = [_plain("gcflags", flag) for flag in options["gcflags"]]
        self.tags = _tags(options["tags"])
        self.flags, more_warnings = _flags(options["flags"], "flags", check=_check_flag)
        self.warnings = warnings + more_warnings
        if "govulncheck" in self.gates:
            self.warnings += self.vulnerabilities.warnings_of_past()
        self.pgo = _profile(options["pgo"], self.source)
        self.max_size = size(options["max_size"])
        self.upx_args = [_plain("upx_args", argument) for argument in options["upx_args"]]
        self.gocache = _directory("gocache", options["gocache"])
        self.gomodcache = _directory("gomodcache", options["gomodcache"])
        self.jobs: int = options["jobs"] or os.cpu_count() or 1
        if self.version:
            names.check_version(self.version)
        if self.jobs < 1:
            raise InvalidInput("jobs", self.jobs, "use a number from 1 on")


def check_options(options: dict[str, Any]) -> None:
    """Refuse what no source could be built with; ``options`` are some of those of slipway.golang.build."""
    given = {name: value for name, value in options.items() if value is not None}
    go_environment.check(given.get("environment", {}))
    for name in given.get("pass_environment", []):
        go_environment.check_passed(name)
    targets.parse_all(given.get("targets", []))
    stamps.check(given.get("stamp", {}))
    _flags(given.get("ldflags", []), "ldflags", check=lambda _flag: None)
    _flags(given.get("flags", []), "flags", check=_check_flag)
    for field in ("gcflags", "upx_args"):
        for word in given.get(field, []):
            _plain(field, word)
    _tags(given.get("tags", []))
    known.Policy(given.get("vulnerabilities"))
    size(given.get("max_size"))


def _flags(flags: list[str], field: str, check: Callable[[str], None]) -> tuple[list[str], list[str]]:
    """The flags without those that only cost time, and a warning for each of those."""
    kept, warnings, given = [], [], iter(flags)
    for flag in given:
        _plain(field, flag)
        name, equals, _value = flag.lstrip("-").partition("=")
        if name == "toolexec":
            raise InvalidInput(
                field,
                flag,
                "it runs another program in every step of the build, which the inputs do not cover: "
                "leave it out",
            )
        if name in _OBSOLETE_FLAGS:
            warnings.append(
                "%s: -%s was left out. It dates from before Go 1.10; today it compiles everything again "
                "and changes no byte" % (field, name)
            )
            if name == "installsuffix" and not equals:
                next(given, None)
        else:
            check(flag)
            kept.append(flag)
    return kept, warnings


def size(text: object) -> int:
    """Bytes from '10MiB', '9.5 MB' or a number; 0 for none."""
    if text in (None, ""):
        return 0
    match = _SIZE.fullmatch(str(text).strip())
    unit = (match["unit"] or "").upper() if match else ""
    unit += "B" if unit and not unit.endswith("B") else ""
    if not match or unit not in _UNITS or not float(match["number"]):
        raise InvalidInput(
            "max_size", text, "use bytes or a number with a unit, as in 10485760, '10MiB' or '9.5MB'"
        )
    return int(float(match["number"]) * _UNITS[unit])


def _source(path: str) -> str:
    source = os.path.realpath(path)
    if not os.path.isdir(source):
        raise InvalidInput(
            "source", path, "there is no such directory on the builder; give the directory of a Go module"
        )
    if os.path.isfile(os.path.join(source, "go.mod")):
        return source
    parent = os.path.dirname(source)
    while parent != os.path.dirname(parent):
        if os.path.isfile(os.path.join(parent, "go.mod")):
            inner = os.path.relpath(source, parent)
            raise InvalidInput(
                "source",
                path,
                "its module begins at %s: use that as source, and package: ./%s" % (parent, inner),
            )
        parent = os.path.dirname(parent)
    raise InvalidInput(
        "source", path, "it is not a Go module, as it has no go.mod: run 'go mod init <module path>' there"
    )


def _workspace(wanted: bool, environment: dict[str, str], source: str, mod: str) -> str:
    given = environment.get("GOWORK", "off")
    if not wanted:
        return "" if given == "off" else given
    if given != "off":
        raise InvalidInput("workspace", wanted, "environment sets GOWORK too: leave one of them out")
    if mod == "mod":
        raise InvalidInput("mod", mod, "in a workspace Go changes no go.mod: use readonly or vendor")
    path = go_work_above(source)
    if not path:
        raise InvalidInput(
            "workspace",
            wanted,
            "there is no go.work in %s or above it: run 'go work init' and 'go work use', or leave it out"
            % source,
        )
    return path


def go_work_above(directory: str) -> str:
    """The go.work that Go would use in a directory, "" for none."""
    found = directory_with("go.work", directory, os.path.isfile)
    return os.path.join(found, "go.work") if found else ""


def _package(package: str, source: str) -> str:
    if package.endswith(".go"):
        raise InvalidInput(
            "package",
            package,
            "built from files, a program loses its module and version: give the package's directory, as in "
            "'.' or './cmd/app'",
        )
    if (
        not _PACKAGE.fullmatch(package)
        or "..." in package
        or package.startswith("/")
        or ".." in package.split("/")
    ):
        raise InvalidInput(
            "package", package, "use one package of the module, as in '.', './cmd/app' or its import path"
        )
    plain = package.rstrip("/") or "."
    if not plain.startswith(".") and os.path.isdir(os.path.join(source, plain)):
        return "./" + plain
    return plain


def _default_name(package: str, source: str) -> str:
    path = package if package.strip("./") else module_path(source)
    parts = [part for part in path.split("/") if part != "."]
    if len(parts) > 1 and re.fullmatch(r"v\d+", parts[-1]):
        parts.pop()
    try:
        return names.check_app(parts[-1])
    except InvalidInput as error:
        raise InvalidInput(
            "name", parts[-1], "it is the default from %s; set the option name, as in 'orders-api'" % path
        ) from error


def module_path(source: str) -> str:
    """The path that go.mod declares."""
    try:
        with open(os.path.join(source, "go.mod"), encoding="utf-8", errors="replace") as handle:
            match = _MODULE.search(handle.read())
    except OSError as error:
        raise SlipwayError("Cannot read %s/go.mod: %s" % (source, error.strerror)) from error
    if not match:
        raise InvalidInput(
            "source", source, "its go.mod has no module line: run 'go mod init <module path>' there"
        )
    return match[1] or match[2]


def _plain(field: str, text: Any) -> str:
    if not isinstance(text, str) or not text or re.search(r"[\x00-\x1f\x7f]", text):
        raise InvalidInput(field, text, "use a text without control characters")
    return text


def _check_flag(flag: str) -> None:
    name = flag.lstrip("-").partition("=")[0]
    if name in _OWNED_FLAGS:
        raise InvalidInput("flags", flag, "use the option %s instead" % _OWNED_FLAGS[name])
    if not flag.startswith("-") or name not in _FLAGS:
        raise InvalidInput("flags", flag, "use one of -%s, with its value after '='" % ", -".join(_FLAGS))


def _tags(tags: list[str]) -> list[str]:
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise InvalidInput(
                "tags",
                tag,
                "a build tag has letters, digits, '_' and '.' only; give each as an element of the list",
            )
    return list(tags)


def _profile(value: str, source: str) -> str:
    if value in ("auto", "off"):
        return value
    path = os.path.join(source, value)
    if not os.path.isfile(path):
        raise InvalidInput(
            "pgo",
            value,
            "there is no such profile; use 'auto' (default.pgo in the package's directory), 'off' or a path",
        )
    return os.path.realpath(path)


def _directory(field: str, value: str | None) -> str | None:
    if value and not os.path.isabs(value):
        raise InvalidInput(field, value, "use an absolute path")
    return value
