# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put a new binary and its provenance into place, and describe the outcome for the result."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from ..common import canonical
from ..common.errors import SlipwayError
from . import files, go_build, provenance
from .decision import Decision
from .go_build import Built
from .request import Request


class Published(NamedTuple):
    """The outcome for one target; in check mode the one that is expected."""

    decision: Decision
    built: Built | None
    recorded: dict[str, Any] | None  # the provenance that is there now
    changed: bool

    def artifact(self) -> dict[str, Any]:
        """What the module returns of it; sizes and digests are null while it is to be built."""
        decision, output, target = self.decision, self.decision.output, self.decision.inputs.target
        known = self.built or not decision.stale
        binary = (self.recorded or {}).get("binary", {}) if known else {}
        result = {
            "path": output.binary,
            "provenance": output.provenance,
            "goos": target.goos,
            "goarch": target.goarch,
            "variant": target.variant,
            "go_version": decision.inputs.values["go"],
            "input_digest": decision.inputs.digest,
            "reasons": decision.reasons,
            "changed": self.changed,
            "seconds": self.built.seconds if self.built else 0.0,
        }
        result.update(decision.identity.as_dict())
        result.update(
            (name, binary.get(name)) for name in ("size", "sha256", "static", "build_id", "before_upx")
        )
        result["cgo_stubs"] = decision.cgo_stubs
        return result

    def states(self) -> tuple[dict[str, str], dict[str, str]]:
        """What was there and what is there now, in the same flat form, for a diff."""
        decision, old = self.decision, self.decision.output.recorded
        identity = decision.identity.as_dict()
        before = dict(old["inputs"], **{name: str(old[name]) for name in identity}) if old else {}
        after = dict(decision.inputs.values, **{name: str(value) for name, value in identity.items()})
        digest = decision.output.found.digest
        if digest:
            before["binary"] = digest
        after["binary"] = self.built.sha256 if self.built else "to be built" if decision.stale else digest
        return before, after


def preview(decision: Decision) -> Published:
    """What ``publish`` would do, as far as it can be known without building."""
    return Published(decision, None, decision.output.recorded, bool(decision.reasons))


def publish(
    request: Request,
    decision: Decision,
    built: Built | None,
    stamp_values: dict[str, str],
    gates: dict[str, Any],
) -> Published:
    """Move a new binary to its place and write its provenance. ``gates``: what it says of them."""
    output, identity = decision.output, decision.identity.as_dict()
    changed = bool(decision.reasons)
    if built:
        replace = built.sha256 != output.found.digest or bool(output.found.defect)
        if replace:
            _replace(built.path, output.binary)
        changed = replace or any((output.recorded or {}).get(name) != identity[name] for name in identity)
    recorded = _provenance(request, decision, built, stamp_values, gates)
    files.write(output.provenance, canonical.to_json(recorded))
    return Published(decision, built, recorded, changed)


def _replace(path: str, binary: str) -> None:
    try:
        os.replace(path, binary)
    except OSError as error:
        raise SlipwayError("Cannot put the new binary at %s: %s" % (binary, error.strerror)) from error


def _provenance(
    request: Request,
    decision: Decision,
    built: Built | None,
    stamp_values: dict[str, str],
    gates: dict[str, Any],
) -> dict[str, Any]:
    old, target = decision.output.recorded or {}, decision.inputs.target
    binary, build_info = old.get("binary"), old.get("build")
    if built:
        build_info = built.build_info
        binary = {
            "static": built.static,
            "needs": built.needs,
            "build_id": built.build_id,
            "size": built.size,
            "sha256": built.sha256,
            "before_upx": built.before_upx,
            "cgo_stubs": decision.cgo_stubs,
        }
    # without the directories, so that it reads the same everywhere
    command = ["go"] + [
        "-pgo=" + os.path.basename(argument) if argument.startswith("-pgo=/") else argument
        for argument in go_build.arguments(request, request.name, stamp_values)
    ]
    return dict(
        decision.identity.as_dict(),
        schema=provenance.SCHEMA,
        target={"goos": target.goos, "goarch": target.goarch, "variant": target.variant},
        command=command,
        inputs=decision.inputs.values,
        **gates,
        input_digest=decision.inputs.digest,
        binary=binary,
        build=build_info,
    )
