# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page about log shipping says what the role does, and its snippets have the same units."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.plugin_utils import log_target
from jinja2 import Environment

REPO = pathlib.Path(__file__).resolve().parents[3]
PAGE = (REPO / "docs" / "how-to" / "send-logs-elsewhere.md").read_text(encoding="utf-8")
ROLE = REPO / "roles" / "log_shipping"
VARIABLES = yaml.safe_load((ROLE / "vars" / "main.yml").read_text(encoding="utf-8"))
PROGRAM = {
    node.targets[0].id: node.value
    for node in ast.parse((ROLE / "files" / "forward_logs.py").read_text(encoding="utf-8")).body
    if isinstance(node, ast.Assign)
}
AGENTS = dict(
    re.findall(r"^(Vector|Fluent Bit|Filebeat|Alloy):\n\n```\w+\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
)
LISTS = re.findall(r"\['\.service'.*?\]", VARIABLES["__log_shipping_units"])


def units():
    text = "{{ __ | product(endings) | map('join') | list }}"
    environment = Environment()
    environment.filters["product"] = lambda left, right: [(a, b) for a in left for b in right]
    rendered = environment.from_string(text).render(__=["orders"], endings=yaml.safe_load(LISTS[0]))
    return set(yaml.safe_load(rendered))


def test_every_agent_has_a_snippet():
    assert set(AGENTS) == {"Vector", "Fluent Bit", "Filebeat", "Alloy"}
    assert "**These snippets were not run in our tests.**" in PAGE


@pytest.mark.parametrize("agent", sorted(AGENTS))
def test_a_snippet_has_the_units_that_the_role_sends(agent):
    assert set(re.findall(r"orders(?:@\w+)?\.service", AGENTS[agent])) == units() != set()


def test_the_snippets_that_are_yaml_are_yaml():
    (entry,) = yaml.safe_load(AGENTS["Filebeat"])["filebeat.inputs"]
    assert entry["type"] == "journald" and len(entry["units"]) == len(units())


def test_the_page_has_every_option_and_every_kind_of_target():
    options = set(re.findall(r"^\| (.*?) \|", PAGE.split("| option |")[1].split("\n\n")[0], re.MULTILINE))
    assert set(re.findall(r"`(\w+)`", " ".join(options))) == set(log_target.OPTIONS)
    assert all("`%s://" % scheme in PAGE or "`%s`" % scheme in PAGE for scheme in log_target.SCHEMES)


def test_the_page_has_the_fields_that_the_role_adds():
    row = next(line for line in PAGE.splitlines() if line.startswith("| `elasticsearch+https` | the fields"))
    added = {"release", "@timestamp", *ast.literal_eval(PROGRAM["ADDED"])}
    assert added == set(re.findall(r"`([@_A-Za-z]+)`", row.split("Also")[1]))


def test_the_page_has_the_ports_and_limits_of_the_role():
    ports = re.findall(r"'[a-z+]+': (\d+)", VARIABLES["__log_shipping_port"])
    assert sorted(ports) == sorted(
        re.search(r"Without a port it is ([\d, or]+)\.", PAGE)[1].replace(" or", ",").split(", ")
    )
    for name, text in (("BATCH_BYTES", "%d kB of it"), ("LONGEST", "longer than %d kB")):
        value = PROGRAM[name]
        assert isinstance(value.op, ast.LShift)
        kilobytes = (value.left.value << value.right.value) >> 10
        assert text % kilobytes in PAGE
