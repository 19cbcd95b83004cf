# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of an image and their defaults, and what each may be. What each means: DOCUMENTATION of the
module.
"""

from __future__ import annotations

import os
import re
from typing import Any, Callable

from ...common import placeholders
from ...common.errors import InvalidInput

SCRATCH, AUTO = "scratch", "auto"
ENGINES = ("docker", "podman", "containerd")
FILES = {
    "src": {"type": "path", "required": True},
    "dest": {"type": "str"},
    "exclude": {"type": "list", "elements": "str", "default": []},
}
GATE = {
    "command": {"type": "list", "elements": "str", "required": True},
    "found": {"type": "list", "elements": "int", "default": [1]},
    "level": {"type": "str", "choices": ["required", "advisory"], "default": "required"},
}
SIGN = {
    # the path of a key, not the key
    "cosign_key": {"type": "path", "required": True, "no_log": False},
    "cosign": {"type": "str", "default": "cosign"},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "base": {"type": "str", "default": SCRATCH},
    "files": {"type": "list", "elements": "dict", "options": FILES},
    "args": {"type": "list", "elements": "str"},
    "labels": {"type": "dict", "default": {}},
    "user": {"type": "str", "default": "65532:65532"},
    "ca_certificates": {"type": "raw", "default": AUTO},
    "time_zones": {"type": "raw", "default": False},
    "stop_signal": {"type": "str", "default": "SIGTERM"},
    "compression_level": {"type": "int", "default": 6},
    "to": {"type": "str"},
    "tags": {"type": "list", "elements": "str", "default": ["{version}"]},
    "moving": {"type": "list", "elements": "str", "default": []},
    "tarballs": {"type": "bool", "default": False},
    "load": {"type": "raw", "default": False},
    "dockerfile": {"type": "bool", "default": False},
    "gate": {"type": "dict", "options": GATE},
    "sign": {"type": "dict", "options": SIGN},
    "oras": {"type": "str", "default": "oras"},
    "registry_config": {"type": "path"},
    "ca_file": {"type": "path"},
    "plain_http": {"type": "bool", "default": False},
}
_DIGEST = re.compile(r"(?P<name>[^@\x00-\x1f]+)@(?P<digest>sha256:[0-9a-f]{64})")
_NAME = r"[A-Za-z0-9][A-Za-z0-9-]*"
_HOST = r"(?:localhost|%s(?:\.%s)+|%s(?=:)|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?" % ((_NAME,) * 3)
_REPOSITORY = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
REPOSITORY = re.compile(r"%s(?:/%s)+" % (_HOST, _REPOSITORY))
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_IN_REGISTRY = re.compile(r"%s(?::%s)?" % (REPOSITORY.pattern, _TAG.pattern))
_FIELD = re.compile(r"\{([^{}]*)\}")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,254}")
_USER = re.compile(r"[1-9][0-9]{0,9}(?::[0-9]{1,10})?")
_SIGNAL = re.compile(r"SIG[A-Z0-9]+(?:[+-][0-9]+)?|[1-9][0-9]?")
_EXIT_CODE = re.compile(r"[1-9]|[1-9][0-9]|1[01][0-9]|12[0-5]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NOT_IN_A_TAG = re.compile(r"[^A-Za-z0-9._-]")


def check(options: dict[str, Any]) -> None:
    """Refuse what no artifact could become an image with; ``options`` are some of the table."""
    for name, value in options.items():
        if value is not None and name in _CHECKS:
            _CHECKS[name](value)


def split_base(value: str) -> tuple[str, str]:
    """Name and digest of a checked base."""
    name, _at, digest = value.rpartition("@")
    return name, digest


def is_layout(name: str) -> bool:
    """Whether a base is a layout on the disk, and not in a registry."""
    return name.startswith(("/", "./", "../", "~"))


def tags(templates: list[str], version: str, commit: str) -> list[str]:
    """Tags, with the placeholders filled in. What a tag cannot have becomes ``_``, as with Helm."""
    values = {"version": version, "commit": commit or "unknown"}

    def fill(found: re.Match[str]) -> str:
        return _NOT_IN_A_TAG.sub("_", values[found[1]])

    return list(dict.fromkeys(_FIELD.sub(fill, template) for template in templates))


def engine(value: object) -> str:
    """Where an image is loaded; "" for nowhere."""
    return "docker" if value is True else str(value or "")


def _base(value: str) -> None:
    if value == SCRATCH:
        return
    found = _DIGEST.fullmatch(value)
    if not found:
        raise InvalidInput(
            "base",
            value,
            "a base is named by its digest, as in docker.io/library/debian@sha256:…, since a tag may be "
            "another image tomorrow: 'oras resolve NAME:TAG' prints it",
        )
    if not is_layout(found["name"]) and not _IN_REGISTRY.fullmatch(found["name"]):
        raise InvalidInput(
            "base",
            value,
            "name its registry, as in docker.io/library/debian@sha256:…; the path of a layout begins with / "
            "or .",
        )


def _to(value: str) -> None:
    if not REPOSITORY.fullmatch(value):
        raise InvalidInput(
            "to",
            value,
            "use a registry and a repository in small letters, as in registry.example.com/shop/orders; tags "
            "are in the option tags",
        )


def _tags(field: str) -> Callable[[list[str]], None]:
    def read(values: list[str]) -> None:
        for value in values:
            unknown = [name for name in _FIELD.findall(value) if name not in ("version", "commit")]
            if unknown:
                raise InvalidInput(
                    field, value, "{%s} is unknown; there are {version} and {commit}" % unknown[0]
                )
            if not _TAG.fullmatch(_FIELD.sub("x", value)):
                raise InvalidInput(
                    field, value, "use letters, digits, '.', '_' and '-', at most 128, as in '{version}'"
                )
        if not values and field == "tags":
            raise InvalidInput(field, values, "use one tag or more, as in ['{version}']")

    return read


def _labels(value: dict[Any, Any]) -> None:
    for key, text in value.items():
        if not isinstance(key, str) or not _LABEL.fullmatch(key):
            raise InvalidInput("labels", key, "use letters, digits, '.', '_', '/' and '-' in its name")
        if isinstance(text, (dict, list)) or _CONTROL.search(str(text)):
            raise InvalidInput("labels." + key, text, "use a text of one line")


def _user(value: str) -> None:
    if not _USER.fullmatch(str(value)):
        raise InvalidInput(
            "user",
            value,
            "use numbers, and not 0, as in 65532:65532: Kubernetes cannot tell a name from root",
        )


def _file_or(field: str, words: str) -> Callable[[object], None]:
    def read(value: object) -> None:
        if not isinstance(value, (bool, str)) or (isinstance(value, str) and _CONTROL.search(value)):
            raise InvalidInput(field, value, "use %s or a path" % words)

    return read


def _ca_certificates(value: object) -> None:
    _file_or("ca_certificates", "auto, false")(value)


def _load(value: object) -> None:
    if not isinstance(value, bool) and value not in ENGINES:
        raise InvalidInput(
            "load", value, "use true, false, %s or %s" % (", ".join(ENGINES[:-1]), ENGINES[-1])
        )


def _signal(value: str) -> None:
    if not _SIGNAL.fullmatch(str(value)):
        raise InvalidInput("stop_signal", value, "use the name of a signal, as in SIGTERM")


def _level(value: int) -> None:
    if not 0 <= value <= 9:
        raise InvalidInput("compression_level", value, "use 0 (none) to 9 (smallest)")


def _args(value: list[str]) -> None:
    for word in value:
        if "\0" in str(word):
            raise InvalidInput("args", word, "it has a NUL character")
        if placeholders.CONFIG in placeholders.used(str(word)):
            raise InvalidInput(
                "args",
                word,
                "configuration files are rendered for hosts, and an image has none: use the arguments of the "
                "container",
            )


def _gate(value: dict[str, Any]) -> None:
    command = value.get("command")
    if not command:
        raise InvalidInput(
            "gate.command", command, "use a command, as in [trivy, image, --input, '{layout}']"
        )
    for code in value.get("found") or []:
        if not _EXIT_CODE.fullmatch(str(code)):
            raise InvalidInput("gate.found", code, "use exit codes from 1 to 125")


def _program(field: str) -> Callable[[str], None]:
    def read(value: str) -> None:
        if not value or value.startswith("-") or _CONTROL.search(value):
            raise InvalidInput(field, value, "use the name or the path of a program")

    return read


def expanded(value: object) -> str:
    """A path of the user's, complete."""
    return os.path.abspath(os.path.expanduser(str(value)))


_CHECKS: dict[str, Callable[[Any], None]] = {
    "base": _base,
    "args": _args,
    "labels": _labels,
    "user": _user,
    "ca_certificates": _ca_certificates,
    "time_zones": _file_or("time_zones", "true, false"),
    "stop_signal": _signal,
    "compression_level": _level,
    "to": _to,
    "tags": _tags("tags"),
    "moving": _tags("moving"),
    "load": _load,
    "gate": _gate,
    "oras": _program("oras"),
    "sign": lambda value: _program("sign.cosign")(value.get("cosign") or "cosign"),
}
