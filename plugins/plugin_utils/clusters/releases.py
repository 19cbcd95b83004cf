# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release of a service in a cluster: its id, its objects, and the record by which it can be put back.

The record is a ConfigMap beside the service. It has the objects, and no value of a Secret: those Secrets stay
as long as a record names them.
"""

from __future__ import annotations

import copy
import json

from ...module_utils.common import canonical
from ...module_utils.common.errors import SlipwayError
from ..kubernetes_options import IMAGE
from ..manifests import files, pod

PREFIX = "slipway.golang/"
RELEASE, OUTCOME, ENDED, ACTOR, MIGRATED = (
    PREFIX + name for name in ("release", "outcome", "ended", "actor", "migrated")
)
COMPONENT = "release"
DEPLOYMENT = "Deployment"
# They are made for one release, and stay until no record names them.
_BY_CONTENT = ("Secret", "Job")
# What a migration needs, and what is there before any pod.
_FIRST = ("Secret", "ServiceAccount", "NetworkPolicy")


class Release:
    """The objects of one release. Secrets are only in one that comes from the variables of a service."""

    def __init__(self, release_id: str, objects: list[dict], annotations: dict | None = None):
        self.id = release_id
        self.objects = objects
        self.annotations = annotations or {}
        self.files: dict[str, str] = {}  # for a repository

    @property
    def version(self):
        return self.id.rpartition("-")[0]

    @property
    def outcome(self):
        """How its last deploy ended; nothing for one that was only staged."""
        return self.annotations.get(OUTCOME)

    @property
    def ended(self):
        return self.annotations.get(ENDED, "")

    @property
    def migrations(self):
        """The arguments of the migrations that have succeeded with it."""
        try:
            return json.loads(self.annotations.get(MIGRATED, "[]"))
        except ValueError:
            return []

    def of_kind(self, kind):
        return next((item for item in self.objects if item["kind"] == kind), None)

    @property
    def deployment(self):
        return self.of_kind(DEPLOYMENT)

    @property
    def image(self):
        return container(self.deployment)["image"]

    @property
    def digest(self):
        return IMAGE.fullmatch(self.image)["digest"]

    @property
    def to_apply(self):
        """All but the migration, with the release in the annotations of the Deployment.

        There it does not change the pods. The ReplicaSets of a Deployment have its annotations, so that each
        pod's release is known.
        """
        return [self._marked(item) for item in self.objects if item["kind"] != "Job"]

    @property
    def first(self):
        return [item for item in self.objects if item["kind"] in _FIRST]

    def _marked(self, item):
        if item["kind"] != DEPLOYMENT:
            return item
        metadata = item["metadata"]
        return {
            **item,
            "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), RELEASE: self.id}},
        }

    def removed_by(self, other: Release | None) -> list[dict]:
        """The objects of this release that another one has not. What is named by its content stays."""
        kept = {(item["kind"], item["metadata"]["name"]) for item in other.objects} if other else set()
        return [
            item
            for item in self.objects
            if item["kind"] not in _BY_CONTENT and (item["kind"], item["metadata"]["name"]) not in kept
        ]

    def names_of_secrets(self):
        """The Secrets by content that its pods read."""
        return set(_secrets_in(self.deployment["spec"]["template"]))


def of_request(request) -> Release:
    """The release that the variables of a service describe."""
    digest = canonical.sha256(canonical.to_json(_content(request)))[:12]
    # Without a version, the image is what people can know it by.
    version = request.version or "image." + request.image.rpartition(":")[2][:7]
    release = Release("%s-%s" % (version, digest), files.for_cluster(request))
    release.files = files.files(request)
    return release


def _content(request):
    """What the id is made of, with the names of the Secrets, which say what is in them. The same release has
    the same id in another namespace.
    """
    elsewhere = copy.copy(request)
    elsewhere.options = dict(request.options, namespace=None)
    return files.files(elsewhere)


def record(app_labels: dict, release: Release, **annotations) -> dict:
    """The ConfigMap of a release."""
    metadata = {"name": record_name(release), "labels": app_labels}
    namespace = release.deployment["metadata"].get("namespace")
    if namespace:
        metadata["namespace"] = namespace
    metadata["annotations"] = {RELEASE: release.id, **release.annotations, **annotations}
    objects = [item for item in release.objects if item["kind"] != "Secret"]
    data = {"objects": canonical.to_json(objects).decode("ascii")}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def labels(name: str) -> dict:
    """Those of the records of a service."""
    return {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/component": COMPONENT,
        "app.kubernetes.io/managed-by": "slipway",
    }


def record_name(release: Release) -> str:
    return "%s-release-%s" % (release.deployment["metadata"]["name"], release.id.rpartition("-")[2])


def of_records(records: list[dict]) -> list[Release]:
    """The releases that a cluster knows, the one whose deploy ended last at the end."""
    found = [_of_record(item) for item in records]
    return sorted((each for each in found if each), key=lambda each: each.ended)


def _of_record(item):
    annotations = item["metadata"].get("annotations") or {}
    try:
        objects = json.loads(item["data"]["objects"])
        release = Release(annotations[RELEASE], objects, annotations)
        return release if release.deployment else None
    except (KeyError, ValueError, TypeError):
        return None  # somebody changed it: it cannot be put back


def previous(releases: list[Release], current: str | None) -> Release | None:
    """The newest release that was healthy, beside the current one."""
    good = [each for each in releases if each.outcome == "ok" and each.id != current]
    return good[-1] if good else None


def resolve(releases: list[Release], name: str, current: str | None) -> Release:
    """A release by ``previous``, its id or its version."""
    if name == "previous":
        found = previous(releases, current)
        if found is None:
            raise SlipwayError("There is no previous release in this cluster to roll back to")
        return found
    found = [each for each in releases if name in (each.id, each.version)]
    if not found:
        known = ", ".join(each.id for each in releases) or "there is none"
        raise SlipwayError("%s is no release of this cluster. It knows: %s" % (name, known))
    if len({each.id for each in found}) > 1:
        raise SlipwayError(
            "%s is the version of several releases: name one by its id: %s"
            % (name, ", ".join(each.id for each in found))
        )
    return found[0]


def surplus(releases: list[Release], current: str, keep: int) -> list[Release]:
    """The records to remove: beyond the newest good ones, and all bad ones but the newest."""
    others = [each for each in releases if each.id != current]
    good = [each for each in others if each.outcome == "ok"]
    bad = [each for each in others if each.outcome not in ("ok", None)]
    return good[: max(len(good) - max(keep, 1), 0)] + bad[:-1]


def container(workload: dict) -> dict:
    """The service's own container."""
    return workload["spec"]["template"]["spec"]["containers"][0]


def selector(name: str, component: str = pod.SERVER) -> str:
    return "app.kubernetes.io/name=%s,app.kubernetes.io/component=%s" % (name, component)


def _secrets_in(node):
    """Every name of a Secret in a pod's template."""
    if isinstance(node, dict):
        if "secretRef" in node:
            yield node["secretRef"]["name"]
        if "secretName" in node:
            yield node["secretName"]
        for value in node.values():
            yield from _secrets_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from _secrets_in(value)
