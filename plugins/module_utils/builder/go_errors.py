# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Go's error messages, each with what to do about it."""

from __future__ import annotations

import os
import re
from typing import Callable

from ..common.errors import SlipwayError
from . import cgo, targets
from .processes import Completed
from .request import Request, go_work_above
from .targets import Target
from .toolchain import Toolchain

_TOO_OLD = re.compile(r"go: (?P<who>\S+) requires go >= (?P<wanted>\S+) \(running go (?P<running>[^;)]+)")
_OFFLINE = re.compile(r"module lookup disabled by GOPROXY=off")
_NETWORK = re.compile(
    r"dial tcp|proxyconnect|no such host|connection refused|connection reset|i/o timeout|TLS handshake|x509:"
    r"|unrecognized import path|reading https?://\S+|Get \"https?://"
)
_CREDENTIALS = re.compile(
    r"could not read (Username|Password)|Authentication failed|terminal prompts disabled"
    r"|no secure protocol found for repository|Permission denied \(publickey|HTTP Basic: Access denied"
)
_MODULES = re.compile(
    r"no required module provides package|cannot find module providing package|missing go\.sum entry"
    r"|updates to go\.(mod|sum) needed|inconsistent vendoring|checksum mismatch"
)
_NO_EMBED = re.compile(r"pattern (?P<pattern>.+): (no matching files found|cannot embed .+)")
_EXCLUDED = re.compile(r"build constraints exclude all Go files in")
_NO_PACKAGE = re.compile(
    r"no Go files in|cannot find package|directory not found|does not contain package|is not in std"
    r"|matched no packages"
)
_NO_COMPILER = re.compile(
    r'C compiler "(?P<compiler>[^"]+)" not found|exec: "(?P<other>[^"]+)": executable file not found'
)
_BAD_PAIR = re.compile(r"unsupported GOOS/GOARCH pair (?P<pair>\S+)")
_BAD_VARIANT = re.compile(r"(?P<reason>invalid GO(?:386|AMD64|ARM|ARM64|MIPS|MIPS64|PPC64|RISCV64): .*)")
_COMPILED = re.compile(r"^# (\S+)", re.MULTILINE)
_PARSE_GO_MOD = re.compile(r"errors parsing \S*go\.mod|go\.mod:\d+: ")


def explain(done: Completed, request: Request, toolchain: Toolchain, target: Target) -> SlipwayError:
    """The error for a failed `go list` or `go build`: Go's own message, and a remedy."""
    message = _known(done.stderr, request, toolchain, target)
    if not message:
        message = "Go could not build %s of %s for %s:" % (request.package, request.source, target)
    return SlipwayError("%s\n%s" % (message, done.output), target=str(target), **done.facts)


def _known(output: str, request: Request, toolchain: Toolchain, target: Target) -> str:
    compiled = set(_COMPILED.findall(output))
    if compiled:  # the output quotes source code, in which any of the patterns below could occur
        needing = cgo.packages(request, toolchain, target) & compiled
        if needing:
            return _cgo_message(needing)
    elif not request.go_work:
        lacking = _of_the_workspace(output, request, toolchain)
        if lacking:
            return lacking
    for pattern, make in _COMPILING if compiled else _LISTING:
        match = pattern.search(output)
        if match:
            return make(match, request, toolchain, target)
    return ""


def _of_the_workspace(output: str, request: Request, toolchain: Toolchain) -> str:
    """The message where Go lacks a module that a go.work above the source has; "" if none."""
    go_work = go_work_above(request.source)
    if not go_work:
        return ""
    done = toolchain.run(["work", "edit", "-json"], request.source, GOWORK=go_work)
    if done.code:
        return ""
    for used in done.objects()[0].get("Use") or []:
        directory = os.path.normpath(os.path.join(os.path.dirname(go_work), used["DiskPath"]))
        module = _module_of(directory, toolchain)
        if module and directory != request.source and _lacks(module, output):
            return (
                "The module %s comes from the workspace %s, and workspaces are off (GOWORK=off): go.mod "
                "alone says what is built. Switch them on with workspace: true (in the playbooks: "
                "slipway_build: {workspace: true}); or write it into go.mod: 'go mod edit -replace %s=%s'."
                % (module, go_work, module, _relative(directory, request.source))
            )
    return ""


def _lacks(module: str, output: str) -> bool:
    """Does Go say that it cannot find this module, or a package of it?"""
    name = re.escape(module)
    return bool(
        re.search(
            r"(provides|providing) package %s(?=[/;:\s]|$)|\b%s@v|package %s(/\S*)? is not in (std|GOROOT)"
            % (name, name, name),
            output,
        )
    )


def _module_of(directory: str, toolchain: Toolchain) -> str:
    """The path of the module in a directory, "" for none."""
    done = toolchain.run(["mod", "edit", "-json", os.path.join(directory, "go.mod")], directory)
    found = done.objects() if not done.code else []
    return str(found[0]["Module"]["Path"]) if found else ""


def _relative(directory: str, source: str) -> str:
    path = os.path.relpath(directory, source)
    return path if path.startswith("..") else "./" + path


def main_packages(request: Request, toolchain: Toolchain) -> list[str]:
    """Where the module has main packages, as the user would write them."""
    done = toolchain.download(
        ["list", "-e", "-mod=" + request.mod, "-f", '{{if eq .Name "main"}}{{.Dir}}{{end}}', "./..."],
        request.source,
    )
    found = []
    for directory in done.stdout.split("\n"):
        if directory.startswith(request.source):
            found.append("." + directory[len(request.source) :])
    return found


