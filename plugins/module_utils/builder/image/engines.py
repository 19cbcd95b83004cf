# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put an image into an engine on this machine: Docker by its SDK, others by their own import."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from typing import IO, Callable

from ...common.errors import SlipwayError
from .. import processes
from . import layout
from .blobs import Blob
from .image import Image, Platform
from .request import Request


def load(request: Request, image: Image, names: list[str]) -> list[str]:
    """Load it, and return why, as sentences; nothing is loaded in check mode."""
    return _ENGINES[request.engine](request, image, names)


def _docker(request: Request, image: Image, names: list[str]) -> list[str]:
    """The engine's own form of an image, which all versions take; Docker reads layouts since 25 only."""
    try:
        import docker
        from docker.errors import DockerException, ImageNotFound
    except ImportError:
        raise SlipwayError(
            "load: the Docker SDK for Python is not installed for the Python of this task: run 'pip install "
            "docker' there, or set load: podman"
        ) from None
    try:
        client = docker.from_env()
        platform = _platform(image, "linux/" + client.version()["Arch"])
        ids = (platform.config_digest, platform.entry["digest"], image.digest)

        def has(name: str) -> bool:
            try:
                return client.images.get(name).id in ids
            except ImageNotFound:
                return False

        late = [name for name in names if not has(name)]
        if late and not request.check_mode:
            with tempfile.TemporaryFile() as archive:
                _write_docker_archive(archive, platform, names)
                archive.seek(0)
                client.images.load(archive)
    except (DockerException, OSError) as error:  # a connection that ends, or times out
        raise SlipwayError("load: the Docker engine did not take the image: %s" % error) from error
    return ["Docker has no %s of this content" % name for name in late]


def _write_docker_archive(target: IO[bytes], platform: Platform, names: list[str]) -> None:
    """What `docker save` writes, for one platform."""
    config = next(blob for blob in platform.blobs if blob.digest == platform.config_digest)
    entry = {
        "Config": layout.blob_name(config.digest),
        "RepoTags": names,
        "Layers": [layout.blob_name(blob.digest) for blob in platform.layers],
    }
    found = {layout.blob_name(blob.digest): blob for blob in [config, *platform.layers]}
    members = [("manifest.json", Blob(json.dumps([entry]).encode())), *sorted(found.items())]
    for piece in layout.stream(members):
        target.write(piece)


def _podman(request: Request, image: Image, names: list[str]) -> list[str]:
    """podman reads a layout, and keeps the digest."""
    named, full = _full(image, names)
    ids = [one.config_digest.partition(":")[2] for one in image.platforms]
    inspect = ["image", "inspect", "--format", "{{.Id}}"]
    late = [name for name in full if _run("podman", [*inspect, name]).stdout.strip() not in ids]
    if late and not request.check_mode:
        tag = image.listed[0]["annotations"]["org.opencontainers.image.ref.name"]
        _sure("podman", ["pull", "--quiet", "oci-archive:%s:%s" % (request.layout, tag)])
        if late != [named]:
            _sure("podman", ["tag", named, *late])
    return ["podman has no %s of this content" % name for name in late]


def _containerd(request: Request, image: Image, names: list[str]) -> list[str]:
    """containerd reads a layout, and keeps the digest. The namespace: CONTAINERD_NAMESPACE."""
    named, full = _full(image, names)
    find = ["images", "list"]
    late = [name for name in full if image.digest not in _sure("ctr", [*find, "name==" + name]).stdout]
    if late and not request.check_mode:
        _sure("ctr", ["images", "import", "--all-platforms", request.layout])
        for name in [name for name in late if name != named]:
            _sure("ctr", ["images", "tag", "--force", named, name])
    return ["containerd has no %s of this content" % name for name in late]


def _full(image: Image, names: list[str]) -> tuple[str, list[str]]:
    """What the layout names itself, and the names as complete as that."""
    named: str = image.listed[0]["annotations"]["io.containerd.image.name"]
    repository = named.rpartition(":")[0]
    return named, [repository + ":" + name.rpartition(":")[2] for name in names]


def _platform(image: Image, name: str) -> Platform:
    """The image for an engine."""
    for one in image.platforms:
        if one.name == name or one.name.rpartition("/")[0] == name:
            return one
    raise SlipwayError(
        "load: the engine is for %s, and the image only for %s: add this target to slipway_targets"
        % (name, ", ".join(one.name for one in image.platforms))
    )


def _sure(program: str, argv: list[str]) -> processes.Completed:
    done = _run(program, argv)
    if done.code:
        raise SlipwayError("load: %s failed: %s" % (program, done.output), **done.facts)
    return done


def _run(program: str, argv: list[str]) -> processes.Completed:
    found = shutil.which(program)
    if not found:
        raise SlipwayError(
            "load: there is no %s on this machine: install it, or load into another engine" % program
        )
    return processes.run([found, *argv], "/", dict(os.environ))


_ENGINES: dict[str, Callable[[Request, Image, list[str]], list[str]]] = {
    "docker": _docker,
    "podman": _podman,
    "containerd": _containerd,
}
