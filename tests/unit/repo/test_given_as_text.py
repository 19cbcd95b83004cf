# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values from ``-e`` or an INI inventory are text, and so is what templates return before ansible-core 2.19.

Roles and playbooks convert a value at every use, or hand it as a whole to an option of a module, which does.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput
from ansible_collections.slipway.golang.plugins.plugin_utils.kinds import Place
from ansible_collections.slipway.golang.plugins.plugin_utils.variables import VARIABLES

ROOT = Path(__file__).resolve().parents[3]
FILTERS = {
    "bool": r"bool\b",
    "int": r"(int|float)\b",
    "float": r"float\b",
    "structure": r"slipway\.golang\.(controller_path|environment_script)\b",
}
DEFAULT = r"( \| default\([^()]*\))?"
CONDITIONS = ("when", "failed_when", "changed_when", "until", "that")
# Injected names of facts; ansible_facts[...] works with INJECT_FACTS_AS_VARS off, too.
FACT = re.compile(
    r"(?<![\w.'\"])ansible_(all_ipv[46]|architecture|date_time|default_ipv[46]|distribution|dns|env|fqdn|hostname|kernel|local"
    r"|machine|memtotal|mounts|os_family|pkg_mgr|processor|python_version|selinux|service_mgr|system|user_id|user_dir)\w*"
)
FILES = sorted(
    path
    for folder in ("playbooks", "roles", "molecule")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".yml", ".j2") and path.is_file()
)


def options_of_roles():
    for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].values():
            for name, option in entry.get("options", {}).items():
                if option["type"] in FILTERS:
                    yield path.parents[1], name, option["type"]


def kind_of(variable):
    """What the table of the variables makes of a text."""
    if isinstance(variable.default, bool):
        return "bool"
    for text, kind, types in (("8", "int", int), ("[]", "structure", list), ("{}", "structure", dict)):
        try:
            if isinstance(variable.read(text, Place("/")), types):
                return kind
        except (ValueError, InvalidInput):
            continue
    return None


def unconverted(path, name, kind):
    """The expressions of a file that use a name as it was given."""
    port = r"%s%s \| slipway\.golang\.service_port|service_port\(%s%s\)" % ((name, DEFAULT) * 2)
    setting = r"slipway\.golang\.setting\('%s'" % name
    known = [
        r"%s%s \| (%s|%s)" % (name, DEFAULT, FILTERS[kind], setting),
        port,
        r"%s is (not )?defined" % name,
    ]
    if kind != "structure":  # handed on as a whole
        known.append(r"\{\{ ([\w.]+ \| default\()?%s%s\)? \}\}" % (name, DEFAULT))
    for code in expressions(path):
        if re.search(r"\b%s\b" % name, re.sub("|".join(known), "", code)):
            yield "%s: %s" % (path.relative_to(ROOT), code)


def expressions(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".j2":
        return re.findall(r"\{[{%].*?[%}]\}", text)
    return list(in_yaml(yaml.safe_load(text)))


def in_yaml(value, key=""):
    if isinstance(value, dict):
        for name, item in value.items():
            yield from in_yaml(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from in_yaml(item, key)
    elif isinstance(value, str):
        yield from [value] if key in CONDITIONS else re.findall(r"\{\{.*?\}\}", value, re.DOTALL)


@pytest.mark.parametrize("role, name, kind", list(options_of_roles()), ids=lambda value: str(value)[-40:])
def test_a_role_converts_its_options(role, name, kind):
    files = [path for folder in ("tasks", "templates", "vars") for path in (role / folder).rglob("*.*")]
    assert [line for path in files for line in unconverted(path, name, kind)] == []


@pytest.mark.parametrize("name", sorted(name for name in VARIABLES if kind_of(VARIABLES[name])))
def test_the_playbooks_convert_their_variables(name):
    files = sorted((ROOT / "playbooks").rglob("*.yml"))
    assert [line for path in files for line in unconverted(path, name, kind_of(VARIABLES[name]))] == []


def test_facts_are_read_from_ansible_facts():
    found = [
        "%s: %s" % (path.relative_to(ROOT), match[0])
        for path in FILES
        for match in FACT.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []
