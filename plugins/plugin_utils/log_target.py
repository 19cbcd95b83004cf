# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the logs of a service are sent: the variable slipway_logs. No message shows a secret."""

from __future__ import annotations

import re

from ..module_utils.common.errors import InvalidInput, SlipwayError
from .kinds import Place, Unfit, boolean, like, nearest, text

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator

SCHEMES = ("https", "http", "elasticsearch+https", "syslog+tls")
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
_TARGET = re.compile(
    r"(?P<scheme>[a-z+]+)://%s(?::(?P<port>[0-9]{1,5}))?(?P<path>(?:/[A-Za-z0-9._~-]+)*/?)" % _HOST
)
_EXAMPLES = (
    "https://logs.example.com/insert/journald, elasticsearch+https://es.example.com:9200 "
    "or syslog+tls://logs.example.com:6514"
)
INDEX = re.compile(r"[a-z0-9][a-z0-9._-]{0,199}")
PATH = re.compile(r"/[A-Za-z0-9._@+/-]{1,500}")
PASSWORD = re.compile(r"[^\x00-\x20\x7f]{1,1000}")
USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,199}")


def _to(value: object, place: Place) -> str:
    url = str(text()(value, place))
    match = _TARGET.fullmatch(url)
    if "@" in url:
        raise Unfit("no user or password belongs in the URL: set user and password beside it")
    if not match or match["scheme"] not in SCHEMES:
        raise Unfit("use a URL such as %s" % _EXAMPLES)
    if not 0 < int(match["port"] or 1) < 65536:
        raise Unfit("there is no such port")
    if match["scheme"] == "syslog+tls" and match["path"].strip("/"):
        raise Unfit("syslog has no path: use a URL such as syslog+tls://logs.example.com:6514")
    return url


OPTIONS: dict[str, Callable[..., object]] = {
    "to": _to,
    "index": like(INDEX, "use lower-case letters, digits, '.', '_' and '-'"),
    "user": like(USER, "use letters, digits and '.', '_', '@', '+', '-'"),
    "password": like(PASSWORD, "it has a space or a control character, or more than 1000 characters"),
    "ca_file": like(PATH, "use an absolute path of letters, digits and . _ @ + - /"),
    "client_certificate": like(PATH, "use an absolute path of letters, digits and . _ @ + - /"),
    "client_key": like(PATH, "use an absolute path of letters, digits and . _ @ + - /"),
    "persistent_journal": boolean,
}
# Which kinds of targets know an option that not all of them know.
_ONLY = {
    "index": ("elasticsearch+https",),
    "user": ("elasticsearch+https",),
    "password": ("elasticsearch+https",),
    "ca_file": ("https", "elasticsearch+https", "syslog+tls"),
    "client_certificate": ("https", "elasticsearch+https", "syslog+tls"),
    "client_key": ("https", "elasticsearch+https", "syslog+tls"),
}
_NO_PASSWORD = ": systemd-journal-upload sends no password. Use client_certificate, or elasticsearch+https://"
_PAIRS = (("client_certificate", "client_key"), ("user", "password"))


def check(value: dict[str, Any], place: Place) -> dict[str, Any]:
    """The options of slipway_logs; empty for no target."""
    read = {key: _option(key, item, place) for key, item in value.items() if item not in (None, "")}
    if not read:
        return {}
    if "to" not in read:
        raise SlipwayError("slipway_logs.to is not set: name the target, such as %s" % _EXAMPLES)
    for problem in _contradictions(read):
        raise SlipwayError("slipway_logs." + problem)
    return read


def _option(key: str, value: object, place: Place) -> object:
    if key not in OPTIONS:
        raise InvalidInput("slipway_logs", key, "there is no such option%s" % nearest(key, OPTIONS))
    try:
        return OPTIONS[key](value, place)
    except (Unfit, InvalidInput) as error:
        secret = key == "password" or "@" in str(value)
        remedy = str(error).rpartition("is not usable: ")[2]
        raise InvalidInput("slipway_logs." + key, "(hidden)" if secret else value, remedy) from error


def _contradictions(read: dict[str, Any]) -> Iterator[str]:
    scheme = str(read["to"]).partition(":")[0]
    for name in read:
        if scheme not in _ONLY.get(name, SCHEMES):
            why = _NO_PASSWORD if scheme in ("http", "https") and name in ("user", "password") else ""
            yield "%s: a target that begins with %s:// has no such option%s" % (name, scheme, why)
    for one, other in _PAIRS:
        if (one in read) != (other in read):
            lacking, given = (other, one) if one in read else (one, other)
            yield "%s is not set, and %s needs it: set both" % (lacking, given)
