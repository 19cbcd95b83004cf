# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bill of materials (CycloneDX) of what is linked into a binary, made from its build information."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import quote

from ..common import canonical
from .go_buildinfo import BuildInfo

SPEC = "1.5"


def render(
    info: BuildInfo | None, *, name: str, version: str, target: dict[str, str], binary_sha256: str
) -> bytes:
    """The document's bytes. No serial number and no time: the same binary has the same bill.

    Without ``info`` nothing is known but the binary itself.
    """
    module = info.main.get("path") or info.path if info else ""
    root = {
        "bom-ref": "app",
        "type": "application",
        "name": name,
        "version": version,
        "purl": _purl(module or name, version),
        "hashes": [{"alg": "SHA-256", "content": binary_sha256}],
        "properties": [{"name": "slipway:%s" % key, "value": target[key]} for key in sorted(target)],
    }
    libraries = sorted(
        [_standard_library(info)] + [_library(module) for module in info.deps] if info else [],
        key=lambda entry: entry["bom-ref"],
    )
    references = [entry["bom-ref"] for entry in libraries]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-%s.schema.json" % SPEC,
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "version": 1,
        "metadata": {
            "component": root,
            "tools": {"components": [{"type": "application", "name": "slipway.golang"}]},
        },
        "components": libraries,
        "dependencies": [{"ref": "app", "dependsOn": references}]
        + [{"ref": reference, "dependsOn": []} for reference in references],
    }
    return canonical.to_json(document)


def _standard_library(info: BuildInfo) -> dict[str, Any]:
    version = info.go_version.split(" ")[0]
    version = version[2:] if version.startswith("go") else version
    return _component("std", version)


def _library(module: dict[str, Any]) -> dict[str, Any]:
    used = module.get("replaced_by") or module
    component = _component(used["path"], used["version"])
    digest = _hash(used.get("sum", ""))
    if digest:
        component["hashes"] = [{"alg": "SHA-256", "content": digest}]
    if used is not module:
        component["properties"] = [
            {"name": "slipway:replaces", "value": "%s %s" % (module["path"], module["version"])}
        ]
    return component


def _component(path: str, version: str) -> dict[str, Any]:
    purl = _purl(path, version)
    return {"bom-ref": purl, "type": "library", "name": path, "version": version, "purl": purl}


def _purl(path: str, version: str) -> str:
    return "pkg:golang/%s@%s" % (quote(path, safe="/.-_~"), quote(version or "unknown", safe=".-_~"))


def _hash(text: str) -> str:
    """Go writes a module's digest as h1: and base64."""
    if not text.startswith("h1:"):
        return ""
    try:
        return base64.b64decode(text[3:], validate=True).hex()
    except (binascii.Error, ValueError):
        return ""
