# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The user's scanner on a layout. It has three outcomes: clean, found, and could not scan."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from ...common.errors import SlipwayError
from .. import processes
from . import layout
from .image import Image
from .request import Request

CLEAN, FOUND, NOT_SCANNED = "clean", "found", "not scanned"


def run(request: Request, image: Image) -> dict[str, Any]:
    """What the scan came to. It runs each time: what is known of an old image changes every day."""
    with tempfile.TemporaryDirectory(prefix="slipway-scan-") as directory:
        words = {"{layout}": request.layout, "{directory}": directory}
        command = [_filled(word, words) for word in request.gate["command"]]
        if any("{directory}" in word for word in request.gate["command"]):
            layout.unpack(layout.parts(image.listed, image.blobs), directory)
        try:
            done = processes.run(command, directory, dict(os.environ))
        except SlipwayError as error:
            return _not_scanned(request, str(error), {})
    if done.code == 0:
        return {"scan": CLEAN}
    if done.code in [int(code) for code in request.gate["found"]]:
        raise SlipwayError(
            "gate: %s found something in the image; nothing was loaded or pushed. Repair it, or let it be "
            "ignored:\n%s" % (command[0], processes.cut((done.stdout + done.stderr).strip())),
            scan=FOUND,
            **done.facts,
        )
    return _not_scanned(request, "%s ended with %d: %s" % (command[0], done.code, done.output), done.facts)


def _not_scanned(request: Request, said: str, facts: dict[str, Any]) -> dict[str, Any]:
    message = "gate: the image could not be scanned, so nothing is known of it: %s" % said
    if request.gate["level"] == "advisory":
        return {"scan": NOT_SCANNED, "warnings": [message]}
    raise SlipwayError(
        message + "\nNothing was loaded or pushed. Repair the scanner, or set level: advisory",
        scan=NOT_SCANNED,
        **facts,
    )


def _filled(word: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(name, value)
    return word
