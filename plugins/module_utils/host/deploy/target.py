# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one release on this host that a request comes to."""

from __future__ import annotations

from ...common import environment, unit
from ...common.errors import InvalidInput, SlipwayError
from ..releases.history import History
from ..releases.layout import release_record
from ..system import platform


class Target:
    """The release that shall be staged or live: on the host already, or to be made from an artifact."""

    def __init__(self, record, units, rendered_environment, artifact=None, health=None):
        self.id = record["id"]
        self.version = record["version"]
        self.record = record
        self.units = units
        self.environment = rendered_environment
        self.artifact = artifact
        self.health = health
        self.strategy = record["strategy"]

    @property
    def names(self):
        """What a health answer may call this release."""
        return (self.version, self.id)


def target_of(request, releases):
    """The target of a request, given the releases that the host has (id to Release)."""
    if request.release:
        release = _resolve(request, releases)
        if release.strategy != request.strategy.NAME:
            raise SlipwayError(
                "%s was released with the strategy %s, and its unit knows no other than that. Deploy its version again with %s. Nothing was changed"
                % (release.id, release.strategy, request.strategy.NAME)
            )
        return existing(release, History(request.layout.history).health_of(release.id))
    if not request.artifacts:
        raise InvalidInput(
            "artifact",
            request.artifacts,
            "name the tarballs to deploy, or a release that the host already has",
        )
    artifact = platform.choose(request.artifacts)
    if artifact is None:
        offered = ", ".join(sorted({describe_target(artifact) for artifact in request.artifacts}))
        raise SlipwayError(
            "Wrong architecture: this host is linux/%s%s, the artifacts are for %s. Build for it too: add it to the targets of the build"
            % (platform.goarch(), _best_variant(), offered)
        )
    sections = request.strategy.units(request)
    units = {name: unit.render(parts) for name, parts in sections.items()}
    rendered = environment.render(request.environment)
    record = release_record(
        request.app, artifact["version"], artifact["digest"], rendered, units, request.strategy.NAME
    )
    return Target(record, units, rendered, artifact)


def existing(release, health):
    """The target that a release on the host is; ``health``: the options that it was last found healthy with, or None."""
    with open(release.environment_file, encoding="utf-8") as handle:
        rendered = handle.read()
    record = {
        "id": release.id,
        "version": release.version,
        "artifact": release.artifact,
        "strategy": release.strategy,
    }
    return Target(record, release.units(), rendered, health=health)


def describe_target(artifact):
    """linux/amd64/v3 and the like."""
    return "/".join(filter(None, ("linux", artifact["goarch"], artifact["variant"])))


def _best_variant():
    accepted = platform.variants()
    return "/" + accepted[0] if accepted else ""


def _resolve(request, releases):
    """The release that `previous`, an id or a version names."""
    word = request.release
    if word == "previous":
        word = request.layout.previous()
        if word is None:
            raise SlipwayError(
                "There is no previous release of %s on this host to go back to. It has: %s"
                % (request.app, _listing(releases))
            )
    if word in releases:
        return releases[word]
    matching = [release for release in releases.values() if release.version == word]
    if len(matching) == 1:
        return matching[0]
    problem = "is not on this host" if not matching else "could be one of several here: name it by its id"
    raise SlipwayError(
        "Release %r of %s %s. It has: %s. Nothing was changed"
        % (request.release, request.app, problem, _listing(releases))
    )


def _listing(releases):
    return ", ".join(sorted(releases)) or "no releases"
