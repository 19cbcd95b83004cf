# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one release on this host that a request comes to."""

from __future__ import annotations

from ...common import environment, placeholders, unit
from ...common.errors import InvalidInput, SlipwayError
from ..releases.history import History
from ..releases.layout import release_record
from ..system import platform
from ..systemd import accounts
from . import strategies

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from ..releases.layout import Release
    from .request import Request


class Target:
    """The release that is to be staged or live: it is on the host already, or is made from an artifact."""

    def __init__(
        self,
        record: dict,
        units: dict,
        rendered_environment: str,
        artifact: dict | None = None,
        health: dict | None = None,
        template: str = "",
        config: dict | None = None,
    ):
        self.id = record["id"]
        self.version = record["version"]
        self.record = record
        self.units = units
        self.environment = rendered_environment
        self.template = template
        self.config = config or {}
        self.port = record.get("port")
        self.artifact = artifact
        self.health = health
        self.strategy = record["strategy"]

    @property
    def names(self) -> tuple:
        """What a health answer may call this release."""
        return (self.version, self.id)

    def own_variables(self, port: int, config: str, port_variable: str) -> dict:
        """What is different in the environment of an instance with a port and a configuration of its own.

        ``port_variable`` counts for a release that an older version of Slipway made.
        """
        template = environment.parse(self.template)
        depending = {key: text for key, text in template.items() if placeholders.used(text)}
        return dict({port_variable: str(port)}, **environment.fill(depending, port=str(port), config=config))

    def service_gid(self) -> int:
        """The group that may read the configuration."""
        return accounts.service_gid(list(self.units.values()))


def target_of(request: Request, releases: dict) -> Target:
    """The target of a request, given the releases that the host has (id to Release)."""
    return _existing_target(request, releases) if request.release else _new_target(request)


def _existing_target(request: Request, releases: dict) -> Target:
    release = resolve(request, releases)
    if release.strategy != request.strategy.NAME:
        live = releases.get(request.layout.current() or "")
        either = ""
        if live is None or live.strategy in strategies.load(release.strategy).REPLACES:
            either = ", or set slipway_strategy: %s (option strategy)" % release.strategy
        raise SlipwayError(
            "%s was released with the strategy %s, and its units are for that one only. Nothing was "
            "changed. Deploy its version again with %s%s"
            % (release.id, release.strategy, request.strategy.NAME, either)
        )
    return existing(release, History(request.layout.history).health_of(release.id))


def _new_target(request: Request) -> Target:
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
            "Wrong architecture: this host is linux/%s%s, the artifacts are for %s. "
            "Add this host's to slipway_targets (option targets of the build)"
            % (platform.goarch(), _best_variant(), offered)
        )
    sections = request.strategy.units(request)
    units = {name: unit.render(parts) for name, parts in sections.items()}
    request.check_placeholders()
    rendered = environment.render(request.environment)
    template = ""
    if any(placeholders.present(text) for text in request.template.values()):
        template = environment.render(request.template)
    record = release_record(
        request.app,
        artifact["version"],
        artifact["digest"],
        rendered,
        units,
        request.strategy.NAME,
        template=template,
        config=request.config,
        port=request.port,
    )
    return Target(record, units, rendered, artifact, template=template, config=request.config)


def existing(release: Release, health: dict | None) -> Target:
    """A release on the host as a target. ``health``: the options it was last healthy with, or None."""
    with open(release.environment_file, encoding="utf-8") as handle:
        rendered = handle.read()
    record = {
        "id": release.id,
        "version": release.version,
        "artifact": release.artifact,
        "strategy": release.strategy,
        "port": release.port,
    }
    return Target(
        record, release.units(), rendered, health=health, template=release.template, config=release.config
    )


def describe_target(artifact: dict) -> str:
    """linux/amd64/v3 and the like."""
    return "/".join(filter(None, ("linux", artifact["goarch"], artifact["variant"])))


def _best_variant():
    accepted = platform.variants()
    return "/" + accepted[0] if accepted else ""


def resolve(request: Request, releases: dict) -> Release:
    """The release that `previous`, an id or a version names."""
    name = request.release
    if name == "previous":
        name = request.layout.previous()
        if name is None:
            raise SlipwayError(
                "There is no previous release of %s on this host to roll back to. Nothing was changed. "
                "The host has: %s" % (request.app, _listing(releases))
            )
    if name in releases:
        return releases[name]
    matching = [release for release in releases.values() if release.version == name]
    if len(matching) == 1:
        return matching[0]
    problem = "could be one of several here: name it by its id" if matching else "is not on this host"
    raise SlipwayError(
        "Release %r of %s %s. Nothing was changed. The host has: %s"
        % (request.release, request.app, problem, _listing(releases))
    )


def _listing(releases):
    return ", ".join(sorted(releases)) or "no releases"
