# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of the roles, which may be in the same inventory: Ansible ignores one that is misspelt.

Only a name that is as good as that of a role's variable is a mistake: others may be the user's own.
"""

from __future__ import annotations

import difflib
import functools
import pathlib

import yaml

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
# A result that a role registers for its user, as in certbot_result.
_RESULT = "_result"
_CLOSE, _MORE_LETTERS = 0.9, 2


@functools.lru_cache(maxsize=None)
def roles() -> list:
    """The roles of this collection."""
    return sorted(path.parents[1].name for path in ROLES.glob("*/meta/argument_specs.yml"))


@functools.lru_cache(maxsize=None)
def known(role) -> list:
    """The names of a role's variables. Read only where an inventory may have one: YAML takes its time."""
    text = (ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    specs = yaml.safe_load(text)["argument_specs"]
    return sorted({name for spec in specs.values() for name in spec["options"]})


def problems(given) -> list:
    """Names that a user can only have meant for a role, as sentences."""
    return [
        "%s: the role %s has no such variable; did you mean %s?" % (name, role, meant)
        for role in roles()
        for name in sorted(name for name in given if isinstance(name, str) and name.startswith(role + "_"))
        if name not in known(role) and name != role + _RESULT
        for meant in difflib.get_close_matches(name, known(role), n=1, cutoff=_CLOSE)
        if abs(len(name) - len(meant)) <= _MORE_LETTERS
    ]
