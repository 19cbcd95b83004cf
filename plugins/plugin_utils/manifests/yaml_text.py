# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An object as YAML that is the same text for the same object, and that every reader takes for the same.

Readers of YAML differ in which plain words they take for numbers, dates or booleans. So a text is quoted
unless it is a word that nobody could take for anything else.
"""

from __future__ import annotations

import re

import yaml

from ...module_utils.common.errors import InvalidInput

_PLAIN = re.compile(r"(?:[A-Za-z][A-Za-z0-9._/@-]*(?::[A-Za-z0-9._/@-]+)*|/[A-Za-z0-9._/@-]*)")
_NOT_TEXT = re.compile(r"y|n|yes|no|on|off|true|false|null|nan|inf|infinity", re.IGNORECASE)
# Lines that a reader leaves as they are.
_LINES = re.compile(r"(?:[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\n)+[^\x00-\x1f\x7f-\x9f\u2028\u2029]*")
_NOT_UTF_8 = re.compile("[\ud800-\udfff]")
_WIDE = 1 << 20  # a text is one line, however long: a folded one changes in several


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, dummy):
        return True


def _text(dumper, value):
    plain = _PLAIN.fullmatch(value) and not _NOT_TEXT.fullmatch(value)
    style = None if plain else "|" if _LINES.fullmatch(value) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def render(value: object) -> str:
    """Keys are in the order of the object: those that say what it is come first."""
    return yaml.dump(
        plain(value),
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=False,
        allow_unicode=True,
        width=_WIDE,
    )


def plain(value: object) -> object:
    """Without the types that Ansible gives to what it has read."""
    if isinstance(value, dict):
        return {_encodable(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return _encodable(value)


def _encodable(value):
    text = str(value)
    if _NOT_UTF_8.search(text):
        raise InvalidInput("slipway_kubernetes", text, "it has half a character, which no file can have")
    return text
