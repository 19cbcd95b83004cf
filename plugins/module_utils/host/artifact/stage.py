# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make a release in incoming/, and rename it into releases/ once it is complete."""

from __future__ import annotations

import contextlib
import os

from ...common import canonical, elf, manifest
from ...common.errors import SlipwayError
from ..releases import config, running
from ..releases.layout import CONFIG, CONFIG_TEMPLATE, ENVIRONMENT_TEMPLATE
from ..system import platform
from ..system.files import remove, sync_directory, write_file
from . import delta, signature
from .unpack import unpack


def stage(request, target, donor, payload):
    """Stage the target, from the artifact's stream or from ``donor``: a release here of the same artifact."""
    layout = request.layout
    work = os.path.join(layout.incoming, target.id)
    remove(work)
    os.mkdir(work, 0o755)
    try:
        if donor:
            _link_files(donor.path, work)
            _check_signature(request, work)
        else:
            _unpack(request, target, payload, work)
        _check_binary(request, work)
        _add_own_files(target, work, final=request.layout.path_of(target.id))
        layout.adopt(work, target.id)
    except OSError as error:
        raise SlipwayError(
            "%s could not be staged: %s (%s)" % (target.id, error.strerror or error, error.filename or work)
        ) from error
    finally:
        with contextlib.suppress(OSError):
            remove(work)


def _unpack(request, target, payload, work):
    digest = target.artifact["digest"]
    if request.pull_url:
        with _falling_back("The artifact could not be pulled"), _pulled(request, target) as pulled:
            unpack(pulled, digest, work)
            _check_signature(request, work)
    elif payload is None:
        raise SlipwayError("The artifact of %s is not on this host and was not sent" % target.id)
    elif request.patch_base:
        with _falling_back("The patch could not be used"):
            unpack(payload, digest, work, _base(request))
            _check_signature(request, work)
    else:
        unpack(payload, digest, work)
        _check_signature(request, work)


@contextlib.contextmanager
def _falling_back(failure):
    """If this fails, the controller sends the whole artifact."""
    try:
        yield
    except (SlipwayError, OSError, ImportError) as error:
        raise SlipwayError("%s: %s" % (failure, error), full_needed=True) from error


@contextlib.contextmanager
def _pulled(request, target):
    """The artifact from the mirror, as a stream."""
    from . import pull  # it imports HTTP and TLS

    path = os.path.join(request.layout.incoming, "pulled")
    try:
        pull.fetch(request.pull_url, target.artifact["size"], path, request.pull_ca_file)
        with open(path, "rb") as handle:
            yield handle
    finally:
        remove(path)


def _base(request):
    """The release here that the patch was made against."""
    for release in request.layout.releases().values():
        if release.artifact == request.patch_base:
            files = running.manifest_of(release).files
            if request.patch_base_file:
                files = {path: files[path] for path in files if path == request.patch_base_file}
            return delta.Base(release.path, files)
    raise SlipwayError("no release here is of the artifact %s any more" % request.patch_base)


def _check_signature(request, work):
    """Check who made it, each time: the manifest does not list its own signature.

    So the same content may come with another signature, for instance from a mirror.
    """
    if request.allowed_signers:
        signature.verify(work, request.allowed_signers)


def _check_binary(request, work):
    """Check that it runs on this machine, which the digests do not say."""
    binary = elf.read(os.path.join(work, "bin", request.app))
    if binary.goarch != platform.goarch():
        raise SlipwayError(
            "Wrong architecture: the binary is for %s, this host is %s" % (binary.goarch, platform.goarch())
        )
    if not binary.static:
        raise SlipwayError(
            "The binary is not static: it needs %s. Build it with slipway.golang.build"
            % (binary.interpreter or ", ".join(binary.needed))
        )


def _add_own_files(target, work, final):
    os.mkdir(os.path.join(work, "units"), 0o755)
    for name, text in target.units.items():
        write_file(os.path.join(work, "units", name), text.encode("utf-8"), 0o644)
    write_file(os.path.join(work, "environment"), target.environment.encode("utf-8"), 0o600)
    write_file(os.path.join(work, "release.json"), canonical.to_json(target.record), 0o644)
    if target.template:
        write_file(os.path.join(work, ENVIRONMENT_TEMPLATE), target.template.encode("utf-8"), 0o600)
    if target.config:
        _add_config(target, work, final)
    sync_directory(os.path.join(work, "units"))
    sync_directory(work)


def _add_config(target, work, final):
    directory = os.path.join(work, CONFIG)
    if os.path.lexists(directory):
        raise SlipwayError(
            "The artifact has a directory %s, where the files of slipway_config (option config) go: give its "
            "own files another dest in slipway_files (option files of the package)" % CONFIG
        )
    gid = target.service_gid()
    config.write(directory, target.config, target.port, gid, final=os.path.join(final, CONFIG))
    write_file(os.path.join(work, CONFIG_TEMPLATE), canonical.to_json(target.config), 0o600)


def _link_files(source, work):
    """Link the artifact's files instead of copying them: releases never change, so they may share files."""
    with open(os.path.join(source, manifest.MANIFEST), "rb") as handle:
        listed = manifest.Manifest.parse(handle.read()).files
    companions = [
        name
        for name in (manifest.MANIFEST, manifest.CHECKSUMS, manifest.SIGNATURE)
        if os.path.exists(os.path.join(source, name))
    ]
    for path in list(listed) + companions:
        os.makedirs(os.path.dirname(os.path.join(work, path)), mode=0o755, exist_ok=True)
        os.link(os.path.join(source, path), os.path.join(work, path))
