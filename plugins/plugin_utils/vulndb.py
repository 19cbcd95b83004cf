# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A database of vulnerabilities in the layout of vuln.go.dev, and which of them a program's modules have.

The layout, and the form of its entries (OSV), are on https://go.dev/doc/security/vuln/database. govulncheck
reads source code and binaries, and neither is at hand here: what is compared are versions of modules. It says
the same of a binary without symbols.
"""

from __future__ import annotations

import contextlib
import json
import re
import urllib.request
from http.client import HTTPException
from typing import Any, NamedTuple

from ansible.module_utils.urls import open_url

from ..module_utils.common.errors import SlipwayError
from ..module_utils.common.vulnerabilities import ID

TIMEOUT = 30
LARGEST = 64 << 20
STANDARD_LIBRARY = "stdlib"
LAST = "last_affected"
_VERSION = re.compile(
    r"(?:v|go)?(0|[1-9][0-9]*)(?:\.(0|[1-9][0-9]*))?(?:\.(0|[1-9][0-9]*))?"
    r"(?:-?((?:rc|beta|alpha)[0-9]+)|-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"
)


class Module(NamedTuple):
    """A module that a program is built with. ``replaces``: what it stands for, as ``path version``."""

    path: str
    version: str
    replaces: str = ""


class Found(NamedTuple):
    """A vulnerability that a module has. ``fixed``: the next version without it; empty if there is none."""

    id: str
    names: tuple[str, ...]
    module: str
    version: str
    fixed: str
    summary: str


class Scan(NamedTuple):
    """What is known of a program: what it has, and why some of its modules could not be compared."""

    found: list[Found]
    unknown: list[str]


class Database:
    """Reads what it is asked for, once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._entries: dict[str, dict[str, Any]] = {}
        self.modified = str(self._read("index/db").get("modified") or "")
        modules = self._read("index/modules", list)
        with self._as_expected("index/modules"):
            self._ids = {str(one["path"]): [str(known["id"]) for known in one["vulns"]] for one in modules}

    def scan(self, modules: list[Module], goarch: str) -> Scan:
        """Compare the modules of a program for Linux with all entries about them."""
        found, unknown = [], []
        for module in modules:
            if module.path not in self._ids:
                if _stands_for(module) in self._ids:
                    words = "%s is replaced by %r, whose version is not known"
                    unknown.append(words % (module.replaces, module.path))
                continue
            if parsed(module.version) is None:
                unknown.append("%s has the version %r" % (module.path, module.version))
                continue
            for name, entry in self._about(module.path):
                with self._as_expected("ID/" + name):
                    found += _matches(name, entry, module, goarch)
        return Scan(sorted(found), unknown)

    def _about(self, path):
        for name in self._ids[path]:
            if not ID.fullmatch(name):  # it becomes a part of a path
                raise self._unusable("index/modules", "it has the id %r" % name)
            if name not in self._entries:
                self._entries[name] = self._read("ID/" + name)
            if not self._entries[name].get("withdrawn"):
                yield name, self._entries[name]

    def _read(self, name, kind=dict):
        try:
            value = json.loads(_content("%s/%s.json" % (self._url, name)).decode("utf-8"))
        except (OSError, HTTPException, ValueError) as error:
            raise self._unusable(name, error) from error
        if not isinstance(value, kind):
            raise self._unusable(name, "it is not what a database has there")
        return value

    @contextlib.contextmanager
    def _as_expected(self, name):
        """A part that is not there, or in another form, makes it unusable: the rest is no whole scan."""
        try:
            yield
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise self._unusable(name, "it is not what a database has there") from error

    def _unusable(self, name, error):
        return SlipwayError("the database %s cannot be read: %s.json: %s" % (self._url, name, error))


def _content(url):
    if url.startswith("file://"):
        with open(urllib.request.url2pathname(url[len("file://") :]), "rb") as handle:
            return handle.read(LARGEST)
    with open_url(url, timeout=TIMEOUT, headers={"Accept": "application/json"}) as answer:
        return answer.read(LARGEST)


def _matches(name, entry, module, goarch):
    """The entry of that id, once, if the module's version is affected on this platform."""
    version = parsed(module.version)
    for affected in entry.get("affected") or []:
        if affected["package"]["name"] != module.path or not _is_for(affected, goarch):
            continue
        fixed = _fixed_in(affected, version)
        if fixed is not None:
            names = (name, *map(str, entry.get("aliases") or []))
            summary = " ".join(str(entry.get("summary") or "").split())
            versions = _written_as(module, module.version), _written_as(module, fixed)
            return [Found(name, names, module.path, *versions, summary)]
    return []


def _written_as(module, version):
    """A version as one writes it: go1.26.8 of Go, v1.2.3 of any other module."""
    prefix = "go" if module.path == STANDARD_LIBRARY else "v"
    return prefix + re.sub("^(v|go)", "", version) if version else ""


def _stands_for(module):
    """The path that a module without a version of its own, as a directory, is used for."""
    return module.replaces.partition(" ")[0] if parsed(module.version) is None else ""


def _is_for(affected, goarch):
    """Whether any of its packages is for this platform; all are where it names none."""
    packages = (affected.get("ecosystem_specific") or {}).get("imports") or []
    return not packages or any(
        "linux" in (package.get("goos") or ["linux"]) and goarch in (package.get("goarch") or [goarch])
        for package in packages
    )


def _fixed_in(affected, version):
    """None if a version is not affected; else the next one that is not, empty if there is none."""
    ranges = [one for one in affected.get("ranges") or [] if one.get("type") == "SEMVER"]
    for events in (sorted(map(_event, one.get("events") or [])) for one in ranges):
        # A version that is named is in its range, also as the last one.
        before = [kind for at, kind, dummy in events if at < version or (at == version and kind != LAST)]
        if before and before[-1] == "introduced":
            later = [text for at, kind, text in events if at > version and kind == "fixed"]
            return later[0] if later else ""
    return None if ranges else ""


def _event(event):
    """One event of a range: what orders it, its kind, and its version."""
    ((kind, text),) = event.items()
    return (parsed(str(text)) if text != "0" else None) or ((0, 0, 0), (0,)), kind, str(text)


def parsed(text: str):
    """What orders a version: Go's own (1.26rc1) and those of modules (v1.2.3-rc.1). None if it is neither."""
    match = _VERSION.fullmatch(text)
    if not match:
        return None
    numbers = tuple(int(number or 0) for number in match.groups()[:3])
    before = re.sub("([a-z])([0-9])", r"\1.\2", match[4]) if match[4] else match[5]
    if not before:
        return numbers, (1,)
    return numbers, (0, tuple(_identifier(part) for part in before.split(".")))


def _identifier(text):
    return (0, int(text), "") if text.isdigit() else (1, 0, text)


def modules_of(answer: dict[str, Any]) -> list[Module]:
    """The modules in what a host answered; its main module too, which a public program may be."""
    found = [Module(*map(str, entry)) for entry in answer["modules"]]
    found = [one._replace(path=STANDARD_LIBRARY) if one.path == "std" else one for one in found]
    match = re.fullmatch(r"pkg:golang/([^@]+)@[^@]*", str(answer.get("main") or ""))
    main = [Module(match[1], str(answer["version"]))] if match else []
    return main + found
