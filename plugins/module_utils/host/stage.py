# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make a release in incoming/, and rename it into releases/ when it is complete."""

from __future__ import annotations

import contextlib
import os
import shutil

from ..common import canonical, elf, manifest
from ..common.errors import SlipwayError
from . import machine, observe, patched, signature
from .layout import remove, sync_directory, write_file
from .unpack import unpack


def stage(wanted, target, donor, payload):
    """From the artifact's stream, or from a release here that was made of the same artifact."""
    layout = wanted.layout
    work = os.path.join(layout.incoming, target.id)
    remove(work)
    os.mkdir(work, 0o755)
    try:
        if donor:
            _link_files(donor.path, work)
            _check_signature(wanted, work)
        else:
            _unpack(wanted, target, payload, work)
        _check_binary(wanted, work)
        _add_own_files(target, work)
        layout.adopt(work, target.id)
    except OSError as error:
        raise SlipwayError(
            "%s could not be staged: %s (%s)" % (target.id, error.strerror, error.filename or work)
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _unpack(wanted, target, payload, work):
    digest = target.artifact["digest"]
    if wanted.pull_from:
        with _or_the_whole("The artifact could not be pulled"), _pulled(wanted, target) as pulled:
            unpack(pulled, digest, work)
            _check_signature(wanted, work)
    elif payload is None:
        raise SlipwayError("The artifact of %s is not on this host and was not sent" % target.id)
    elif wanted.patch_base:
        with _or_the_whole("The patch could not be used"):
            unpack(payload, digest, work, _base(wanted))
            _check_signature(wanted, work)
    else:
        unpack(payload, digest, work)
        _check_signature(wanted, work)


@contextlib.contextmanager
def _or_the_whole(what):
    """The controller will send the whole artifact where this fails."""
    try:
        yield
    except (SlipwayError, OSError, ImportError) as error:
        raise SlipwayError("%s: %s" % (what, error), whole_is_needed=True) from error


@contextlib.contextmanager
def _pulled(wanted, target):
    """The artifact from the mirror, as a stream."""
    from . import pull  # it imports HTTP and TLS

    path = os.path.join(wanted.layout.incoming, "pulled")
    try:
        pull.fetch(wanted.pull_from, target.artifact["size"], path, wanted.pull_ca_file)
        with open(path, "rb") as handle:
            yield handle
    finally:
        remove(path)


def _base(wanted):
    """The release here that the patch was made against."""
    made_of = [
        release for release in wanted.layout.releases().values() if release.artifact == wanted.patch_base
    ]
    if not made_of:
        raise SlipwayError("no release here is of the artifact %s any more" % wanted.patch_base)
    return patched.Base(made_of[0].path, observe.manifest_of(made_of[0]).files)


def _check_signature(wanted, work):
    """Who made it. The manifest does not list its own signature, so that a mirror may have an older one beside the same content."""
    if wanted.allowed_signers:
        signature.verify(work, wanted.allowed_signers)


def _check_binary(wanted, work):
    """Whether it runs here, which the archive's own digests cannot tell."""
    binary = elf.read(os.path.join(work, "bin", wanted.app))
    if binary.goarch != machine.goarch():
        raise SlipwayError(
            "Wrong architecture: the binary is for %s, this host is %s" % (binary.goarch, machine.goarch())
        )
    if binary.interpreter:
        raise SlipwayError(
            "The binary is not static: it wants %s. Build it with slipway.golang.build" % binary.interpreter
        )


def _add_own_files(target, work):
    os.mkdir(os.path.join(work, "units"), 0o755)
    for name, text in target.units.items():
        write_file(os.path.join(work, "units", name), text.encode("utf-8"), 0o644)
    write_file(os.path.join(work, "environment"), target.environment.encode("utf-8"), 0o600)
    write_file(os.path.join(work, "release.json"), canonical.to_json(target.record), 0o644)
    sync_directory(os.path.join(work, "units"))
    sync_directory(work)


def _link_files(source, work):
    """The artifact's files again, without a copy: releases are immutable, so they may share them."""
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
