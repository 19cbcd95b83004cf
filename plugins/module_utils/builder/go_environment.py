# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The extra environment variables that a user may set for a build."""

from __future__ import annotations

import re
from typing import Any

from ..common import names
from ..common.errors import InvalidInput
from . import targets

_ALLOWED = re.compile(r"GO[A-Z0-9_]*|CGO_[A-Z0-9_]+|CC|CXX|FC|AR|PKG_CONFIG(_[A-Z_]+)?|SOURCE_DATE_EPOCH")
_OWNED = {
    "GOOS": "targets",
    "GOARCH": "targets",
    "CGO_ENABLED": "cgo",
    "GOFLAGS": "tags, ldflags, gcflags or flags",
    "GOENV": "environment",
    "GOPROXY": "goproxy",
    "GOPRIVATE": "goprivate",
    "GOSUMDB": "gosumdb",
    "GOCACHE": "gocache",
    "GOMODCACHE": "gomodcache",
    "GOROOT": "go",
}
_OWNED.update(dict.fromkeys(targets.VARIABLES, "targets"))


def check(variables: dict[str, Any]) -> dict[str, str]:
    """The extra variables of a user: only those of Go and C compilers that no option sets."""
    for name, value in variables.items():
        if name in _OWNED:
            raise InvalidInput("environment", name, "use the option %s instead" % _OWNED[name])
        if not _ALLOWED.fullmatch(name):
            raise InvalidInput(
                "environment",
                name,
                "only GO*, CGO_*, CC, CXX, FC, AR, PKG_CONFIG* and SOURCE_DATE_EPOCH reach the build",
            )
        if (
            not isinstance(value, (str, int, float))
            or isinstance(value, bool)
            or re.search(r"[\x00-\x1f]", str(value))
        ):
            raise InvalidInput(
                "environment", name, "its value must be a text on one line; quote true and false"
            )
    return {name: str(value) for name, value in variables.items()}


def check_passed(name: str) -> str:
    """The name of a variable of the builder that reaches downloads: none that decides what is built."""
    if not names.VARIABLE.fullmatch(name):
        raise InvalidInput(
            "pass_environment", "(hidden)", "give names of variables, as in CI_GIT_TOKEN, not their values"
        )
    if _ALLOWED.fullmatch(name):
        raise InvalidInput(
            "pass_environment", name, "use the option %s instead" % _OWNED.get(name, "environment")
        )
    return name
