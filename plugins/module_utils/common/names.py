# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that become paths, units and users: checked before anything is made of them."""

from __future__ import annotations

import re

from .errors import InvalidInput

APP = re.compile(r"[a-z][a-z0-9_-]{0,30}")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,63}")
RELEASE_ID = re.compile(r"(?P<version>[A-Za-z0-9][A-Za-z0-9._+~-]{0,63})-(?P<digest>[0-9a-f]{12})")
HEX_SHA256 = re.compile(r"[0-9a-f]{64}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]{0,30}\$?")
_ROOT = re.compile(r"/[A-Za-z0-9._@+:,=/-]{1,200}")
# Everything that UTF-8 can encode and a terminal can show.
_SEGMENT = re.compile(r"[^/\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,255}")


def match(pattern: re.Pattern[str] | str, value: object, field: str, remedy: str) -> re.Match[str]:
    """The match of a pattern with all of a text; raises InvalidInput where there is none."""
    found = re.fullmatch(pattern, value) if isinstance(value, str) else None
    if not found:
        raise InvalidInput(field, value, remedy)
    return found


def check_app(value: object, field: str = "name") -> str:
    """An app's name: also its unit, user and directory."""
    return match(
        APP,
        value,
        field,
        "use a lower-case letter, then at most 30 lower-case letters, digits, '-' or '_', as in 'orders-api'",
    )[0]


def check_version(value: object, field: str = "version") -> str:
    """A version: it becomes a directory's name on every host."""
    if isinstance(value, str) and ".." in value:
        raise InvalidInput(field, value, "a version becomes a directory's name: use one without '..'")
    return match(
        VERSION,
        value,
        field,
        "use a letter or digit, then at most 63 letters, digits, '.', '_', '+', '~' or '-', as in '1.4.2'",
    )[0]


def check_account(value: object, field: str) -> str:
    """A Unix user or group."""
    return match(ACCOUNT, value, field, "use a Unix account name: lower-case letters, digits, '-' or '_'")[0]


def check_variable(value: object, field: str) -> str:
    """The name of an environment variable."""
    return match(VARIABLE, value, field, "use a letter or '_', then letters, digits or '_'")[0]


def check_root(value: object, field: str = "root") -> str:
    """An app's directory: it goes into unit files, command lines and nginx's configuration."""
    root = match(_ROOT, value, field, "use an absolute path of letters, digits and ._@+:,=/- only")[0]
    return check_absolute(root, field)


def check_member(value: object, field: str = "path") -> str:
    """A relative path inside of an archive or a release; returns it unchanged."""
    remedy = "use a relative path in UTF-8 without '..', '.', empty parts, backslashes or control characters"
    if not isinstance(value, str) or not value or len(value) > 1024 or "\\" in value:
        raise InvalidInput(field, value, remedy)
    for segment in value.split("/"):
        if segment in ("", ".", "..") or not _SEGMENT.fullmatch(segment):
            raise InvalidInput(field, value, remedy)
    return value


def check_absolute(value: object, field: str) -> str:
    """An absolute path that is safe in a unit file or as a directory of ours."""
    if not isinstance(value, str) or not value.startswith("/"):
        raise InvalidInput(field, value, "use an absolute path")
    check_member(value.strip("/") or "x", field)
    return value
