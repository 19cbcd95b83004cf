# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What changes in a cluster: the objects that it has beside those that it would have. Pure."""

from __future__ import annotations

from ..manifests import yaml_text

# What the cluster itself keeps of an object.
_OF_THE_CLUSTER = (
    "managedFields",
    "resourceVersion",
    "uid",
    "generation",
    "creationTimestamp",
    "selfLink",
    "ownerReferences",
)
_OF_CONTROLLERS = ("deployment.kubernetes.io/", "autoscaling.alpha.kubernetes.io/")


def key(item: dict) -> tuple[str, str]:
    """What names an object in a namespace."""
    return item["kind"], item["metadata"]["name"]


def by_key(objects: list[dict]) -> dict[tuple[str, str], dict]:
    return {key(item): item for item in objects}


def plain(item: dict) -> dict:
    """An object without what changes by itself."""
    metadata = {name: value for name, value in item["metadata"].items() if name not in _OF_THE_CLUSTER}
    annotations = {
        name: value
        for name, value in metadata.pop("annotations", {}).items()
        if not name.startswith(_OF_CONTROLLERS)
    }
    if annotations:
        metadata["annotations"] = annotations
    return {**{name: value for name, value in item.items() if name != "status"}, "metadata": metadata}


def changed(before: list[dict], after: list[dict]) -> list[tuple[str, str]]:
    """The objects that are new or become others."""
    live = by_key(before)
    return [
        name for name, item in by_key(after).items() if name not in live or plain(live[name]) != plain(item)
    ]


def shown(before: list[dict], after: list[dict], removed: list[dict]) -> list[dict]:
    """For Ansible's diff: one entry for each object that changes. A Secret shows its keys alone."""
    live, wanted = by_key(before), by_key(after)
    names = [*changed(before, after), *(key(item) for item in removed)]
    return [_entry(name, live.get(name), wanted.get(name)) for name in names]


def _entry(name, before, after):
    header = "%s/%s" % name
    return {
        "before_header": header,
        "after_header": header,
        "before": yaml_text.render(_hidden(plain(before))) if before else "",
        "after": yaml_text.render(_hidden(plain(after))) if after else "",
    }


def _hidden(item):
    if item["kind"] != "Secret":
        return item
    shown_ = {
        name: dict.fromkeys(sorted(item[name]), "(hidden)") for name in ("data", "stringData") if name in item
    }
    return {**item, **shown_}
