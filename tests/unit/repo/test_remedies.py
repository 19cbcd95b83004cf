# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host tells the users of the playbooks to change is called as in the playbooks."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest
from ansible_collections.slipway.golang.plugins.action import release
from ansible_collections.slipway.golang.plugins.plugin_utils import variables

PLUGINS = pathlib.Path(__file__).resolve().parents[3] / "plugins"
ROOMS = ("deploy", "deploy/strategies", "observe", "artifact", "releases", "systemd", "system")
FILES = [
    *(path for room in ROOMS for path in sorted((PLUGINS / "module_utils" / "host" / room).glob("*.py"))),
    PLUGINS / "action" / "release.py",
]
# An option of the module that is told to be set, by its bare name.
OPTIONS = "|".join(sorted(set(release.ARGUMENTS) - {"name", "state", "root", "release", "artifact"}))
BARE = re.compile(
    r"(?<!option )\b(?:set|lower|raise|longer|shorter|use|without) (?:a |the )?`?(%s)\b" % OPTIONS
)
NAMED = re.compile(r"\b(slipway_[a-z_]+)\b")


def texts(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value


def docstrings(path):
    nodes = (ast.Module, ast.ClassDef, ast.FunctionDef)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, nodes)}


def messages(path):
    return [text for text in texts(path) if text not in docstrings(path)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PLUGINS)))
def test_no_message_asks_for_an_option_by_its_bare_name(path):
    assert [text for text in messages(path) if BARE.search(text)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PLUGINS)))
def test_every_variable_that_a_message_names_exists(path):
    named = {name for text in messages(path) for name in NAMED.findall(text)}
    assert named <= set(variables.VARIABLES), named - set(variables.VARIABLES)
