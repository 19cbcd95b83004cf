# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fetch an artifact from a mirror, so that the controller need not send it.

It passes the same checks as one that the controller sends.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request

from ...common.errors import SlipwayError
from ..system.files import remove

ATTEMPTS = 5  # in a row that brought no byte
STALLED = 20.0  # seconds without a byte
PAUSE = 0.5  # seconds after the second such attempt in a row, twice as many after each further one
# What is slower takes longer than the controller would: bytes a second, after the first minute.
SLOWEST = 100_000
FIRST = 60.0
PIECE = 1 << 18
TOKEN = 1 << 16
_FIELD = re.compile(r'([a-z]+)="([^"]*)"')
_WORD = re.compile(r"[A-Za-z0-9._~+/=-]+")
_TRANSIENT = (408, 425, 429, 500, 502, 503, 504)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects, but not from https to another scheme."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if urllib.parse.urlsplit(newurl).scheme not in ("https", req.type):
            raise SlipwayError(
                "%s redirects to another scheme, %s: refused" % (shown(req.full_url), shown(newurl))
            )
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and following.host != req.host:
            following.remove_header("Authorization")  # a registry's token is not for its store
        return following


def fetch(url, size, path, ca_file=None):
    """Download ``url``, a file of ``size`` bytes, to ``path``; a broken connection is resumed."""
    opener = urllib.request.build_opener(_Redirects, urllib.request.HTTPSHandler(context=_context(ca_file)))
    remove(path)
    attempts, have, deadline = 0, 0, time.monotonic() + FIRST + size / SLOWEST
    headers = {}
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as handle:
        while True:
            try:
                _append(opener, url, headers, size, handle, deadline)
                return
            except (OSError, http.client.HTTPException, ValueError, _Short) as error:
                token = {} if headers else _token(opener, error)
                if token:
                    headers = token
                    continue
                attempts = 1 if handle.tell() > have else attempts + 1
                have = handle.tell()
                if attempts >= ATTEMPTS or not _is_transient(error):
                    raise SlipwayError(
                        "%s sent %d of %d bytes: %s" % (shown(url), have, size, _reason(error))
                    ) from None
                if attempts > 1:  # not all hosts at the same moment
                    time.sleep(PAUSE * 2 ** (attempts - 2) * random.uniform(0.5, 1.5))


def shown(url):
    """A URL for a message, without the parts that may hold a secret."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")) + (
        "?…" if parts.query else ""
    )


class _Short(Exception):
    """The connection ended too early."""


def _append(opener, url, headers, size, handle, deadline):
    """Download the rest, from where the file ends."""
    have = handle.tell()
    rest = {"Range": "bytes=%d-" % have} if have else {}
    options = urllib.request.Request(url, headers=dict(headers, **rest))
    with opener.open(options, timeout=STALLED) as answer:
        if have and answer.status != 206:  # the server does not support ranges
            handle.seek(0)
            handle.truncate()
        length = answer.headers.get("Content-Length")
        if length is not None and handle.tell() + int(length) != size:
            raise SlipwayError(
                "%s is not the artifact: it has %d bytes, and the artifact %d"
                % (shown(url), handle.tell() + int(length), size)
            )
        while handle.tell() < size:
            if time.monotonic() > deadline:
                raise SlipwayError(
                    "%s is too slow: it sent %d of %d bytes in time" % (shown(url), handle.tell(), size)
                )
            piece = answer.read1(min(PIECE, size - handle.tell()))
            if not piece:
                raise _Short("the connection ended")
            handle.write(piece)


def _token(opener, error):
    """The header with the token that a registry gives to everybody, where the error asks for one."""
    asked = error.headers.get("WWW-Authenticate", "") if getattr(error, "code", 0) == 401 else ""
    kind, dummy, rest = asked.partition(" ")
    fields = dict(_FIELD.findall(rest)) if kind.lower() == "bearer" else {}
    realm = fields.get("realm", "")
    if not realm or urllib.parse.urlsplit(realm).scheme not in (
        "https",
        urllib.parse.urlsplit(error.url).scheme,
    ):
        return {}
    query = urllib.parse.urlencode({key: fields[key] for key in ("service", "scope") if key in fields})
    try:
        with opener.open("%s%s%s" % (realm, "&" if "?" in realm else "?", query), timeout=STALLED) as answer:
            given = json.loads(answer.read(TOKEN).decode("utf-8"))
        return {"Authorization": "Bearer " + _plain(given.get("token") or given["access_token"])}
    except (OSError, http.client.HTTPException, ValueError, KeyError, AttributeError):
        return {}


def _plain(token):
    """A token that is one word, so that it cannot leave its header."""
    if not _WORD.fullmatch(token):
        raise ValueError("not a token")
    return token


def _is_transient(error):
    """Whether another attempt may help."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code in _TRANSIENT
    if isinstance(error, ValueError):
        return False
    reason = getattr(error, "reason", error)
    return not isinstance(reason, (ssl.SSLCertVerificationError, ValueError))


def _reason(error):
    if isinstance(error, ValueError):  # its text may quote the URL
        return "invalid HTTP response"
    if isinstance(error, urllib.error.HTTPError):
        return "HTTP status %d" % error.code
    return str(getattr(error, "reason", error) or type(error).__name__)


def _context(ca_file):
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise SlipwayError(
            "slipway_pull_ca_file (option pull_ca_file): %s cannot be read on the host: %s"
            % (ca_file, error.strerror or error)
        ) from None
