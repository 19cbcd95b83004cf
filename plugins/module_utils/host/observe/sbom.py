# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which modules the process that serves is built with: the step ``sbom``.

The bill of materials that came with its release says so, as long as what runs is what was released.
"""

from __future__ import annotations

import json
import os

from ...common import canonical
from ...common.errors import SlipwayError
from ..deploy.live import Live
from ..releases.history import ACTIVATIONS, History
from ..releases.layout import Layout
from ..releases.running import binary_intact, manifest_of
from ..system.files import read_bytes

NAME = "sbom.cdx.json"
LARGEST = 16 << 20
REPLACES = "slipway:replaces"
_GOOD = ("ok", "unconfirmed")


def sbom(options: dict, stream) -> dict:
    """The result of slipway.golang.sbom_info; ``options`` are its options."""
    layout = Layout(options["name"], options["root"])
    live = Live(layout)
    if not binary_intact(live.release, live.pid):
        raise SlipwayError(
            "the binary that %s runs is not the one of %s: nobody knows its modules. Deploy again"
            % (live.unit, live.release.id)
        )
    content = _content(live.release)
    return dict(
        live.described(),
        digest=canonical.sha256(content),
        main=_main(content),
        modules=_modules(content, live.release),
        since=_since(layout, live.release.id),
        changed=False,
    )


def _content(release):
    """The bill, as the release's manifest lists it."""
    path = os.path.join(release.path, NAME)
    listed = manifest_of(release).files.get(NAME)
    if listed is None:
        raise SlipwayError("%s has no bill of materials (%s): package it again" % (release.id, NAME))
    try:
        if os.path.getsize(path) > LARGEST:
            raise SlipwayError("%s is larger than %d MB" % (path, LARGEST >> 20))
        content = read_bytes(path)
    except OSError as error:
        raise SlipwayError("%s cannot be read: %s" % (path, error.strerror)) from None
    if canonical.sha256(content) != listed["sha256"]:
        raise SlipwayError("%s was altered since it was released. Deploy again" % path)
    return content


def _main(content):
    """The package URL of the main module, without the version of the app."""
    try:
        return str(json.loads(content.decode("utf-8"))["metadata"]["component"]["purl"])
    except (ValueError, KeyError, TypeError):
        return ""


def _modules(content, release):
    """``[path, version, what it replaces]`` of each module that is linked in, Go's own library included."""
    try:
        components = json.loads(content.decode("utf-8"))["components"]
        found = [[str(one["name"]), str(one["version"]), _replaced(one)] for one in components]
    except (ValueError, KeyError, TypeError):
        found = []
    if not found:
        raise SlipwayError(
            "the bill of materials of %s lists no module: it was packaged without Go, or its binary has no "
            "build information" % release.id
        )
    return found


def _replaced(component):
    named = {entry["name"]: entry["value"] for entry in component.get("properties", [])}
    return str(named.get(REPLACES, ""))


def _since(layout, release_id):
    """When the release went live, at last; None where the history does not go back so far."""
    for entry in reversed(History(layout.history).entries()):
        is_its = entry.get("to") == release_id and entry.get("act") in ACTIVATIONS
        # What only confirms a release repeats the entry of its deploy at a later time.
        if is_its and entry.get("outcome") in _GOOD and entry.get("message") != "confirmed":
            return str(entry.get("at"))
    return None
