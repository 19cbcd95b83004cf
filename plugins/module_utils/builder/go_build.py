# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of `go build`, and the checks of the binary that comes out of it."""

from __future__ import annotations

import os
import shutil
import time
from typing import Any, NamedTuple

from ..common import canonical, elf
from ..common.errors import SlipwayError
from . import cgo, go_buildinfo, go_errors, processes, profile, stamp_check, stamps
from .go_list import Listing
from .request import Request
from .targets import Target
from .toolchain import Toolchain

_MEMORY_ENOUGH = 1 << 30


class Built(NamedTuple):
    """A binary in its temporary place, checked."""

    path: str
    seconds: float
    size: int
    sha256: str
    static: bool
    needs: list[str]
    build_id: str
    build_info: dict[str, Any]
    before_upx: dict[str, Any] | None
    warnings: list[str]


def arguments(request: Request, output: str, stamp_values: dict[str, str]) -> list[str]:
    """The arguments of `go`; ``output`` is the only one that depends on the place."""
    argv = ["build", "-buildvcs=false", "-mod=" + request.mod]
    if request.trimpath:
        argv.append("-trimpath")
    linker = " ".join(request.ldflags + stamps.flags(stamp_values))
    if linker:
        # go refuses a quote as the first character
        argv.append("-ldflags=" + (" " + linker if linker[0] in "'\"" else linker))
    if request.gcflags:
        argv.append("-gcflags=" + " ".join(request.gcflags))
    if request.tags:
        argv.append("-tags=" + ",".join(request.tags))
    if request.pgo != "auto":
        argv.append("-pgo=" + request.pgo)
    return argv + request.flags + ["-o", output, request.package]


def compile_target(
    request: Request,
    target: Target,
    toolchain: Toolchain,
    listing: Listing,
    stamp_values: dict[str, str],
    directory: str,
    memory: dict[str, str],
) -> Built:
    """Build into ``directory``; returns the checked ``Built``, or raises what is wrong with it."""
    subject = "%s for %s" % (request.name, target)
    path = os.path.join(directory, request.name)
    started = time.monotonic()
    done = toolchain.run(
        arguments(request, path, stamp_values), request.source, **dict(memory, **target.environment)
    )
    if done.code:
        raise go_errors.explain(done, request, toolchain, target)
    built = _inspect(path, request, target, toolchain, listing, stamp_values)
    if request.upx:
        built = _pack(built, request, target, toolchain)
    os.chmod(path, 0o755)
    check_size(request, subject, built.size)
    return built._replace(seconds=round(time.monotonic() - started, 3))


def memory_settings(request: Request, target_count: int) -> dict[str, str]:
    """Turn off garbage collection in compiler and linker while there is enough memory.

    That is a tenth less work for the same bytes.
    """
    if "GOGC" in request.environment or "GOMEMLIMIT" in request.environment:
        return {}
    processes_at_once = (os.cpu_count() or 1) * min(request.jobs, target_count)
    share = _available_memory() // (2 * processes_at_once)
    return {"GOGC": "off", "GOMEMLIMIT": str(share)} if share >= _MEMORY_ENOUGH else {}


def _available_memory() -> int:
    try:
        with open("/proc/meminfo", encoding="ascii") as handle:
            found = {line.split(":")[0]: line.split()[1] for line in handle}
        return int(found["MemAvailable"]) * 1024
    except (OSError, KeyError, IndexError, ValueError):
        return 0


def check_static(
    request: Request, subject: str, static: bool, needs: list[str], with_c: list[str]
) -> list[str]:
    """Check a binary against the option static; returns the warnings. ``with_c``: packages with C in them."""
    if static or request.static == "ignore":
        return []
    message = "%s is not static: it needs %s on the host. " % (subject, ", ".join(needs))
    if not request.cgo:
        message += "With cgo: false this comes from -buildmode=pie"
    elif with_c:
        message += "With cgo: true it has parts in C from %s.%s Or link statically, as in %s" % (
            " and ".join(with_c),
            cgo.ways_out(with_c),
            cgo.STATIC_C,
        )
    else:
        message += (
            "With cgo: true only the standard library has parts in C here: leave cgo out, or set "
            "tags: [netgo, osusergo]"
        )
    message += "; or set static: ignore"
    if request.static == "require":
        raise SlipwayError(message, needs=needs)
    return [message]


def check_size(request: Request, subject: str, size: int) -> None:
    """Check a binary against the option max_size."""
    if request.max_size and size > request.max_size:
        raise SlipwayError(
            "%s has %d bytes, which is over max_size, %d bytes (%.1f %% more): find what grew with "
            "'go version -m' and 'go tool nm -size', or raise max_size"
            % (subject, size, request.max_size, 100.0 * size / request.max_size - 100),
            size=size,
        )


def _inspect(
    path: str,
    request: Request,
    target: Target,
    toolchain: Toolchain,
    listing: Listing,
    stamp_values: dict[str, str],
) -> Built:
    headers = elf.read(path)
    if headers.goarch != target.goarch:
        raise SlipwayError(
            "%s should be for %s, but its ELF header says %s"
            % (request.name, target, headers.goarch or headers.machine)
        )
    needs = ([headers.interpreter] if headers.interpreter else []) + headers.needed
    subject = "%s for %s" % (request.name, target)
    warnings = check_static(request, subject, headers.static, needs, listing.with_c())
    with open(path, "rb") as handle:
        content = handle.read()
    stamp_check.verify_in_binary(stamp_values, content)
    warnings += profile.warnings(profile.path(request, listing), content)
    return Built(
        path=path,
        seconds=0.0,
        size=len(content),
        sha256=canonical.sha256(content),
        static=headers.static,
        needs=needs,
        build_id=headers.build_id,
        build_info=go_buildinfo.read(path, toolchain, request.source).as_dict(),
        before_upx=None,
        warnings=warnings,
    )


def _pack(built: Built, request: Request, target: Target, toolchain: Toolchain) -> Built:
    upx = shutil.which("upx")
    if not upx:
        raise SlipwayError(
            "upx is not installed on the builder, and the option upx is set. Install it, or leave upx out: a "
            "tar.gz of the plain binary is nearly as small, and the program starts 20 times faster"
        )
    done = processes.run(
        [upx, "-q"] + request.upx_args + ["--", built.path],
        os.path.dirname(built.path),
        toolchain.environment,
    )
    if done.code:
        raise SlipwayError(
            "upx cannot pack %s for %s; leave upx out:\n%s" % (request.name, target, done.output),
            **done.facts,
        )
    return built._replace(
        before_upx={"size": built.size, "sha256": built.sha256},
        size=os.path.getsize(built.path),
        sha256=canonical.sha256_file(built.path),
    )
