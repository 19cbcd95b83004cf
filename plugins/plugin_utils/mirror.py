# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which URL a host fetches an artifact from.

In a registry, the blob of a tarball has the name of its SHA-256, which the controller knows.
"""

from __future__ import annotations

import os
import urllib.parse

from ..module_utils.builder.image.options import REPOSITORY
from ..module_utils.common import canonical
from ..module_utils.common.errors import InvalidInput

OCI = "oci://"


def check(urls, artifacts):
    """Refuse what no host could fetch. The message does not show the secrets that a URL may contain."""
    for url in urls:
        _check(url)
    if any(url.startswith(OCI) for url in urls) and len(urls) > 1:
        raise InvalidInput(
            "pull_from", len(urls), "one repository has the tarballs of all targets: give it alone"
        )
    if urls and not _has_all(urls) and len(urls) != len(artifacts):
        raise InvalidInput(
            "pull_from",
            len(urls),
            "give one URL that ends with /, or one for each of the %d artifacts" % len(artifacts),
        )


def _check(url):
    try:
        parts = urllib.parse.urlsplit(url)
        dummy = parts.port  # it is parsed only when read
    except ValueError:
        raise InvalidInput(
            "pull_from", url.partition("/")[0] + "…", "it is not a URL: its host or port is malformed"
        ) from None
    shown = "%s://%s…" % (parts.scheme, parts.hostname or "")
    if parts.scheme not in ("http", "https", "oci") or not parts.hostname:
        raise InvalidInput("pull_from", shown, "use an http:// or https:// URL, or oci:// and a repository")
    if parts.username is not None:
        raise InvalidInput(
            "pull_from",
            shown,
            "it has a user name, and hosts send no password: use a signed URL, "
            "or a mirror that only they can reach",
        )
    if not all(32 < ord(character) < 127 for character in url):
        raise InvalidInput(
            "pull_from", shown, "it has a space or another character that must be encoded as %XX"
        )
    if parts.scheme == "oci" and not REPOSITORY.fullmatch(url[len(OCI) :]):
        raise InvalidInput(
            "pull_from",
            shown,
            "use a registry and a repository, without a tag and a digest: a tarball has a digest of its own",
        )


def url_of(path, request):
    """The URL of the artifact at ``path``, which is one of the request's."""
    urls = request["pull_from"]
    if urls[0].startswith(OCI):
        host, _slash, repository = urls[0][len(OCI) :].partition("/")
        return "https://%s/v2/%s/blobs/sha256:%s" % (host, repository, canonical.sha256_file(path))
    if _has_all(urls):
        return urls[0] + urllib.parse.quote(os.path.basename(path))
    return urls[[item["path"] for item in request["artifacts"]].index(path)]


def _has_all(urls):
    """One place for all artifacts."""
    return len(urls) == 1 and (urls[0].endswith("/") or urls[0].startswith(OCI))
