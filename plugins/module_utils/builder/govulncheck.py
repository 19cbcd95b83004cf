# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask govulncheck whether source code has known vulnerabilities: it has none, it has some, or nobody knows.

Its exit status alone does not say: with -json it is 0 whatever was found, and without it nothing can be
ignored. So its messages are read. The first one is its configuration: without it, nothing was scanned.
"""

from __future__ import annotations

import os
import shutil
from typing import Any, NamedTuple

from ..common.errors import SlipwayError
from ..common.vulnerabilities import LEVELS, Ignored, Policy
from . import processes
from .request import Request
from .toolchain import Toolchain

_SHOWN = 20
_NOT_INSTALLED = (
    "govulncheck is in gates, and is not installed on the builder: run "
    "'go install golang.org/x/vuln/cmd/govulncheck@latest', or take it out of gates"
)
_NOT_SCANNED = (
    "govulncheck could not scan %s, so nobody knows whether it has a vulnerability. If the builder cannot "
    "reach the database %s, name a copy of it in vulnerabilities.database. It said:\n%s"
)
_FOUND = "govulncheck found %d vulnerabilities that %s %s; update the modules:\n%s"
_HAS = {"reachable": "reaches", "imported": "imports", "required": "is built with", "advisory": "reaches"}


class Finding(NamedTuple):
    """One vulnerability in one module. ``level``: the first of LEVELS that it is."""

    id: str
    names: frozenset[str]  # the id and its aliases
    level: str
    module: str
    version: str
    fixed: str
    symbol: str
    summary: str

    def described(self) -> str:
        """One line for a message."""
        where = "%s %s" % (self.module, self.version)
        fixed = "fixed in %s" % self.fixed if self.fixed else "not fixed yet"
        rest = ["calls %s" % self.symbol] if self.symbol else []
        return "; ".join(["%s: %s, %s" % (self.id, where, fixed), *rest, *filter(None, [self.summary])])

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a result."""
        return {name: value for name, value in self._asdict().items() if name != "names"}


class Scanned(NamedTuple):
    """How a scan ended that does not stop the build. ``complete``: whether it was made at all."""

    complete: bool
    ignored: list[Ignored]
    warnings: list[str]


def scan(request: Request, toolchain: Toolchain, variables: dict[str, str]) -> Scanned:
    """Scan the module of a request; raises where something is found, or could not be looked for."""
    policy = request.vulnerabilities
    done = _run(request, toolchain, variables)
    try:
        findings = _findings(done)
    except (ValueError, LookupError, TypeError, AttributeError):
        words = _NOT_SCANNED % (request.source, policy.database, done.output or "nothing")
        if policy.only_advises:
            return Scanned(False, [], [words])
        raise SlipwayError(words, gate="govulncheck", **done.facts) from None
    found, ignored = _counted(findings, policy)
    warnings = policy.warnings_of_unused(ignored, "in " + request.source)
    if not found:
        return Scanned(True, ignored, warnings)
    words = _words(found, request.source, policy)
    if policy.only_advises:
        return Scanned(True, ignored, [*warnings, words])
    raise SlipwayError(
        words, gate="govulncheck", vulnerabilities=[item.as_dict() for item in found], cmd=done.argv
    )


def _run(request: Request, toolchain: Toolchain, variables: dict[str, str]) -> processes.Completed:
    found = shutil.which("govulncheck") or shutil.which(os.path.expanduser("~/go/bin/govulncheck"))
    if not found:
        raise SlipwayError(_NOT_INSTALLED)
    environment = dict(toolchain.environment, GOFLAGS="-mod=" + request.mod, **variables)
    environment["PATH"] = os.path.dirname(toolchain.go) + os.pathsep + environment.get("PATH", os.defpath)
    tags = ["-tags", ",".join(request.tags)] if request.tags else []
    argv = [found, "-json", "-db", request.vulnerabilities.database, *tags, "./..."]
    return processes.run(argv, request.source, environment)


def _findings(done: processes.Completed) -> list[Finding]:
    """The findings, each module of a vulnerability once; raises where the scan was not made."""
    messages = [] if done.code else done.objects()
    if not any("config" in message for message in messages):
        raise ValueError("no scan")
    entries = {message["osv"]["id"]: message["osv"] for message in messages if "osv" in message}
    worst: dict[tuple[str, str], Finding] = {}
    for message in messages:
        if "finding" in message:
            finding = _finding(message["finding"], entries)
            known = worst.get((finding.id, finding.module))
            if known is None or LEVELS.index(finding.level) < LEVELS.index(known.level):
                worst[finding.id, finding.module] = finding
    return sorted(worst.values())


def _finding(message: dict[str, Any], entries: dict[str, dict[str, Any]]) -> Finding:
    frame = message["trace"][0]
    entry = entries.get(message["osv"], {})
    function = frame.get("function")
    level = "reachable" if function else "imported" if frame.get("package") else "required"
    words = [frame.get("package"), frame.get("receiver"), function] if function else []
    return Finding(
        message["osv"],
        frozenset([message["osv"], *(entry.get("aliases") or [])]),
        level,
        frame["module"],
        frame.get("version") or "of an unknown version",
        message.get("fixed_version") or "",
        ".".join(filter(None, words)),
        " ".join(str(entry.get("summary") or "").split()),
    )


def _counted(findings: list[Finding], policy: Policy) -> tuple[list[Finding], list[Ignored]]:
    """What counts, and the entries by which something else does not."""
    limit = LEVELS.index("reachable" if policy.only_advises else policy.level)
    found, ignored = [], []
    for finding in findings:
        if LEVELS.index(finding.level) > limit:
            continue
        entry = policy.ignoring(finding.names)
        if entry is None:
            found.append(finding)
        elif entry not in ignored:
            ignored.append(entry)
    return found, ignored


def _words(found: list[Finding], source: str, policy: Policy) -> str:
    lines = [finding.described() for finding in found[:_SHOWN]]
    lines += ["and %d more" % (len(found) - _SHOWN)] if len(found) > _SHOWN else []
    return _FOUND % (len(found), source, _HAS[policy.level], "\n".join(lines))
