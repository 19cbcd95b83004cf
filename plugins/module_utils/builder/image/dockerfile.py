# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Dockerfile of the same content, for those who have to build with BuildKit."""

from __future__ import annotations

import json
import os
import shlex
from typing import Any

from ...common import names, placeholders
from ...common.errors import InvalidInput, SlipwayError
from .. import files, members
from . import contents, image, options
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
    files_of = _files(request, artifact)
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
        "    printf %s >/image/etc/passwd && \\\n"
        "    printf %s >/image/etc/group" % (_printed(contents.PASSWD), _printed(contents.GROUP)),
        *_install(files_of),
        "",
        "FROM %s" % request.base,
        "COPY --from=build /image/%s /" % ("" if request.from_scratch else name),
        *_system(request),
        *(["COPY --from=build /files/ /"] if files_of else []),
        *_settings(request, artifact),
    ]
    return "\n".join(lines) + "\n"


def _printed(content: bytes) -> str:
    """Lines as an argument of printf."""
    return shlex.quote(content.decode("ascii").replace("\n", "\\n"))


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
    """The CA certificates of the image that Go is in, unless the user has named others."""
    found, bundle = [], "/" + contents.CA_BUNDLE
    if request.ca_certificates in (options.AUTO, True) and request.from_scratch:
        found.append("COPY --from=build %s %s" % (bundle, bundle))
    if request.time_zones is not False:
        found.append("COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /usr/share/zoneinfo.zip")
        found.append("ENV ZONEINFO=/usr/share/zoneinfo.zip")
    return found


def _files(request: Request, artifact: Artifact) -> dict[str, tuple[str, str]]:
    """Path in the image to mode and path in the context, of what the user names."""
    if request.given_files is None and artifact.extra:
        raise InvalidInput(
            "dockerfile", artifact.extra[0], "name in files where the files of the artifact are"
        )
    found = contents.find(request.given_files or [])
    if isinstance(request.ca_certificates, str) and request.ca_certificates != options.AUTO:
        found[contents.CA_BUNDLE] = options.expanded(request.ca_certificates)
    return {path: (members.mode(found[path]), _in_context(request, found[path])) for path in sorted(found)}


def _in_context(request: Request, path: str) -> str:
    """A path below the directory of the module."""
    relative = os.path.relpath(os.path.abspath(path), request.source or "/")
    if request.source is None or relative.split("/")[0] == "..":
        raise InvalidInput(
            "dockerfile",
            path,
            "a Dockerfile takes files of the module's directory only: move it there, or leave out dockerfile",
        )
    return names.check_member(relative, "dockerfile")


def _install(found: dict[str, tuple[str, str]]) -> list[str]:
    """Each with its mode, so that those of the context do not matter."""
    lines = [
        "install -D -m %s -- %s %s" % (mode, shlex.quote(source), shlex.quote("/files/" + path))
        for path, (mode, source) in found.items()
    ]
    return ["RUN " + " && \\\n    ".join(lines)] if lines else []


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
    return "%s=%s" % (json.dumps(key), json.dumps(value, ensure_ascii=False).replace("$", "\\$"))
