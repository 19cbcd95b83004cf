# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make an image of artifacts: observe what is there, decide, write the layout, scan, load and push it."""

from __future__ import annotations

from typing import Any

from . import base, dockerfile, engines, gate, image, layout, options, push, state
from .artifact import Artifact
from .image import Image
from .request import Request

BUILT, UNCHANGED, PUSHED, REFUSED = "built", "unchanged", "pushed", "refused"


def make(request: Request) -> dict[str, Any]:
    """The result of the module; in check mode, what it would be."""
    artifacts = [one for one in request.artifacts if isinstance(one, Artifact)]
    if len(artifacts) < len(request.artifacts):
        return _announced(request)
    tags = options.tags(request.tags, request.version, artifacts[0].manifest.commit)
    names = ["%s:%s" % (request.to or "docker.io/library/" + request.name, tag) for tag in tags]
    with base.opened(request.base, request.registry, request.dest, request.check_mode) as below:
        made = image.make(request, artifacts, below, names)
        result = dict(_written(request, made), tags=names if request.to else [])
        if request.dockerfile:
            _add(result, "dockerfile", dockerfile.write(request, artifacts))
        result.update(gate.run(request, made) if request.gate and not request.check_mode else {})
        if request.engine:
            short = names if request.to else [name.replace("docker.io/library/", "", 1) for name in names]
            _add(result, "loaded", engines.load(request, made, short))
        if request.to:
            _add(result, "pushed", push.push(request, made, tags))
            result["reference"] = "%s@%s" % (request.to, made.digest)
    return _with_outcome(result)


def _written(request: Request, made: Image) -> dict[str, Any]:
    """The layout in its place, unless this very one is there."""
    members = layout.parts(made.listed, made.blobs)
    same = layout.is_same(request.layout, layout.stream(members))
    before, defect = ({}, "") if same else state.of_file(request.layout)
    documents = {blob.digest: blob for blob in made.blobs}
    after = state.describe(
        made.listed, lambda digest: layout.parsed(documents[digest].read(), request.layout)
    )
    if not same and not request.check_mode:
        layout.write(request.layout, members)
    return {
        "changed": not same,
        "digest": made.digest,
        "layout": request.layout,
        "reference": None,
        "platforms": [_shown(one) for one in made.platforms],
        "size": sum(blob.size for _name, blob in members),
        "reasons": [] if same else state.reasons(before, after, defect),
        "diff": {} if same else _diff(request, before, after),
        "warnings": [],
    }


def _shown(one: image.Platform) -> dict[str, Any]:
    return {
        "platform": one.name,
        "digest": one.entry["digest"],
        "image_id": one.config_digest,
        "size": sum(blob.size for blob in one.layers),
    }


def _diff(request: Request, before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    return {
        "before_header": request.layout,
        "after_header": request.layout,
        "before": state.as_text(before, after),
        "after": state.as_text(after, before),
    }


def _announced(request: Request) -> dict[str, Any]:
    """In check mode, the image of a service that is not built yet."""
    diff = {"before_header": request.layout, "after_header": request.layout, "before": ""}
    return {
        "changed": True,
        "outcome": BUILT,
        "digest": None,
        "layout": request.layout,
        "reference": None,
        "tags": [],
        "platforms": [],
        "size": None,
        "reasons": ["its artifacts are to be built"],
        "diff": dict(diff, after="to be built\n"),
        "warnings": [],
    }


def _add(result: dict[str, Any], field: str, reasons: list[str]) -> None:
    """A step that changed something, or would; each reason is one sentence."""
    result[field] = bool(reasons)
    result["changed"] = result["changed"] or bool(reasons)
    result["reasons"] += reasons


def _with_outcome(result: dict[str, Any]) -> dict[str, Any]:
    outcome = BUILT if result["changed"] else UNCHANGED
    return dict(result, outcome=PUSHED if result.get("pushed") else outcome)
