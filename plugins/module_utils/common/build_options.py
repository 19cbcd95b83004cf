# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a build and their defaults: a table only. What each means: DOCUMENTATION of the module."""

from __future__ import annotations

from . import vulnerabilities

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _texts(default: list[str] | None = None, choices: list[str] | None = None) -> dict[str, Any]:
    """An option that is a list of texts."""
    option: dict[str, Any] = {"type": "list", "elements": "str", "default": default}
    return dict(option, choices=choices) if choices else option


OPTIONS: dict[str, dict[str, Any]] = {
    "source": {"type": "path", "required": True},
    "package": {"type": "str", "default": "."},
    "name": {"type": "str"},
    "dest": {"type": "path", "required": True},
    "targets": _texts(),
    "version": {"type": "str"},
    "stamp": {"type": "dict", "default": {}},
    "ldflags": _texts(["-s", "-w"]),
    "gcflags": _texts([]),
    "flags": _texts([]),
    "tags": _texts([]),
    "trimpath": {"type": "bool", "default": True},
    "cgo": {"type": "bool", "default": False},
    "cgo_stubs": {"type": "str", "choices": ["refuse", "warn", "ignore"], "default": "refuse"},
    "static": {"type": "str", "choices": ["require", "warn", "ignore"], "default": "require"},
    "mod": {"type": "str", "choices": ["readonly", "vendor", "mod"], "default": "readonly"},
    "workspace": {"type": "bool", "default": False},
    "pgo": {"type": "str", "default": "auto"},
    "max_size": {"type": "str"},
    "upx": {"type": "bool", "default": False},
    "upx_args": _texts(["-9"]),
    "embed": _texts([]),
    "gates": _texts([], ["vet", "test", "govulncheck"]),
    "vulnerabilities": {"type": "dict", "default": {}, "options": vulnerabilities.OPTIONS},
    "go": {"type": "str", "default": "go"},
    "goproxy": {"type": "str"},
    "goprivate": _texts(),
    "gosumdb": {"type": "str"},
    "offline": {"type": "bool", "default": False},
    # names only: no_log says that this is no password
    "pass_environment": dict(_texts([]), no_log=False),
    "gocache": {"type": "path"},
    "gomodcache": {"type": "path"},
    "environment": {"type": "dict", "default": {}},
    "force": {"type": "bool", "default": False},
    "jobs": {"type": "int"},
}
# Options that the playbooks set from a variable of their own.
VARIABLES = {
    "source": "slipway_source",
    "name": "slipway_app",
    "dest": "slipway_dist",
    "targets": "slipway_targets",
    "version": "slipway_version",
    "stamp": "slipway_stamp",
}
