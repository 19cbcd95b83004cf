# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options in ``slipway_metrics``: which there are, their defaults, and what each may be."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from ..module_utils.common import names
from ..module_utils.common.errors import InvalidInput
from .kinds import options

OPTIONS = {
    "textfile": {"type": "str"},
    "port": {"type": "int"},
    "path": {"type": "str"},
    "socket": {"type": "str"},
    "from": {"type": "list", "elements": "str"},
    "objective": {"type": "percent", "default": 99.9},
    "slower_than": {"type": "float", "default": 1.0},
    "min_requests": {"type": "int", "default": 50},
    "dest": {"type": "path"},
    "install": {"type": "bool", "default": False},
    "listen": {"type": "str", "default": "127.0.0.1"},
    "alertmanager": {"type": "str"},
}
# The port of the proxy in front of a unix socket, if none is given: free in Prometheus' list of exporters.
PROXY_PORT = 9199
_PATH = re.compile(r"/[A-Za-z0-9._@/-]*")
_SOCKET = re.compile(r"[A-Za-z0-9._@-]{1,60}")
_read = options(OPTIONS, "metrics")


def read(value, place):
    """What the user wrote, checked."""
    given = {key: item for key, item in _read(value, place).items() if item is not None}
    for key, item in given.items():
        if key in _CHECKS:
            _CHECKS[key]("metrics." + key, item)
    return given


def filled(given):
    """The options, with their defaults."""
    return {key: given.get(key, spec.get("default")) for key, spec in OPTIONS.items()}


def serves_metrics(given):
    """Whether the app has metrics of its own: one of these options says where."""
    return any(given.get(key) for key in ("port", "path", "socket"))


def _absolute(field, value):
    names.check_absolute(value, field)


def _port(field, value):
    if not 1 <= value <= 65535:
        raise InvalidInput(field, value, "use a whole number from 1 to 65535")


def _path(field, value):
    if not _PATH.fullmatch(value):
        raise InvalidInput(field, value, "use a path, as in /metrics")


def _socket(field, value):
    if not _SOCKET.fullmatch(value) or value in (".", ".."):
        raise InvalidInput(field, value, "use the name of a file in the runtime directory, as in pprof.sock")


def _percent(field, value):
    if not 50 <= value <= 99.999:
        raise InvalidInput(field, value, "use a percentage from 50 to 99.999")


def _positive(field, value):
    if not value > 0:
        raise InvalidInput(field, value, "use a number above 0")


def _address(field, value):
    try:
        ipaddress.ip_address(value)
    except ValueError as error:
        raise InvalidInput(field, value, "use an address, as in 10.0.0.5") from error


def _addresses(field, values):
    for value in values:
        _address(field, value)


def check_url(field, value):
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        usable, parts = False, urlsplit("")
    if "@" in value:
        # It would be in the facts of the run, in messages and in logs.
        raise InvalidInput(field, "(hidden)", "use a URL without a user and a password")
    if not usable or parts.query or parts.fragment or not re.fullmatch(r"[!-~]+", value):
        raise InvalidInput(field, value, "use a URL, as in http://mon1.example.com:9093")


_CHECKS = {
    "textfile": _absolute,
    "port": _port,
    "path": _path,
    "socket": _socket,
    "from": _addresses,
    "objective": _percent,
    "slower_than": _positive,
    "min_requests": _positive,
    "listen": _address,
    "alertmanager": check_url,
}
