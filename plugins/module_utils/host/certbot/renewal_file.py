# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certbot's renewal file of a lineage: the part of the configobj format that certbot itself writes."""

from __future__ import annotations

import re

from ...common.errors import SlipwayError

PARAMETERS = "renewalparams"
_SECTION = re.compile(r"(\[+)\s*(.*?)\s*(\]+)\s*(#.*)?")
_PAIR = re.compile(r"""("[^"]*"|'[^']*'|[^\s="'#\[][^=]*?)\s*=\s*(.*)""")
_ITEM = re.compile(r"""\s*("[^"]*"|'[^']*'|[^,"'#]*?)\s*(,|$|\s#.*|#.*)""")
_HOOK_LINE = re.compile(r"\s*renew_hook\s*=")


def parse(text):
    """{section: {key: value}}; "" is the part before the first section. A value with commas is a list."""
    sections, current = {"": {}}, ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        section, pair = _SECTION.fullmatch(stripped), _PAIR.fullmatch(stripped)
        if section and len(section.group(1)) == len(section.group(3)):
            current = _unquoted(section.group(2))
            sections.setdefault(current, {})
        elif pair:
            sections[current][_unquoted(pair.group(1))] = _value(pair.group(2), number)
        else:
            raise SlipwayError("line %d is neither a section nor a setting" % number)
    return sections


def with_hook(text, hook):
    """The same file with this deploy hook, or with none: the only setting that needs no new certificate."""
    lines = [line for line in text.splitlines() if not _HOOK_LINE.match(line)]
    if hook:
        start = next(
            number for number, line in enumerate(lines) if line.strip().startswith("[%s]" % PARAMETERS)
        )
        later = (
            number for number, line in enumerate(lines) if number > start and line.strip().startswith("[")
        )
        lines.insert(next(later, len(lines)), "renew_hook = " + hook)
    return "".join(line + "\n" for line in lines)


def _value(text, number):
    """One value, or a list of them."""
    items, at, listed = [], 0, False
    while at < len(text):
        match = _ITEM.match(text, at)
        if not match:
            raise SlipwayError("line %d has a value that cannot be read" % number)
        listed = listed or match.group(2) == ","
        items.append(_unquoted(match.group(1)))
        at = match.end() if match.group(2) == "," else len(text)
    if not listed:
        return items[0] if items else ""
    return items[:-1] if items[-1] == "" else items


def _unquoted(text):
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
