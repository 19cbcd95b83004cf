# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must pass before a binary is made: vet, tests, known vulnerabilities. Once for the same code, and then remembered."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

from ..common import canonical
from ..common.errors import SlipwayError
from . import processes, targets

_SKIPPED = frozenset(("vendor", "node_modules"))
_REMEDY = {
    "vet": "go vet found a mistake in %s; correct it, or take vet out of gates:",
    "test": "The tests of %s fail; nothing was built:",
    "govulncheck": "govulncheck found a known vulnerability that %s reaches; update the module that it names:",
}


def key(request, toolchain, all_inputs, cache):
    """The digest of all that the gates could depend on: the inputs of the build, and tests with their data."""
    texts = [
        "%s %s" % (path, cache.digest(os.path.join(request.source, path))) for path in _tested(request, cache)
    ]
    return canonical.sha256("\n".join([toolchain.version] + sorted(all_inputs) + texts))


def run(request, toolchain, wanted):
    """Run these gates side by side; the first that fails is the error."""
    with ThreadPoolExecutor(2) as pool:
        for finished in [pool.submit(_run_one, gate, request, toolchain) for gate in wanted]:
            finished.result()


def _run_one(gate, request, toolchain):
    variables = targets.parse(toolchain.host_target).environment  # tests can run here only
    build_flags = ["-mod=" + request.mod] + (["-tags=" + ",".join(request.tags)] if request.tags else [])
    if gate == "govulncheck":
        done = _govulncheck(request, toolchain, variables)
    else:
        if request.trimpath:
            build_flags.append("-trimpath")  # the flags of the build, so that both share Go's cache
        done = toolchain.run([gate] + build_flags + ["./..."], request.source, **variables)
    if done.code:
        words = processes.cut((done.stdout + done.stderr).strip())
        raise SlipwayError("%s\n%s" % (_REMEDY[gate] % request.source, words), gate=gate, **done.facts)


def _govulncheck(request, toolchain, variables):
    found = shutil.which("govulncheck") or shutil.which(os.path.expanduser("~/go/bin/govulncheck"))
    if not found:
        raise SlipwayError(
            "gates asks for govulncheck, which is not installed on the builder: run "
            "'go install golang.org/x/vuln/cmd/govulncheck@latest', or take it out of gates"
        )
    environment = dict(toolchain.environment, GOFLAGS="-mod=" + request.mod, **variables)
    environment["PATH"] = os.path.dirname(toolchain.go) + os.pathsep + environment.get("PATH", os.defpath)
    return processes.run(
        [found] + (["-tags", ",".join(request.tags)] if request.tags else []) + ["./..."],
        request.source,
        environment,
    )


def _tested(request, cache):
    """Go files, and all that lies in testdata directories, relative to the source."""
    return sorted(
        os.path.relpath(path, request.source)
        for path in _walk(request.source, request.dest, cache, everything=False)
    )


def _walk(directory, left_out, cache, everything):
    for name, is_directory in cache.names(directory):
        path = os.path.join(directory, name)
        if is_directory:
            hidden = name.startswith((".", "_")) or name in _SKIPPED
            if path != left_out and (everything or not hidden):
                yield from _walk(path, left_out, cache, everything or name == "testdata")
        elif os.path.isfile(path) and (everything or name.endswith(".go")):
            yield path
