# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must pass before a binary is built: vet, tests, govulncheck. Each runs once for the same code."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Iterator, NamedTuple

from ..common import canonical
from ..common.errors import SlipwayError
from . import govulncheck, processes, targets
from .filecache import FileCache
from .govulncheck import Scanned
from .inputs import Inputs
from .request import Request
from .toolchain import Toolchain

_SKIPPED = frozenset(("vendor", "node_modules"))
_FAILED = {
    "vet": "go vet found a mistake in %s; correct it, or take vet out of gates:",
    "test": "The tests of %s fail; nothing was built. Correct them, or take test out of gates:",
}


class Gate(NamedTuple):
    """One gate of a request: the digest of what it checks, and whether it has to run."""

    name: str
    key: str
    due: bool


def plan(
    request: Request,
    toolchain: Toolchain,
    all_inputs: list[Inputs],
    recorded: list[dict[str, Any] | None],
    cache: FileCache,
) -> list[Gate]:
    """The gates of a request. One is due unless all ``recorded`` say that it passed for this code."""
    if not request.gates:
        return []
    code = _key(request, toolchain, all_inputs, cache)
    keys = {name: _key_of_scan(request, code) if name == "govulncheck" else code for name in request.gates}
    passed = [(provenance or {}).get("gates", {}) for provenance in recorded]
    return [
        Gate(name, key, request.force or any(gates.get(name) != key for gates in passed))
        for name, key in keys.items()
    ]


def run(request: Request, toolchain: Toolchain, gates: list[Gate]) -> Scanned | None:
    """Run these gates in parallel; the first that fails is the error. Returns what govulncheck said."""
    if request.pass_environment:  # tests must not see what they hold, so that all is downloaded before
        toolchain.download(["list", "-e", "-deps", "-test", *_flags(request), "./..."], request.source)
    with ThreadPoolExecutor(2) as pool:
        finished = [pool.submit(_run_one, gate.name, request, toolchain) for gate in gates]
        return next(filter(None, [one.result() for one in finished]), None)


def to_record(
    gates: list[Gate], scanned: Scanned | None, recorded: list[dict[str, Any] | None]
) -> dict[str, Any]:
    """What the provenance says of the gates: those that passed, and what was ignored for that."""
    skipped = ["govulncheck"] if scanned and not scanned.complete else []
    passed = {gate.name: gate.key for gate in gates if gate.name not in skipped}
    if "govulncheck" not in passed:
        return {"gates": passed}
    if scanned:
        ignored = [entry.as_dict() for entry in scanned.ignored]
    else:  # it passed before, for the same code and the same entries
        ignored = (recorded[0] or {}).get("ignored_vulnerabilities", [])
    return {"gates": passed, "ignored_vulnerabilities": ignored}


def _key(request: Request, toolchain: Toolchain, all_inputs: list[Inputs], cache: FileCache) -> str:
    """The digest of all that the gates may depend on: the inputs of the build, and tests with their data."""
    texts = [
        "%s %s" % (path, cache.digest(os.path.join(request.source, path))) for path in _tested(request, cache)
    ]
    digests = sorted(inputs.digest for inputs in all_inputs)
    return canonical.sha256("\n".join([toolchain.version] + digests + texts))


def _key_of_scan(request: Request, code: str) -> str:
    """The same with what counts as a vulnerability: it changes when the day of an ignored one is over."""
    policy = request.vulnerabilities
    entries = [entry.as_dict() for entry in policy.ignored]
    return canonical.sha256(canonical.to_json([code, policy.level, policy.database, entries]).decode("ascii"))


def _flags(request: Request) -> list[str]:
    return ["-mod=" + request.mod] + (["-tags=" + ",".join(request.tags)] if request.tags else [])


def _run_one(gate: str, request: Request, toolchain: Toolchain) -> Scanned | None:
    variables = targets.parse(toolchain.host_target).environment  # tests can run here only
    if gate == "govulncheck":
        return govulncheck.scan(request, toolchain, variables)
    build_flags = _flags(request)
    if request.trimpath:
        build_flags.append("-trimpath")  # the flags of the build, so that both share Go's cache
    done = toolchain.run([gate] + build_flags + ["./..."], request.source, **variables)
    if done.code:
        output = processes.cut((done.stdout + done.stderr).strip())
        raise SlipwayError("%s\n%s" % (_FAILED[gate] % request.source, output), gate=gate, **done.facts)
    return None


def _tested(request: Request, cache: FileCache) -> list[str]:
    """Go files, and all files in testdata directories, relative to the source."""
    return sorted(
        os.path.relpath(path, request.source)
        for path in _walk(request.source, request.dest, cache, everything=False)
    )


def _walk(directory: str, left_out: str, cache: FileCache, everything: bool) -> Iterator[str]:
    for name, is_directory in cache.names(directory):
        path = os.path.join(directory, name)
        if is_directory:
            hidden = name.startswith((".", "_")) or name in _SKIPPED
            if path != left_out and (everything or not hidden):
                yield from _walk(path, left_out, cache, everything or name == "testdata")
        elif os.path.isfile(path) and (everything or name.endswith(".go")):
            yield path
