# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A signature by the user's cosign, with the user's key. It is made in the registry, before any tag."""

from __future__ import annotations

import os
import shutil
import tempfile

from ...common.errors import InvalidInput, SlipwayError
from .. import processes
from . import options
from .request import Request


def is_signed(request: Request, digest: str) -> bool:
    """Whether the registry has a signature of this key."""
    with tempfile.TemporaryDirectory(prefix="slipway-cosign-") as directory:
        public = os.path.join(directory, "cosign.pub")
        done = _run(request, ["public-key", "--key", _key(request), "--outfile", public])
        if done.code:
            raise _failure(request, done, "cannot read the key")
        flags = ["--key", public, "--insecure-ignore-tlog=true"]
        return (
            _run(request, ["verify", *flags, *_of_registry(request), _reference(request, digest)]).code == 0
        )


def sign(request: Request, digest: str) -> None:
    """Sign an image, and the images in it."""
    flags = [
        "--key",
        _key(request),
        "--yes",
        "--recursive",
        "--tlog-upload=false",
        "--use-signing-config=false",
    ]
    done = _run(request, ["sign", *flags, *_of_registry(request), _reference(request, digest)])
    if done.code:
        raise _failure(request, done, "cannot sign %s" % request.to)


def _of_registry(request: Request) -> list[str]:
    return request.registry.flags_of_cosign()


def _reference(request: Request, digest: str) -> str:
    return "%s@%s" % (request.to, digest)


def _key(request: Request) -> str:
    key = options.expanded(request.sign["cosign_key"])
    if not os.path.isfile(key):
        raise InvalidInput(
            "sign.cosign_key", key, "there is no such file; make one with 'cosign generate-key-pair'"
        )
    return key


def _run(request: Request, argv: list[str]) -> processes.Completed:
    name: str = request.sign["cosign"]
    found = shutil.which(os.path.expanduser(name))
    if not found:
        raise SlipwayError(
            "sign: there is no %s on this machine: install it, as with 'go install "
            "github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3', or leave out sign" % name
        )
    # Without a password of the key in COSIGN_PASSWORD it would ask for one.
    environment = dict({"COSIGN_PASSWORD": ""}, **os.environ)
    if request.registry.config:
        environment["DOCKER_CONFIG"] = os.path.dirname(request.registry.config)
    return processes.run([found, *argv], "/", environment).without([environment["COSIGN_PASSWORD"]])


def _failure(request: Request, done: processes.Completed, what: str) -> SlipwayError:
    said = [line for line in done.output.splitlines() if line.strip()]
    return SlipwayError(
        "sign: cosign %s: %s. Is the password of the key in COSIGN_PASSWORD? No tag was set"
        % (what, said[-1] if said else "no output"),
        **done.facts,
    )
