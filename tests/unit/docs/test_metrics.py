# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages about metrics: their examples are taken, and what they list is what there is."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.module_utils.host.releases import metrics
from ansible_collections.slipway.golang.plugins.plugin_utils import metrics_options, variables

from ..plugins.plugin_utils.observe.services import FULL, alerts, files

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
METRICS = (DOCS / "how-to" / "metrics.md").read_text(encoding="utf-8")
DASHBOARD = (DOCS / "how-to" / "dashboard.md").read_text(encoding="utf-8")
VARIABLES = (DOCS / "reference" / "variables.md").read_text(encoding="utf-8")


def blocks(page):
    for block in re.findall(r"^ *```yaml\n(.*?)^ *```", page, re.S | re.M):
        # A block may show several ways to set one variable.
        parts = block.splitlines() if block.count("slipway_metrics:") > 1 else [block]
        yield from (yaml.safe_load(part) for part in parts)


def given(value):
    """Every slipway_metrics in a block, wherever it is."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "slipway_metrics":
                yield item
            else:
                yield from given(item)


EXAMPLES = [item for page in (METRICS, DASHBOARD) for block in blocks(page) for item in given(block)]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_every_example_is_taken(example):
    assert variables.setting("slipway_metrics", example, "/inventory") == example


def test_there_are_examples():
    assert len(EXAMPLES) > 5


def test_the_page_of_variables_has_every_key():
    section = VARIABLES.split("| key of `slipway_metrics` |")[1].split("\n\n")[0]
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (.*?) \|", section, re.M))
    assert set(rows) == set(metrics_options.OPTIONS)
    for key in ("objective", "slower_than", "min_requests", "listen"):
        default = metrics_options.OPTIONS[key]["default"]
        assert rows[key] == "`%s`" % (default if isinstance(default, str) else "%g" % default)
    assert rows["textfile"] == "`%s`" % metrics.DIRECTORY
    assert str(metrics_options.PROXY_PORT) in section


def test_the_page_has_every_metric_of_a_release():
    listed = re.findall(r"^\| `(slipway_\w+)` \| (.*?) \|", METRICS, re.M)
    assert [name for name, _labels in listed] == list(metrics._HELP)


def test_the_page_has_every_alert_and_who_is_called():
    listed = re.findall(r"^\| `(Orders\w+)` \|", METRICS, re.M)
    rules = alerts(**FULL)
    assert listed == list(rules)
    pages = [
        name.replace("Orders", "") for name, rule in rules.items() if rule["labels"]["severity"] == "page"
    ]
    assert "Down, Restarting, Errors and Slow have the label `severity: page`" in METRICS
    assert sorted(pages) == sorted(["Down", "Restarting", "Errors", "Slow"])


def test_the_page_has_every_panel():
    section = DASHBOARD.split("## What is on it")[1].split("\n\n")[1]
    titles = {panel["title"] for panel in files(**FULL)["dashboard"]["panels"]}
    named = {title for row in re.findall(r"^\| (.*?) \|", section, re.M) for title in row.split(", ")}
    assert {title for title in titles if title.split(", ")[0] not in named} == set()


def test_the_files_that_the_page_names_are_those_of_the_role():
    role = yaml.safe_load(
        (DOCS.parent / "roles" / "monitoring" / "vars" / "main.yml").read_text(encoding="utf-8")
    )
    paths = [entry["path"].replace("{{ monitoring_app }}", "orders") for entry in role["__monitoring_paths"]]
    listed = re.findall(r"^\| `(\w+/orders\.\w+)` \|", METRICS, re.M)
    assert sorted(listed) == sorted(paths)
