# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the targets of a request: collect inputs, decide, run the gates, compile and check, publish."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Any, Callable, Iterable, Iterator, TypeVar

from ..common import canonical, names
from ..common.errors import SlipwayError
from . import cgo, embeds, gates, git, go_build, stamp_check, stamps, targets
from . import decision as decisions
from . import inputs as input_lists
from . import publish as publishing
from . import toolchain as toolchains
from .decision import Decision
from .filecache import FileCache
from .gates import Gate
from .go_build import Built
from .inputs import Inputs
from .output import Output
from .provenance import Identity
from .publish import Published
from .request import Request, module_path
from .toolchain import Toolchain

_LEFTOVER_SECONDS = 24 * 3600
_T = TypeVar("_T")


def build(request: Request) -> dict[str, Any]:
    """Bring every target of the request up to date; in check mode report what would happen."""
    # most of its threads wait for a process or a disk
    with ThreadPoolExecutor(2 * (os.cpu_count() or 1) + 2) as pool:
        revision = pool.submit(git.read, request.source, module_path(request.source))
        toolchain = toolchains.probe(request)
        chosen = request.targets or [targets.parse(toolchain.host_target)]
        cache = FileCache()
        outputs = [Output(request, target, pool) for target in chosen]
        collected = _all(
            pool, [partial(input_lists.collect, request, target, toolchain, cache) for target in chosen]
        )
        identity = _identity(request, collected, revision.result())
        stamp_values = stamps.fill(request.stamp, identity.version, identity.commit, identity.time)
        planned = [
            _decide(request, output, inputs, identity, stamp_values)
            for output, inputs in zip(outputs, collected)
        ]
        stubs = _all(pool, [partial(_stubs, request, toolchain, decision) for decision in planned])
        planned = [decision._replace(cgo_stubs=found) for decision, found in zip(planned, stubs)]
        gate_plan = gates.plan(
            request,
            toolchain,
            [decision.inputs for decision in planned],
            [output.recorded for output in outputs],
            cache,
        )
        warnings = request.warnings + _check_policies(request, planned)
        if request.check_mode:
            published = [publishing.preview(decision) for decision in planned]
        else:
            published, more_warnings = _apply(request, toolchain, planned, stamp_values, gate_plan)
            warnings += more_warnings
        return _result(request, toolchain, published, stamp_values, gate_plan, warnings)


def _identity(request: Request, collected: list[Inputs], revision: git.Revision) -> Identity:
    dirty = revision.dirty({path for inputs in collected for path in inputs.files})
    version = request.version or revision.version(dirty)
    if not version:
        version = "0.0.0-" + input_lists.content_digest(collected)[:12]
    if not names.VERSION.fullmatch(version) or ".." in version:
        raise SlipwayError(
            "git's tag gives the version %r, which cannot become a directory's name: set the option version"
            % version
        )
    return Identity(request.name, version, revision.commit, revision.time, dirty)


def _decide(
    request: Request, output: Output, inputs: Inputs, identity: Identity, stamp_values: dict[str, str]
) -> Decision:
    decision = decisions.decide(request, output, inputs.with_stamps(stamp_values), identity)
    embeds.check(request.embed, inputs.listing)
    if decision.stale:
        stamp_check.verify_variables(stamp_values, inputs.listing)
    return decision


def _stubs(request: Request, toolchain: Toolchain, decision: Decision) -> list[str]:
    if not decision.stale:
        recorded: list[str] = (decision.output.recorded or {})["binary"].get("cgo_stubs", [])
        return recorded
    return cgo.lost(request, toolchain, decision.inputs.target, decision.inputs.listing)


def _check_policies(request: Request, planned: list[Decision]) -> list[str]:
    """Check cgo_stubs, and the binaries that stay against max_size and static; returns the warnings."""
    warnings = []
    for decision in planned:
        subject = "%s for %s" % (request.name, decision.inputs.target)
        warnings += cgo.check_stubs(request, subject, decision.cgo_stubs)
        binary = (decision.output.recorded or {}).get("binary")
        if binary and not decision.stale:
            with_c = decision.inputs.listing.with_c()
            warnings += go_build.check_static(request, subject, binary["static"], binary["needs"], with_c)
            go_build.check_size(request, subject, binary["size"])
    return warnings


