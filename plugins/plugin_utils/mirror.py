# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which URL a host fetches an artifact from."""

from __future__ import annotations

import os
import urllib.parse

from ..module_utils.common.errors import InvalidInput


def check(urls, artifacts):
    """Refuse what no host could fetch. The message does not show the secrets that a URL may contain."""
    for url in urls:
        try:
            parts = urllib.parse.urlsplit(url)
            dummy = parts.port  # it is parsed only when read
        except ValueError:
            raise InvalidInput(
                "pull_from", url.partition("/")[0] + "…", "it is not a URL: its host or port is malformed"
            ) from None
        shown = "%s://%s…" % (parts.scheme, parts.hostname or "")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput("pull_from", shown, "use an http:// or https:// URL")
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
    if urls and not _is_directory(urls) and len(urls) != len(artifacts):
        raise InvalidInput(
            "pull_from",
            len(urls),
            "give one URL that ends with /, or one for each of the %d artifacts" % len(artifacts),
        )


def url_of(path, request):
    """The URL of the artifact at ``path``, which is one of the request's."""
    urls = request["pull_from"]
    if _is_directory(urls):
        return urls[0] + urllib.parse.quote(os.path.basename(path))
    return urls[[item["path"] for item in request["artifacts"]].index(path)]


def _is_directory(urls):
    return len(urls) == 1 and urls[0].endswith("/")
