# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a target has to be built, and why."""

from __future__ import annotations

from typing import NamedTuple

from . import inputs as input_lists
from .inputs import Inputs
from .output import Output
from .provenance import Identity
from .request import Request


class Decision(NamedTuple):
    """What to do for one target."""

    output: Output
    inputs: Inputs
    identity: Identity
    stale: bool  # the binary has to be built
    reasons: list[str]  # why it is stale, and what else changes
    cgo_stubs: list[str] = []  # packages that are compiled without their parts in C


def decide(request: Request, output: Output, inputs: Inputs, identity: Identity) -> Decision:
    """Compare what is there with what is requested. ``inputs`` includes the stamps."""
    recorded = output.recorded or {}
    reasons = input_lists.reasons(recorded["inputs"], inputs.values) if recorded else []
    if request.force:
        reasons.append("force was set")
    if not reasons and output.found.defect:  # asked last, as it waits for the binary's digest
        reasons.append(output.found.defect)
    renamed = [
        "%s: %s -> %s" % (name, recorded.get(name), value)
        for name, value in identity.as_dict().items()
        if recorded and recorded.get(name) != value
    ]
    return Decision(output, inputs, identity, bool(reasons), reasons + renamed)