def no_main(request: Request, toolchain: Toolchain, reason: str) -> str:
    """The message for a package that is not a program."""
    others = main_packages(request, toolchain)[:5]
    remedy = (
        "give one of these as package: %s" % ", ".join(others)
        if others
        else "the module has none: write one with package main and func main"
    )
    return "There is no main package at %s in %s (%s); %s." % (
        request.package,
        request.source,
        reason,
        remedy,
    )


def _cgo_message(packages: set[str]) -> str:
    return (
        "%s needs cgo, and cgo is off. Replace it by a package in pure Go; or exclude it with tags; or set "
        "cgo: true together with a static C library, as in %s.%s"
        % (" and ".join(sorted(packages)), cgo.STATIC_C, cgo.ways_out(packages))
    )


def _too_old(match: re.Match[str], _request: Request, toolchain: Toolchain, _target: Target) -> str:
    return (
        "Go is too old: %s needs Go %s, and %s is %s. Install a newer one (role "
        "slipway.golang.go_toolchain), or let Go download it with environment: {GOTOOLCHAIN: auto}."
        % (match["who"], match["wanted"], toolchain.go, match["running"])
    )


def _offline(_match: re.Match[str], request: Request, _toolchain: Toolchain, _target: Target) -> str:
    reason = "offline is set" if request.offline else "GOPROXY is off"
    return (
        "A module is missing on this machine and %s. Fill the module cache once with 'go mod download', or "
        "vendor the modules and set mod: vendor." % reason
    )


def _credentials(_match: re.Match[str], request: Request, _toolchain: Toolchain, _target: Target) -> str:
    unset = [name for name in request.pass_environment if name not in os.environ]
    return (
        "git cannot read the repository of a module. Where its credential helper takes a token from a "
        "variable of the environment, name that one in pass_environment, and the module in goprivate (in the "
        "playbooks: slipway_build: {pass_environment: [CI_GIT_TOKEN], goprivate: [git.example.com/*]}).%s"
        % (" Not set in the environment of the builder: %s." % ", ".join(unset) if unset else "")
    )


def _network(_match: re.Match[str], _request: Request, _toolchain: Toolchain, _target: Target) -> str:
    return (
        "Go could not download a module. Set goproxy to a proxy that this machine can reach; or set "
        "offline: true where the module cache is full; or vendor the modules ('go mod vendor') and set "
        "mod: vendor."
    )


def _modules(_match: re.Match[str], request: Request, _toolchain: Toolchain, _target: Target) -> str:
    return (
        "go.mod, go.sum and the imports of %s do not agree. Run 'go mod tidy'%s there and commit the result."
        % (request.source, " and 'go mod vendor'" if request.mod == "vendor" else "")
    )


def _no_embed(match: re.Match[str], request: Request, _toolchain: Toolchain, _target: Target) -> str:
    return (
        "A file to embed is missing: nothing matches the pattern %s. Make the file (a front-end build?) "
        "before building %s." % (match["pattern"], request.source)
    )


def _excluded(_match: re.Match[str], request: Request, toolchain: Toolchain, target: Target) -> str:
    needing = cgo.packages(request, toolchain, target)
    if needing:
        return _cgo_message(needing)
    return (
        "A package has no file for %s: its build constraints exclude all. Choose other targets or tags."
        % target
    )


def _no_package(_match: re.Match[str], request: Request, toolchain: Toolchain, _target: Target) -> str:
    return no_main(request, toolchain, "no package there")


def _no_compiler(match: re.Match[str], _request: Request, _toolchain: Toolchain, _target: Target) -> str:
    compiler = match["compiler"] or match["other"]
    return (
        "cgo needs the C compiler %s, which is not installed: install it, or set another in "
        "environment: {CC: …}." % compiler
    )


def _bad_go_mod(_match: re.Match[str], request: Request, _toolchain: Toolchain, _target: Target) -> str:
    return "Go cannot read %s/go.mod; correct it:" % request.source


def _bad_pair(match: re.Match[str], request: Request, toolchain: Toolchain, _target: Target) -> str:
    known = toolchain.run(["tool", "dist", "list"], request.source).stdout.split()
    return str(targets.unknown(match["pair"], [pair for pair in known if pair.startswith("linux/")])) + "."


def _bad_variant(match: re.Match[str], _request: Request, toolchain: Toolchain, target: Target) -> str:
    return "targets: %r is not usable: %s says %s." % (str(target), toolchain.version, match["reason"])


_Explanation = Callable[["re.Match[str]", Request, Toolchain, Target], str]
_COMPILING: tuple[tuple[re.Pattern[str], _Explanation], ...] = ((_NO_COMPILER, _no_compiler),)
_LISTING: tuple[tuple[re.Pattern[str], _Explanation], ...] = (
    (_BAD_PAIR, _bad_pair),
    (_BAD_VARIANT, _bad_variant),
    (_TOO_OLD, _too_old),
    (_OFFLINE, _offline),
    (_NO_EMBED, _no_embed),
    (_EXCLUDED, _excluded),
    (_CREDENTIALS, _credentials),
    (_MODULES, _modules),
    (_NETWORK, _network),
    (_NO_COMPILER, _no_compiler),
    (_PARSE_GO_MOD, _bad_go_mod),
    (_NO_PACKAGE, _no_package),
)
