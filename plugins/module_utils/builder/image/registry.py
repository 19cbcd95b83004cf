# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a registry is asked and given, by oras: it knows tokens, credential helpers and both ways of
referrers.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ...common.errors import SlipwayError
from .. import processes

VERSION = "v1.3.6"
_PROGRESS = (
    "Usage:",
    "Please ",
    "WARNING",
    "Copying ",
    "Copied ",
    "Exists ",
    "Mounted ",
    "Skipped ",
    "Uploading ",
)
_LINE = re.compile(r"^(?:Error: )?(?P<text>.*\S)\s*$", re.MULTILINE)
_ABSENT = re.compile(r": not found\b|NAME_UNKNOWN|MANIFEST_UNKNOWN|name unknown|manifest unknown")
_REFUSED = re.compile(r"\b401\b|unauthori[sz]ed|basic credential not found|authentication required", re.I)
_FORBIDDEN = re.compile(r"\b403\b|denied|forbidden", re.I)
_AWAY = re.compile(
    r"connection refused|no such host|no route to host|network is unreachable|i/o timeout|deadline exceeded|"
    r"connection reset|TLS handshake timeout|lookup .* on |server misbehaving|\b50[234]\b",
    re.I,
)
_CERTIFICATE = re.compile(r"x509: .*|certificate signed by unknown authority", re.I)
_PLAIN = re.compile(r"server gave HTTP response to HTTPS client")
_FULL = re.compile(
    r"quota|no space left|\b413\b|\b507\b|insufficient storage|too large|toomanyrequests|\b429\b", re.I
)


class Registry:
    """oras, with the user's settings for a registry. It is looked up when it is needed."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._oras: str = options["oras"]
        self._ca_file: str | None = options["ca_file"]
        self._config: str | None = options["registry_config"]
        self._plain_http: bool = options["plain_http"]

    def digest_of(self, reference: str) -> str:
        """What a tag or a digest names in a registry; "" for nothing."""
        done = self._run(["resolve", *self._flags(), reference])
        if done.code == 0:
            return done.stdout.strip()
        if _ABSENT.search(done.stderr) and not _REFUSED.search(done.stderr):
            return ""
        raise self._failure(done, reference, "cannot say what it has")

    def missing(self, repository: str, digests: list[str]) -> list[str]:
        """Those of the digests that a repository has not got."""
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda digest: self.digest_of("%s@%s" % (repository, digest)), digests))
        return [digest for digest, there in zip(digests, found) if not there]

    def manifest(self, reference: str) -> bytes:
        """The bytes of a manifest or an index."""
        with tempfile.TemporaryDirectory(prefix="slipway-manifest-") as directory:
            path = os.path.join(directory, "manifest.json")
            argv = ["manifest", "fetch", *self._flags(), "--output", path, reference]
            self._sure(argv, reference, "cannot send it")
            with open(path, "rb") as handle:
                return handle.read()

    def fetch(self, reference: str, directory: str) -> None:
        """Bring an image into a layout."""
        parent, name = os.path.split(directory)
        os.makedirs(parent, exist_ok=True)
        argv = ["cp", "--no-tty", *self._flags("from-"), reference, "--to-oci-layout", name + ":base"]
        self._sure(argv, reference, "cannot send it", cwd=parent)

    def push(self, layout: str, digest: str, repository: str) -> None:
        """Send an image and all that refers to it, without a tag: nobody sees a part of it."""
        source = "%s@%s" % (os.path.basename(layout), digest)
        argv = ["cp", "--no-tty", "-r", "--from-oci-layout", *self._flags("to-"), source, repository]
        self._sure(argv, repository, "did not take it", cwd=os.path.dirname(layout))

    def tag(self, repository: str, digest: str, tags: list[str]) -> None:
        """Name what is there."""
        reference = "%s@%s" % (repository, digest)
        self._sure(["tag", *self._flags(), reference, *tags], reference, "did not take the tag")

    def flags_of_cosign(self) -> list[str]:
        """The same settings for cosign, which takes the users from Docker's configuration."""
        found = ["--registry-cacert=" + self._ca_file] if self._ca_file else []
        return found + (["--allow-http-registry"] if self._plain_http else [])

    @property
    def config(self) -> str:
        """The file with the users; "" for the usual one."""
        return self._config or ""

    def _flags(self, prefix: str = "") -> list[str]:
        found = ["--%sregistry-config=%s" % (prefix, self._config)] if self._config else []
        found += ["--%sca-file=%s" % (prefix, self._ca_file)] if self._ca_file else []
        return found + (["--%splain-http" % prefix] if self._plain_http else [])

    def _sure(self, argv: list[str], reference: str, failure: str, cwd: str = "/") -> str:
        done = self._run(argv, cwd)
        if done.code:
            raise self._failure(done, reference, failure)
        return done.stdout

    def _run(self, argv: list[str], cwd: str = "/") -> processes.Completed:
        done = processes.run([find(self._oras), *argv], cwd, dict(os.environ, NO_COLOR="1"))
        return done.without([])

    def _failure(self, done: processes.Completed, reference: str, failure: str) -> SlipwayError:
        host = reference.partition("/")[0]
        text = _said(done)
        return SlipwayError("%s: %s: %s. %s" % (reference, failure, text, _remedy(host, text)), **done.facts)


def find(oras: str) -> str:
    """The path of oras."""
    found = shutil.which(os.path.expanduser(oras))
    if not found and oras == "oras":
        found = shutil.which(os.path.expanduser("~/go/bin/oras"))
    if not found:
        raise SlipwayError(
            "Images are sent and fetched by oras, and there is no %s on this machine: run 'go install "
            "oras.land/oras/cmd/oras@%s', or leave out the option to" % (oras, VERSION)
        )
    return found


def _said(done: processes.Completed) -> str:
    """What oras said of its failure, in one line."""
    lines = [found["text"] for found in _LINE.finditer(done.stderr or done.stdout)]
    wanted = [line for line in lines if not line.startswith(_PROGRESS)]
    return "; ".join(wanted)[:600].rstrip(".") or "oras ended with %d" % done.code


def _remedy(host: str, text: str) -> str:
    if _CERTIFICATE.search(text):
        return "Name the CA of the registry in ca_file"
    if _PLAIN.search(text):
        return "It speaks HTTP only: set plain_http"
    if _REFUSED.search(text):
        return "Check the user and the password: 'oras login %s' or 'docker login %s' stores them" % (
            host,
            host,
        )
    if _FULL.search(text):
        return "The registry has no room, or lets you send no more now: free space there, or wait"
    if _FORBIDDEN.search(text):
        return "This user may not do that: ask for the right, or log in as another one"
    if _AWAY.search(text):
        return "Does the registry answer from this machine? Run again when it does"
    return "Nothing has the tag that was not there before: run again when the cause is gone"
