# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the controller asked for, and the one release on this host that it comes to."""

from __future__ import annotations

import os

from ..common import environment, health, names, unit
from ..common.errors import InvalidInput, SlipwayError
from . import machine, strategies
from .journal import Journal
from .layout import Layout, release_record

SHORTEST_CONFIRM = 5


class Wanted:
    """A request, checked. Its fields are the options of slipway.golang.release, but for what only the controller knows."""

    def __init__(self, request):
        if os.geteuid() != 0:
            raise SlipwayError(
                "A release needs root on the host, even to look at it, and this is uid %d: set become: true"
                % os.geteuid()
            )
        self.app = names.check_app(request["name"])
        self.layout = Layout(self.app, request.get("root"))
        self.state = request.get("state") or "active"
        self.artifacts = request.get("artifacts") or []
        self.release = request.get("release")
        self.unit = request.get("unit") or {}
        self.environment = environment.check(dict(request.get("environment") or {}))
        self.port = request.get("port")
        self.port_variable = names.check_variable(request.get("port_variable") or "PORT", "port_variable")
        self.second_port = request.get("second_port")
        self.strategy = strategies.load(request.get("strategy") or "restart")
        self.health = request.get("health") or {}
        self.smoke = request.get("smoke", True)
        self.keep = request.get("keep", 5)
        self.allowed_signers = request.get("allowed_signers")
        self.lock_wait = request.get("lock_wait") or 0
        self.pull_from = request.get("pull_url")
        self.pull_ca_file = request.get("pull_ca_file")
        self.patch_base = request.get("patch_base")
        self.fence = request.get("fence") or 0
        self.confirm_within = request.get("confirm_within") or 0
        if self.confirm_within and self.confirm_within < SHORTEST_CONFIRM:
            raise InvalidInput(
                "confirm_within",
                self.confirm_within,
                "use %d seconds or more, or 0 for no such switch" % SHORTEST_CONFIRM,
            )
        self.unless_confirmed = request.get("unless_confirmed")
        self.actor = request.get("actor") or "unknown"
        self.deploy_id = request.get("deploy_id") or ""
        if self.port is not None:
            self.environment.setdefault(self.port_variable, str(self.port))

    @property
    def drain_seconds(self):
        """How long a service may take to end what it has begun."""
        given = self.unit.get("drain_seconds")
        return unit.OPTIONS["drain_seconds"]["default"] if given is None else int(given)

    def check_for(self, target, port=None):
        """The health check of a release: on the port that its own environment names, unless one is given."""
        own = environment.parse(target.environment).get(self.port_variable, "")
        return health.parse(
            self.options_for(target), default_port=port or (int(own) if own.isdecimal() else self.port)
        )

    def options_for(self, target):
        """A release that is brought back is asked what it was proven with: it may not know the path that a newer one answers on."""
        return self.health if target.health is None else target.health


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


def target_of(wanted, releases):
    """The target of a request, given the releases that the host has (id to Release)."""
    if wanted.release:
        release = _resolve(wanted, releases)
        if release.strategy != wanted.strategy.NAME:
            raise SlipwayError(
                "%s was released with the strategy %s, and its unit knows no other than that. Deploy its version again with %s. Nothing was changed"
                % (release.id, release.strategy, wanted.strategy.NAME)
            )
        return existing(release, Journal(wanted.layout.journal).health_of(release.id))
    if not wanted.artifacts:
        raise InvalidInput(
            "artifact",
            wanted.artifacts,
            "name the tarballs to deploy, or a release that the host already has",
        )
    artifact = machine.choose(wanted.artifacts)
    if artifact is None:
        offered = ", ".join(sorted({describe_target(artifact) for artifact in wanted.artifacts}))
        raise SlipwayError(
            "Wrong architecture: this host is linux/%s%s, the artifacts are for %s. Build for it too: add it to the targets of the build"
            % (machine.goarch(), _best_variant(), offered)
        )
    sections = wanted.strategy.units(wanted)
    units = {name: unit.render(parts) for name, parts in sections.items()}
    rendered = environment.render(wanted.environment)
    record = release_record(
        wanted.app, artifact["version"], artifact["digest"], rendered, units, wanted.strategy.NAME
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
    accepted = machine.variants()
    return "/" + accepted[0] if accepted else ""


def _resolve(wanted, releases):
    """The release that `previous`, an id or a version names."""
    word = wanted.release
    if word == "previous":
        word = wanted.layout.previous()
        if word is None:
            raise SlipwayError(
                "There is no previous release of %s on this host to go back to. It has: %s"
                % (wanted.app, _listing(releases))
            )
    if word in releases:
        return releases[word]
    matching = [release for release in releases.values() if release.version == word]
    if len(matching) == 1:
        return matching[0]
    problem = "is not on this host" if not matching else "could be one of several here: name it by its id"
    raise SlipwayError(
        "Release %r of %s %s. It has: %s. Nothing was changed"
        % (wanted.release, wanted.app, problem, _listing(releases))
    )


def _listing(releases):
    return ", ".join(sorted(releases)) or "no releases"
