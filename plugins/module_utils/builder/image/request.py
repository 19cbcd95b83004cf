# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user of `image` requests, checked before anything is read."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, TypeVar

from ...common import names, placeholders
from ...common.errors import InvalidInput
from .. import targets
from . import artifact, contents, options
from .artifact import Announced, Artifact, platform_name
from .registry import Registry

_Given = TypeVar("_Given")
_Found = TypeVar("_Found")


class Request:
    """One call of `image`."""

    def __init__(self, given: dict[str, Any], check_mode: bool = False) -> None:
        options.check(given)
        self.check_mode = check_mode
        self.base: str = given["base"]
        self.args: list[str] = given["args"] or []
        self.labels: dict[str, Any] = given["labels"]
        self.user: str = given["user"]
        self.ca_certificates: object = given["ca_certificates"]
        self.time_zones: object = given["time_zones"]
        self.stop_signal: str = given["stop_signal"]
        self.compression_level: int = given["compression_level"]
        self.to: str = given["to"] or ""
        self.tags: list[str] = given["tags"]
        self.moving: list[str] = given["moving"]
        self.engine = options.engine(given["load"])
        self.gate: dict[str, Any] = given["gate"] or {}
        self.sign: dict[str, Any] = given["sign"] or {}
        self.tarballs: bool = given["tarballs"]
        self.dockerfile: bool = given["dockerfile"]
        self.source: str | None = given["source"]
        self.given_files: list[dict[str, Any]] | None = given["files"]
        self.files = None if given["files"] is None else contents.gather(given["files"])
        self.port: int | None = given["port"]
        self.port_variable = names.check_variable(given["port_variable"], "port_variable")
        self.registry = Registry(given)
        self.wanted = targets.parse_all(given["targets"] or [])
        self.artifacts = self._artifacts(given["artifacts"])
        self.name = self.artifacts[0].name
        self.version = self.artifacts[0].version
        self.dest = os.path.realpath(given["dest"] or os.path.dirname(_path_of(given["artifacts"][0])))
        self.layout = os.path.join(self.dest, "%s-%s.oci.tar" % (self.name, self.version))
        if self.port is not None and not 1 <= self.port <= 65535:
            raise InvalidInput("port", self.port, "use a whole number from 1 to 65535")
        for word in self.args:
            if self.port is None and placeholders.PORT in placeholders.used(word):
                raise InvalidInput("args", word, "it has {port}, and there is no port: set port")

    @property
    def from_scratch(self) -> bool:
        """Whether there is nothing below the image."""
        return self.base == options.SCRATCH

    def each(self, work: Callable[[_Given], _Found], items: list[_Given]) -> list[_Found]:
        """The same for several: compressing and hashing do not hold Python's lock."""
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return list(pool.map(work, items))

    def _artifacts(self, given: list[Any]) -> list[Artifact | Announced]:
        if not given:
            raise InvalidInput(
                "artifacts", given, "give the artifacts that slipway.golang.package returned, or tarballs"
            )
        found = self.each(lambda one: artifact.given(one, self.check_mode), given)
        for one in found[1:]:
            for field in ("name", "version"):
                if getattr(one, field) != getattr(found[0], field):
                    raise InvalidInput(
                        "artifacts",
                        getattr(one, field),
                        "an image is of one service and one version, and the first is %s"
                        % getattr(found[0], field),
                    )
        self._check_platforms([one for one in found if isinstance(one, Artifact)], len(found))
        return found

    def _check_platforms(self, found: list[Artifact], count: int) -> None:
        """Each target has an artifact, and no two are for one platform."""
        names_of = [platform_name(one.platform) for one in found]
        for name in names_of:
            if names_of.count(name) > 1:
                raise InvalidInput("artifacts", name, "two of them are for this platform: give one of them")
        there = {(one.manifest.goarch, one.manifest.variant) for one in found}
        for target in self.wanted if count == len(found) else []:
            if (target.goarch, target.variant) not in there:
                raise InvalidInput(
                    "artifacts",
                    str(target),
                    "there is no artifact for this target, only for %s: build and package it, or take it out "
                    "of the targets" % ", ".join(sorted(names_of)),
                )


def _path_of(value: Any) -> str:
    return str(value if isinstance(value, str) else value["path"])
