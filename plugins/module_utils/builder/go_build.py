# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of `go build`, and the proof of what came out of it."""

from __future__ import annotations

import os
import shutil
import time

from ..common import canonical, elf
from ..common.errors import SlipwayError
from . import go_buildinfo, go_errors, processes, stamps

_MEMORY_ENOUGH = 1 << 30


class Built:
    """A binary in its temporary place, checked."""

    def __init__(self, path):
        self.path = path
        self.command = []
        self.seconds = 0.0
        self.size = 0
        self.sha256 = ""
        self.facts = {}
        self.before_upx = None


def arguments(request, output, stamp_values):
    """The arguments of `go`; ``output`` is the only one that depends on the place."""
    argv = ["build", "-buildvcs=false", "-mod=" + request.mod]
    if request.trimpath:
        argv.append("-trimpath")
    linker = request.ldflags + stamps.flags(stamp_values)
    if linker:
        argv.append("-ldflags=" + _joined(linker))
    if request.gcflags:
        argv.append("-gcflags=" + " ".join(request.gcflags))
    if request.tags:
        argv.append("-tags=" + ",".join(request.tags))
    if request.pgo != "auto":
        argv.append("-pgo=" + request.pgo)
    return argv + request.flags + ["-o", output, request.package]


def compile_target(request, target, toolchain, stamp_values, directory):
    """Build into ``directory``; returns the checked ``Built``, or raises what is wrong with it."""
    built = Built(os.path.join(directory, request.name))
    started = time.monotonic()
    arguments_here = arguments(request, built.path, stamp_values)
    built.command = [toolchain.go] + arguments_here
    done = toolchain.run(
        arguments_here, request.source, **dict(memory_settings(request), **target.environment)
    )
    if done.code:
        raise go_errors.explain(done, request, toolchain, target)
    _inspect(built, request, target, stamp_values)
    if request.upx:
        _pack(built, request, target, toolchain)
    os.chmod(built.path, 0o755)
    built.seconds = round(time.monotonic() - started, 3)
    return built


def memory_settings(request):
    """Let compiler and linker collect no garbage while there is memory enough: a tenth less work for the same bytes."""
    if "GOGC" in request.environment or "GOMEMLIMIT" in request.environment:
        return {}
    processes_at_once = (os.cpu_count() or 1) * min(request.jobs, len(request.targets))
    share = _available_memory() // (2 * processes_at_once)
    return {"GOGC": "off", "GOMEMLIMIT": str(share)} if share >= _MEMORY_ENOUGH else {}


def _available_memory():
    try:
        with open("/proc/meminfo", encoding="ascii") as handle:
            found = {line.split(":")[0]: line.split()[1] for line in handle}
        return int(found["MemAvailable"]) * 1024
    except (OSError, KeyError, IndexError, ValueError):
        return 0


def check_static(request, subject, static, needs):
    """Hold the binary against the option static."""
    if static or request.static == "ignore":
        return
    message = (
        "%s is not static: it wants %s of the host. With cgo: false this comes from -buildmode=pie; with cgo: true link statically, as in "
        "environment: {CC: musl-gcc} and ldflags: ['-s', '-w', '-linkmode external', '-extldflags \"-static\"']; or set static: ignore"
        % (subject, ", ".join(needs))
    )
    if request.static == "require":
        raise SlipwayError(message, needs=needs)
    request.warnings.append(message)


def check_size(request, subject, size):
    """Hold the binary against the option max_size."""
    if request.max_size and size > request.max_size:
        raise SlipwayError(
            "%s has %d bytes, which is over max_size, %d bytes (%.1f %% more): find what grew with 'go version -m' and 'go tool nm -size', "
            "or raise max_size" % (subject, size, request.max_size, 100.0 * size / request.max_size - 100),
            size=size,
        )


def _joined(linker):
    text = " ".join(linker)
    return text if text[0] not in "'\"" else " " + text  # which go refuses at the start


def _inspect(built, request, target, stamp_values):
    headers = elf.read(built.path)
    if headers.goarch != target.goarch:
        raise SlipwayError(
            "%s should be for %s, but its ELF header says %s"
            % (request.name, target, headers.goarch or headers.machine)
        )
    needs = ([headers.interpreter] if headers.interpreter else []) + headers.needed
    check_static(request, "%s for %s" % (request.name, target), headers.static, needs)
    with open(built.path, "rb") as handle:
        content = handle.read()
    stamps.verify_landed(stamp_values, content)
    built.size, built.sha256 = len(content), canonical.sha256(content)
    built.facts = {
        "static": headers.static,
        "needs": needs,
        "build_id": headers.build_id,
        "build_info": go_buildinfo.read(built.path).as_dict(),
    }


def _pack(built, request, target, toolchain):
    upx = shutil.which("upx")
    if not upx:
        raise SlipwayError(
            "upx is not installed on the builder, and the option upx asks for it. Install it, or leave upx out: a tar.gz of the plain "
            "binary is nearly as small, and the program starts 20 times faster"
        )
    done = processes.run(
        [upx, "-q"] + request.upx_args + ["--", built.path],
        os.path.dirname(built.path),
        toolchain.environment,
    )
    if done.code:
        raise SlipwayError(
            "upx cannot pack %s for %s; leave upx out:\n%s" % (request.name, target, done.words), **done.facts
        )
    built.before_upx = {"size": built.size, "sha256": built.sha256}
    built.size, built.sha256 = os.path.getsize(built.path), canonical.sha256_file(built.path)
