# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import re

from ansible_collections.slipway.golang.plugins.plugin_utils import variables

REPO = pathlib.Path(__file__).resolve().parents[3]
# What the playbooks give to task files of the user: docs/how-to/cookbook/hooks.md.
GIVEN = {"slipway_rollout_ok", "slipway_rollout_hosts"}
PUBLIC = re.compile(r"\bslipway_(?!_)[a-z_]*[a-z]\b")


def test_the_page_of_variables_lists_what_the_playbooks_know_and_nothing_else():
    rows = re.findall(
        r"^\| `(slipway_[a-z_]+)` \|",
        (REPO / "docs" / "reference" / "variables.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert sorted(rows) == sorted(variables.VARIABLES)


def test_the_playbooks_read_only_variables_that_are_checked():
    read = {
        name
        for path in (REPO / "playbooks").rglob("*.yml")
        for name in PUBLIC.findall(path.read_text(encoding="utf-8"))
    }
    assert sorted(read - GIVEN - set(variables.VARIABLES)) == []


def test_every_variable_is_read_by_a_playbook_or_on_behalf_of_one():
    readers = [
        *(REPO / "playbooks").rglob("*.yml"),
        REPO / "plugins" / "action" / "variables.py",
        REPO / "plugins" / "plugin_utils" / "fleet.py",
        REPO / "plugins" / "plugin_utils" / "drills.py",
        REPO / "plugins" / "plugin_utils" / "clusters" / "engine.py",
        REPO / "plugins" / "plugin_utils" / "service_options.py",
    ]
    read = {name for path in readers for name in PUBLIC.findall(path.read_text(encoding="utf-8"))}
    assert sorted(set(variables.VARIABLES) - read) == []


def test_the_page_of_hooks_names_what_task_files_are_given():
    page = (REPO / "docs" / "how-to" / "cookbook" / "hooks.md").read_text(encoding="utf-8")
    assert all("`%s`" % name in page for name in GIVEN)


def test_the_readme_names_variables_that_exist():
    page = (REPO / "docs" / "reference" / "variables.md").read_text(encoding="utf-8")
    for name in PUBLIC.findall((REPO / "README.md").read_text(encoding="utf-8")):
        assert "`%s`" % name in page
