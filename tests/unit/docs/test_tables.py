# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans and outcomes in the docs look as those that are printed today."""

from __future__ import annotations

import pathlib
import re

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils import tables

ROOT = pathlib.Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def printed():
    """Each table in the docs that has the columns of a plan or of an outcome: page, and its lines."""
    for page in PAGES:
        for block in re.findall(r"^```\w*\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M):
            for table in re.findall(r"^ *HOST +FROM +TO .*(?:\n.+)*", block, re.M):
                yield pytest.param(table.splitlines(), id="%s-%s" % (page.stem, table.split("\n")[1][:20]))


@pytest.mark.parametrize("lines", list(printed()))
def test_the_table_has_the_columns_of_today_and_their_widths(lines):
    columns = tables.PLAN_COLUMNS if "SEND" in lines[0] else tables.OUTCOME_COLUMNS
    # An empty first cell, as the heading of a plan has, is only space.
    rows = [["", *line.split()] if line.startswith(" ") else line for line in lines]
    rows = [re.split(r" {2,}", row) if isinstance(row, str) else row for row in rows]
    rows[0] = list(columns)
    assert tables.table(rows) == lines


def test_the_docs_have_plans_and_outcomes():
    headings = [param.values[0][0] for param in printed()]
    assert any("SEND" in heading for heading in headings) and len(headings) > 4