def _apply(
    request: Request,
    toolchain: Toolchain,
    planned: list[Decision],
    stamp_values: dict[str, str],
    gate_plan: list[Gate],
) -> tuple[list[Published], list[str]]:
    due = [gate for gate in gate_plan if gate.due]
    scanned = gates.run(request, toolchain, due) if due else None
    passed = gates.to_record(gate_plan, scanned, [decision.output.recorded for decision in planned])
    memory = go_build.memory_settings(request, len(planned))

    def compile_one(decision: Decision, directory: str | None) -> Built | None:
        if directory is None:
            return None
        return go_build.compile_target(
            request,
            decision.inputs.target,
            toolchain,
            decision.inputs.listing,
            stamp_values,
            directory,
            memory,
        )

    with contextlib.ExitStack() as directories, ThreadPoolExecutor(request.jobs) as pool:
        places = [
            directories.enter_context(_scratch_directory(decision.output)) if decision.stale else None
            for decision in planned
        ]
        builds = _all(
            pool, [partial(compile_one, decision, place) for decision, place in zip(planned, places)]
        )
        # all or none: every target is built and checked before the first is replaced
        published = [
            publishing.publish(request, decision, built, stamp_values, passed)
            for decision, built in zip(planned, builds)
        ]
        return published, scanned.warnings if scanned else []


@contextlib.contextmanager
def _scratch_directory(output: Output) -> Iterator[str]:
    """A directory on the file system of the binary's place, so that a rename can move it there."""
    prefix = ".%s-build-" % os.path.basename(output.binary)
    try:
        os.makedirs(output.directory, exist_ok=True)
        _sweep(output.directory, prefix)
        directory = tempfile.mkdtemp(prefix=prefix, dir=output.directory)
    except OSError as error:
        raise SlipwayError("Cannot write to dest %s: %s" % (output.directory, error.strerror)) from error
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _sweep(directory: str, prefix: str) -> None:
    """Remove what a killed build left behind."""
    for entry in os.scandir(directory):
        if (
            entry.name.startswith(prefix)
            and time.time() - entry.stat(follow_symlinks=False).st_mtime > _LEFTOVER_SECONDS
        ):
            shutil.rmtree(entry.path, ignore_errors=True)


def _all(pool: Executor, calls: Iterable[Callable[[], _T]]) -> list[_T]:
    """Make all calls in parallel, and raise the first error only when all have ended.

    So no compiler outlives the call.
    """
    pending = [pool.submit(call) for call in calls]
    errors = [error for error in (future.exception() for future in pending) if error]
    if errors:
        raise errors[0]
    return [future.result() for future in pending]


def _result(
    request: Request,
    toolchain: Toolchain,
    published: list[Published],
    stamp_values: dict[str, str],
    gate_plan: list[Gate],
    warnings: list[str],
) -> dict[str, Any]:
    planned = [one.decision for one in published]
    digests = {str(decision.inputs.target): decision.inputs.digest for decision in planned}
    result = {
        "changed": any(one.changed for one in published),
        "artifacts": [one.artifact() for one in published],
        "commands": [
            [toolchain.go] + go_build.arguments(request, decision.output.binary, stamp_values)
            for decision in planned
            if decision.stale
        ],
        "gates": [
            {"name": gate.name, "ran": gate.due and not request.check_mode, "due": gate.due}
            for gate in gate_plan
        ],
        "input_digest": canonical.sha256(canonical.to_json(digests)),
        "reasons": _merged_reasons(planned),
        "diff": [_diff(one) for one in published if one.decision.reasons],
        "warnings": warnings + [text for one in published if one.built for text in one.built.warnings],
    }
    result.update(planned[0].identity.as_dict())
    return result


def _merged_reasons(planned: list[Decision]) -> list[str]:
    """All reasons once; with its target where one does not hold for all."""
    found = []
    for decision in planned:
        for reason in decision.reasons:
            everywhere = all(reason in other.reasons for other in planned)
            text = reason if everywhere else "%s: %s" % (decision.inputs.target, reason)
            if text not in found:
                found.append(text)
    return found


def _diff(published: Published) -> dict[str, str]:
    """The inputs that differ, as a small text."""
    before, after = published.states()
    binary = published.decision.output.binary
    return {
        "before_header": binary,
        "after_header": binary,
        "before": input_lists.as_text(before, after),
        "after": input_lists.as_text(after, before),
    }
