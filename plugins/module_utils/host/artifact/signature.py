# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verify that the manifest is signed with a key that allowed_signers lists."""

from __future__ import annotations

import os
import subprocess

from ...common import manifest as manifests
from ...common.errors import SlipwayError
from ..system.files import write_file

NAMESPACE = "slipway"


def verify(directory, allowed_signers):
    """Check a release's signature with ``ssh-keygen -Y verify``; returns the signer.

    ``allowed_signers`` is the text of such a file.
    """
    signature = os.path.join(directory, manifests.SIGNATURE)
    if not os.path.isfile(signature):
        raise SlipwayError(
            "The artifact is not signed, and slipway_allowed_signers (option allowed_signers) requires it: "
            "package it with slipway_signing_key (option signing_key)"
        )
    import tempfile  # here, as most artifacts need no signature

    with tempfile.TemporaryDirectory(prefix="slipway-signers-") as scratch:
        signers = os.path.join(scratch, "allowed_signers")
        write_file(signers, allowed_signers.encode("utf-8"), 0o600)
        principals = _keygen(["find-principals", "-s", signature, "-f", signers], None)
        signer = principals.stdout.decode("utf-8", "replace").splitlines()[:1]
        if principals.returncode or not signer:
            raise SlipwayError(
                "The artifact is signed with a key that is not in slipway_allowed_signers "
                "(option allowed_signers): refused"
            )
        with open(os.path.join(directory, manifests.MANIFEST), "rb") as manifest:
            answer = _keygen(
                ["verify", "-s", signature, "-f", signers, "-I", signer[0], "-n", NAMESPACE], manifest
            )
    if answer.returncode:
        raise SlipwayError(
            "The artifact's signature is not valid: %s"
            % answer.stderr.decode("utf-8", "replace").strip()[:500]
        )
    return signer[0]


def _keygen(arguments, stdin):
    try:
        return subprocess.run(
            ["ssh-keygen", "-Y"] + arguments,
            stdin=stdin or subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=False,
        )
    except FileNotFoundError:
        raise SlipwayError(
            "slipway_allowed_signers (option allowed_signers) requires a signature, and ssh-keygen is not on "
            "this host: install openssh-client"
        ) from None
