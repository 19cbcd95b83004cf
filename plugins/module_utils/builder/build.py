# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The story of `build`: look at the sources, say what is stale and why, let the gates judge, compile, prove, and put into place."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from ..common import canonical, names
from ..common.errors import SlipwayError
from . import embeds, gates, git, go_build, inputs, stamps, targets
from . import toolchain as toolchains
from .filecache import FileCache
from .job import Job

_LEFTOVER_SECONDS = 24 * 3600


def build(request):
    """Bring every target of the request up to date; in check mode only tell what would happen."""
    with ThreadPoolExecutor(
        2 * (os.cpu_count() or 1) + 2
    ) as pool:  # most of them wait for a process or a disk
        asked = pool.submit(git.read, request.source)
        toolchain = toolchains.probe(request)
        request.targets = request.targets or [targets.parse(toolchain.host_target)]
        cache = FileCache()
        jobs = [Job(request, target, pool) for target in request.targets]
        _all(pool, [lambda job=job: job.look(request, toolchain, cache) for job in jobs])
        identity = _identity(request, jobs, asked.result())
        values = stamps.fill(request.stamp, identity["version"], identity["commit"], identity["time"])
        for job in jobs:
            job.judge(request, identity, values)
            embeds.check(request.embed, job.listing)
            if job.stale:
                stamps.verify_variables(values, job.listing)
        judged = _gates(request, toolchain, jobs, cache)
        _hold_against_policies(request, jobs)
        if not request.check_mode:
            _make(request, toolchain, jobs, values, judged)
        return _result(request, toolchain, jobs, values, judged)


def _identity(request, jobs, revision):
    """Who the artifacts are: the same for all targets of a call."""
    labels = {key[len("file ") :] for job in jobs for key in job.inputs if key.startswith("file ")}
    dirty = revision.dirty(labels)
    version = request.version or revision.version(dirty)
    if not version:
        version = "0.0.0-" + inputs.content_digest([job.inputs for job in jobs])[:12]
    if not names.VERSION.fullmatch(version) or ".." in version:
        raise SlipwayError(
            "git's tag gives the version %r, which cannot become a directory's name: set the option version"
            % version
        )
    return {
        "name": request.name,
        "version": version,
        "commit": revision.commit,
        "time": revision.time,
        "dirty": dirty,
    }


def _gates(request, toolchain, jobs, cache):
    """For every gate: the digest of what it judges, and whether it has yet to."""
    if not request.gates:
        return {}
    key = gates.key(request, toolchain, [inputs.digest(job.inputs) for job in jobs], cache)
    known = [(job.recorded or {}).get("gates", {}) for job in jobs]
    return {
        gate: {"key": key, "due": request.force or any(passed.get(gate) != key for passed in known)}
        for gate in request.gates
    }


def _make(request, toolchain, jobs, values, judged):
    due = [gate for gate in request.gates if judged[gate]["due"]]
    if due:
        gates.run(request, toolchain, due)
    passed = {gate: judged[gate]["key"] for gate in judged}
    with contextlib.ExitStack() as places, ThreadPoolExecutor(request.jobs) as pool:
        stale = [(job, places.enter_context(_workplace(job))) for job in jobs if job.stale]
        _all(
            pool,
            [
                lambda job=job, place=place: _compile(job, request, toolchain, values, place)
                for job, place in stale
            ],
        )
        for job in jobs:  # all or none: every target is proven before the first is replaced
            job.publish(request, values, passed)


def _compile(job, request, toolchain, values, place):
    job.built = go_build.compile_target(request, job.target, toolchain, values, place)
    go_build.check_size(request, "%s for %s" % (request.name, job.target), job.built.size)


def _hold_against_policies(request, jobs):
    """The policies hold for what was there already, too."""
    for job in jobs:
        binary = (job.recorded or {}).get("binary")
        if binary and not job.stale:
            subject = "%s for %s" % (request.name, job.target)
            go_build.check_static(request, subject, binary["static"], binary["needs"])
            go_build.check_size(request, subject, binary["size"])


@contextlib.contextmanager
def _workplace(job):
    """A directory on the file system of the binary's place, so that a rename can finish the work."""
    prefix = ".%s-build-" % os.path.basename(job.binary)
    try:
        os.makedirs(job.directory, exist_ok=True)
        _sweep(job.directory, prefix)
        place = tempfile.mkdtemp(prefix=prefix, dir=job.directory)
    except OSError as error:
        raise SlipwayError("Cannot write to dest %s: %s" % (job.directory, error.strerror)) from error
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _sweep(directory, prefix):
    """Remove what a killed build left behind."""
    for entry in os.scandir(directory):
        if (
            entry.name.startswith(prefix)
            and time.time() - entry.stat(follow_symlinks=False).st_mtime > _LEFTOVER_SECONDS
        ):
            shutil.rmtree(entry.path, ignore_errors=True)


def _all(pool, acts):
    """Do all of them side by side, and only then raise the first error: no compiler outlives the call."""
    pending = [pool.submit(act) for act in acts]
    errors = [error for error in (future.exception() for future in pending) if error]
    if errors:
        raise errors[0]


def _result(request, toolchain, jobs, values, judged):
    artifacts = [job.artifact() for job in jobs]
    first = jobs[0].identity
    return {
        "changed": any(job.changed for job in jobs),
        "artifacts": artifacts,
        "commands": [
            [toolchain.go] + go_build.arguments(request, job.binary, values) for job in jobs if job.stale
        ],
        "gates": [
            {"name": gate, "ran": judged[gate]["due"] and not request.check_mode, "due": judged[gate]["due"]}
            for gate in judged
        ],
        "input_digest": canonical.sha256(
            canonical.to_json({str(job.target): inputs.digest(job.inputs) for job in jobs})
        ),
        "reasons": _together(jobs),
        "name": first["name"],
        "version": first["version"],
        "commit": first["commit"],
        "time": first["time"],
        "dirty": first["dirty"],
        "diff": [_diff(job) for job in jobs if job.reasons],
    }


def _together(jobs):
    """All reasons once; with its target where one does not hold for all."""
    found = []
    for job in jobs:
        for reason in job.reasons:
            everywhere = all(reason in other.reasons for other in jobs)
            text = reason if everywhere else "%s: %s" % (job.target, reason)
            if text not in found:
                found.append(text)
    return found


def _diff(job):
    """The inputs that differ, as a small text."""
    before, after = job.states()
    return {
        "before_header": job.binary,
        "after_header": job.binary,
        "before": inputs.as_text(before, after),
        "after": inputs.as_text(after, before),
    }
