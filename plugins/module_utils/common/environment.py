# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment file of a release: KEY="value" lines as systemd's EnvironmentFile= reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from . import names, placeholders
from .errors import InvalidInput

THE_PORT = "{port}"
_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f]"
_SPECIAL = re.compile(r'(["\\`$])')
_LINE = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)"\n', re.DOTALL)


def render(variables: Mapping[str, object]) -> str:
    """The file's text for a dict of variables: sorted and quoted, so that no value can end its own quotes."""
    return "".join(
        '%s="%s"\n' % (key, _SPECIAL.sub(r"\\\1", _text(key, variables[key]))) for key in sorted(variables)
    )


def parse(text: str) -> dict[str, str]:
    """The variables of a file that ``render`` wrote."""
    return {match[1]: re.sub(r"\\(.)", r"\1", match[2], flags=re.DOTALL) for match in _LINE.finditer(text)}


def check(variables: dict[str, object], field: str = "environment") -> dict[str, object]:
    """Names and values that can go into a file; a value is never shown, as it may be a secret."""
    for key, value in variables.items():
        if not isinstance(key, str) or not names.VARIABLE.fullmatch(key):
            raise InvalidInput(
                field, key, "a variable's name is a letter or '_', then letters, digits or '_'"
            )
        if re.search(_CONTROL, _text(key, value)):
            raise InvalidInput(
                field, key, "its value has a control character; put binary secrets into a credential instead"
            )
    return variables


def texts(variables: Mapping[str, object]) -> dict[str, str]:
    """The variables, each as the text that a file has."""
    return {key: _text(key, value) for key, value in variables.items()}


def with_port(variables: dict[str, str], name: str, port: int | None) -> tuple[dict[str, str], int | None]:
    """The variables with `{port}` in the one that has the port, and where the service listens.

    The environment's own word counts, if there is one; a word that is no number stays as it is.
    """
    own = variables.get(name)
    if own is not None and re.fullmatch(r"[1-9][0-9]{0,4}", own):
        port = int(own)
    elif own is not None or port is None:
        return variables, port
    return dict(variables, **{name: THE_PORT}), port


def fill(variables: Mapping[str, str], port: str | None = None, config: str | None = None) -> dict[str, str]:
    """The variables with `{port}` and `{config}` filled in."""
    return {key: placeholders.fill(value, port=port, config=config) for key, value in variables.items()}


def _text(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise InvalidInput(
        "environment", key, "its value is a %s; give a string or a number" % type(value).__name__
    )
