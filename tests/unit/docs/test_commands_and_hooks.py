# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the pages about migrations, one-off commands and hooks are ones that Slipway accepts."""

from __future__ import annotations

import pathlib
import re
import shlex

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.action import run
from ansible_collections.slipway.golang.plugins.plugin_utils import variables

COOKBOOK = pathlib.Path(__file__).resolve().parents[3] / "docs" / "how-to" / "cookbook"
PAGES = ("migrations", "one-off-commands", "hooks")


def blocks(page, language):
    text = (COOKBOOK / (page + ".md")).read_text(encoding="utf-8")
    return re.findall(r"^```%s\n(.*?)^```" % language, text, re.MULTILINE | re.DOTALL)


def extra_variables(words):
    """The variables that the options -e of a command line set."""
    found = {}
    for option, value in zip(words, words[1:]):
        if option == "-e" and value.startswith("{"):
            found.update(yaml.safe_load(value))
        elif option == "-e":
            found.update(word.split("=", 1) for word in shlex.split(value))
    return found


def read(given):
    return variables.read(dict(given, slipway_app="orders"), lambda value: value, "/inventory")


@pytest.mark.parametrize("page", PAGES)
def test_the_variables_of_a_page_are_accepted(page):
    examples = [yaml.safe_load(block) for block in blocks(page, "yaml")]
    examples = [example for example in examples if isinstance(example, dict)]
    assert examples or page == "one-off-commands"
    for example in examples:
        assert all(name.startswith("slipway_") for name in example) and read(example)[1] == []


def test_the_commands_of_the_page_run_what_they_say():
    lines = [line[2:] for block in blocks("one-off-commands", "console") for line in block.splitlines()]
    commands = []
    for line in lines:
        values, problems = read(extra_variables(shlex.split(line)))
        assert problems == [] and line.startswith("ansible-playbook slipway.golang.run ")
        commands.append(values["slipway_command"])
    assert commands == [
        ["migrate", "status"],
        ["user", "add", "--admin", "ann"],
        ["cache", "clear"],
        ["reindex"],
    ]


def test_the_task_of_the_page_has_options_that_the_module_knows():
    ((task,),) = [yaml.safe_load(block) for block in blocks("one-off-commands", "yaml")]
    assert set(task["slipway.golang.run"]) <= set(run.ARGUMENTS)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_leads_back_to_the_index(page):
    assert "(../../README.md)" in (COOKBOOK / (page + ".md")).read_text(encoding="utf-8")
