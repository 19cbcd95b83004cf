# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a layout says of its image, in a flat form: its differences are the reasons of a change."""

from __future__ import annotations

from typing import Any, Callable

from ...common.errors import SlipwayError
from . import blobs
from .artifact import platform_name
from .layout import Layout

_SHOWN = 120
_NAMED = 12
# What refers to an image, in a word.
_REFERRERS = {
    blobs.SBOM: "sbom",
    blobs.PROVENANCE: "provenance",
    blobs.SIGNATURE: "signature",
    blobs.ARTIFACT: "tarball",
}
Read = Callable[[Any], "dict[str, Any]"]


def of_file(path: str) -> tuple[dict[str, str], str]:
    """What is in a layout that is there, and what is wrong with it; nothing of either where there is none."""
    try:
        layout = Layout(path)
        return describe(layout.index, layout.document), ""
    except SlipwayError as error:
        missing = str(error).startswith("There is no layout")
        return {}, "" if missing else "it was modified after it was made"
    except (KeyError, TypeError, AttributeError, ValueError):
        return {}, "it was modified after it was made"


def describe(index: list[dict[str, Any]], read: Read) -> dict[str, str]:
    """Keys and values of an image. ``read``: the document of a digest."""
    found = {"digest": index[0]["digest"], "name": index[0]["annotations"]["io.containerd.image.name"]}
    names: dict[str, str] = {}
    for entry in read(index[0]["digest"])["manifests"]:
        name = platform_name(entry["platform"])
        names[entry["digest"]] = name
        found.update(
            (name + " " + key, value) for key, value in _platform(read(entry["digest"]), read).items()
        )
    for entry in index[1:]:
        document = read(entry["digest"])
        subject = document["subject"]["digest"]
        kind = _REFERRERS.get(entry["artifactType"], entry["artifactType"])
        # What is in it: its own digest changes with each image that it refers to.
        content = [layer["digest"] for layer in document["layers"]]
        found["%s %s" % (names.get(subject, subject), kind)] = " ".join(content)
    return found


def _platform(manifest: dict[str, Any], read: Read) -> dict[str, str]:
    config = read(manifest["config"]["digest"])
    found = {"created": str(config["created"])}
    for key, value in config["config"].items():
        if isinstance(value, dict):
            found.update(("%s %s" % (key, name), str(one or name)) for name, one in value.items())
        else:
            found[key] = " ".join(value) if isinstance(value, list) else str(value)
    history = [entry for entry in config["history"] if not entry.get("empty_layer")]
    for number, entry in enumerate(manifest["layers"], 1):
        # Of a base, whose history may be incomplete, ours are the last ones.
        position = number - len(manifest["layers"]) - 1
        title = history[position]["created_by"] if -position <= len(history) else ""
        ours = title.startswith("slipway.golang.image: ")
        found["layer %s" % (title.rpartition(" ")[2] if ours else number)] = entry["digest"]
    return found


def reasons(before: dict[str, str], after: dict[str, str], defect: str) -> list[str]:
    """Why a layout is written."""
    if defect:
        return [defect]
    if not before:
        return ["there is no image of this version yet"]
    found = [
        "%s: %s -> %s" % (key, _shown(before.get(key)), _shown(after.get(key)))
        for key in sorted(set(before) | set(after))
        if before.get(key) != after.get(key) and key != "digest"
    ]
    if len(found) > _NAMED:
        found[_NAMED:] = ["%d more" % (len(found) - _NAMED)]
    return found or ["it was modified after it was made"]


def as_text(values: dict[str, str], other: dict[str, str]) -> str:
    """The lines in which the values differ from the other ones, for a diff."""
    return "".join("%s: %s\n" % (key, values[key]) for key in sorted(values) if values[key] != other.get(key))


def _shown(value: str | None) -> str:
    if not value:
        return "none"
    if value.startswith("sha256:"):
        return value[7:19]
    return value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
