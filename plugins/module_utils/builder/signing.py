# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signatures over a manifest, made by ssh-keygen, which is already installed on both sides."""

from __future__ import annotations

import base64
import binascii
import os
import shutil
import subprocess
import tempfile

from ..common.errors import InvalidInput, SlipwayError

NAMESPACE = "slipway"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"


class Signer:
    """A key that signs manifests.

    It keeps a signature that is still valid, as not every kind of key gives the same signature twice.
    """

    def __init__(self, key_path: str) -> None:
        if not os.path.isfile(key_path):
            raise InvalidInput(
                "signing_key",
                key_path,
                "there is no such file; make a key with 'ssh-keygen -t ed25519 -f release-key'",
            )
        self._key = key_path
        keygen = shutil.which("ssh-keygen")
        if not keygen:
            raise SlipwayError(
                "signing_key is set, and ssh-keygen is not on this machine: install openssh-client"
            )
        self._keygen = keygen
        done = self._run(["-y", "-P", "", "-f", key_path])
        self._public = (
            done.stdout.split()[1] if done.returncode == 0 and len(done.stdout.split()) > 1 else b""
        )

    def sign(self, manifest: bytes, former: bytes = b"") -> bytes:
        """The signature of a manifest's bytes; the former one where it is of this key and valid."""
        if former and self._is_valid(manifest, former):
            return former
        done = self._run(["-Y", "sign", "-q", "-n", NAMESPACE, "-f", self._key], manifest)
        if done.returncode or not done.stdout.startswith(_BEGIN.encode()):
            output = done.stderr.decode("utf-8", "replace").strip()
            raise SlipwayError(
                "ssh-keygen cannot sign with signing_key %s: %s. Make it readable by its owner only, and let "
                "it have no passphrase unless an agent holds it" % (self._key, output or "no output")
            )
        return done.stdout

    def _is_valid(self, manifest: bytes, former: bytes) -> bool:
        if not self._public or _signer_of(former) != self._public:
            return False
        with tempfile.TemporaryDirectory(prefix="slipway-sign-") as scratch:
            path = os.path.join(scratch, "signature")
            with open(path, "wb") as handle:
                handle.write(former)
            return (
                self._run(["-Y", "check-novalidate", "-n", NAMESPACE, "-s", path], manifest).returncode == 0
            )

    def _run(self, arguments: list[str], stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        environment = dict(os.environ, LC_ALL="C", SSH_ASKPASS_REQUIRE="never")
        try:  # in its own session it has no terminal to ask for a passphrase on
            return subprocess.run(
                [self._keygen] + arguments,
                input=stdin,
                capture_output=True,
                timeout=60,
                env=environment,
                start_new_session=True,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SlipwayError(
                "ssh-keygen did not answer within a minute: does signing_key %s wait for a touch?" % self._key
            ) from error


def _signer_of(signature: bytes) -> bytes:
    """The public key inside of an SSH signature, in base64; b"" where it is not one."""
    lines = signature.decode("ascii", "replace").split()
    body = "".join(lines[3:-3])
    try:
        raw = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return b""
    length = int.from_bytes(raw[10:14], "big")
    if raw[:6] != b"SSHSIG" or len(raw) < 14 + length:
        return b""
    return base64.b64encode(raw[14 : 14 + length])
