# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Dockerfile of the same content, for those who have to build with BuildKit."""

from __future__ import annotations

import json
import os
import shlex
from typing import Any

from ...common import placeholders
from ...common.errors import InvalidInput, SlipwayError
from .. import files
from . import image, options
from .artifact import Artifact
from .request import Request

_CACHES = "--mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build"
# Go's variables for the variant of an architecture; a builder has it as v3, v7, v8.
_VARIANTS = (
    '    case "$TARGETARCH" in amd64) export GOAMD64="${TARGETVARIANT:-v1}" ;; '
    'arm) export GOARM="${TARGETVARIANT#v}" ;; esac; \\\n'
)


def write(request: Request, artifacts: list[Artifact]) -> list[str]:
    """Write it beside the layout, and return why, as a sentence; nothing in check mode."""
    path = os.path.join(request.dest, request.name + ".Dockerfile")
    content = render(request, artifacts[0]).encode("utf-8")
    try:
        with open(path, "rb") as handle:
            if handle.read() == content:
                return []
    except OSError:
        pass
    if not request.check_mode:
        files.write(path, content)
    return ["%s has another content" % path]


def render(request: Request, artifact: Artifact) -> str:
    """The text. The directory of the module is its context."""
    recorded = json.loads(artifact.contents["provenance.json"])
    name = artifact.manifest.name
    if not recorded.get("command"):
        raise SlipwayError(
            "dockerfile: %s was built elsewhere, and its commands are not known: build it with "
            "slipway.golang.build, or leave out dockerfile" % artifact.path
        )
    if recorded["binary"].get("before_upx") or recorded["inputs"].get("cgo") == "true":
        raise SlipwayError("dockerfile: there is none for binaries with upx or cgo: leave out dockerfile")
    if not request.from_scratch and options.is_layout(request.base):
        raise InvalidInput("dockerfile", request.base, "a Dockerfile cannot begin with a layout on the disk")
    version = recorded["inputs"]["go"].replace("go", "", 1)
    lines = [
        "# Written by slipway.golang.image. Build it with the directory of the module as context:",
        "#   docker build --file %s.Dockerfile DIRECTORY" % name,
        "ARG GO_IMAGE=golang:%s" % version,
        "FROM --platform=$BUILDPLATFORM $GO_IMAGE AS build",
        "WORKDIR /src",
        "COPY . .",
        "ARG TARGETARCH",
        "ARG TARGETVARIANT",
        _run(recorded, name),
        "RUN mkdir -p -m 1777 /image/tmp && mkdir -p /image/etc && \\\n"
        "    printf 'root:x:0:0:root:/:/sbin/nologin\\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\\n' "
        ">/image/etc/passwd && \\\n"
        "    printf 'root:x:0:\\nnonroot:x:65532:\\n' >/image/etc/group",
        "",
        "FROM %s" % request.base,
        *(
            ["COPY --from=build /image/ /"]
            if request.from_scratch
            else ["COPY --from=build /image/%s /" % name]
        ),
        *_system(request),
        *_files(request),
        *_settings(request, artifact),
    ]
    return "\n".join(lines) + "\n"


def _run(recorded: dict[str, Any], name: str) -> str:
    """The build, with caches that no layer keeps."""
    fixed = "GOTOOLCHAIN=local GOFLAGS= GOWORK=off CGO_ENABLED=0 GOOS=linux GOARCH=$TARGETARCH"
    command = _command(recorded["command"], name)
    return "RUN %s \\\n%s    %s %s\\\n    %s" % (_CACHES, _VARIANTS, fixed, _environment(recorded), command)


def _environment(recorded: dict[str, Any]) -> str:
    prefix = "environment "
    values = {
        key[len(prefix) :]: value for key, value in recorded["inputs"].items() if key.startswith(prefix)
    }
    return "".join("%s=%s " % (key, shlex.quote(values[key])) for key in sorted(values))


def _command(command: list[str], name: str) -> str:
    output = command.index("-o") + 1
    words = [*command[:output], "/image/" + name, *command[output + 1 :]]
    return " ".join(shlex.quote(word) for word in words)


def _system(request: Request) -> list[str]:
    """The builder's CA certificates: those of the image that Go is in."""
    wanted, found = request.ca_certificates, []
    if wanted is True or isinstance(wanted, str) and (wanted != options.AUTO or request.from_scratch):
        bundle = "/etc/ssl/certs/ca-certificates.crt"
        found.append("COPY --from=build %s %s" % (bundle, bundle))
    if request.time_zones is not False:
        found.append("COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /usr/share/zoneinfo.zip")
        found.append("ENV ZONEINFO=/usr/share/zoneinfo.zip")
    return found


def _files(request: Request) -> list[str]:
    """The user's files, as far as they are in the context."""
    found = []
    for entry in request.given_files or []:
        source = os.path.relpath(entry["src"], request.source or "/")
        if request.source is None or source.startswith("..") or entry.get("exclude"):
            raise InvalidInput(
                "dockerfile",
                entry["src"],
                "a Dockerfile takes files of the module's directory only, and all of one: move it there, or "
                "leave out dockerfile",
            )
        dest = (entry.get("dest") or os.path.basename(source)).strip("/")
        found.append(
            "COPY %s" % json.dumps([source, "/" + dest + ("/" if os.path.isdir(entry["src"]) else "")])
        )
    return found


def _settings(request: Request, artifact: Artifact) -> list[str]:
    name = artifact.manifest.name
    port = str(request.port) if request.port else None
    found = ["USER %s" % request.user]
    if port:
        found += ["ENV %s=%s" % (request.port_variable, port), "EXPOSE %s" % port]
    labels = image.labels(request, artifact)
    found += ["LABEL %s" % _label(key, labels[key]) for key in sorted(labels)]
    found += ["STOPSIGNAL %s" % request.stop_signal, "ENTRYPOINT %s" % json.dumps(["/" + name])]
    if request.args:
        found.append("CMD %s" % json.dumps([placeholders.fill(word, port=port) for word in request.args]))
    return found


def _label(key: str, value: str) -> str:
    """A Dockerfile replaces variables in it."""
    return "%s=%s" % (json.dumps(key), json.dumps(value).replace("$", "\\$"))
