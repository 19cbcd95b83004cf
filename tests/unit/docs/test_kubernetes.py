# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page about Kubernetes: its examples are taken, and its tables have what there is."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.action import manifests
from ansible_collections.slipway.golang.plugins.plugin_utils import kubernetes_options, variables
from ansible_collections.slipway.golang.plugins.plugin_utils.manifests import refusals

from ..plugins.plugin_utils.manifests.services import SMALL, request, texts
from ..plugins.plugin_utils.manifests.test_refusals import UNIT

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "how-to" / "kubernetes.md").read_text(encoding="utf-8")
VARIABLES = (DOCS / "reference" / "variables.md").read_text(encoding="utf-8")
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.S | re.M)]
INVENTORY, PLAYBOOK, *REST = BLOCKS
OF_THE_INVENTORY = INVENTORY["clusters"]["vars"]


def test_the_inventory_of_the_page_gives_manifests():
    assert variables.read(OF_THE_INVENTORY, lambda value: value, "/inventory")[1] == []
    assert "ingress.yaml" in texts(OF_THE_INVENTORY)


def test_the_task_of_the_page_has_options_that_the_module_knows():
    (task,) = PLAYBOOK[0]["tasks"]
    assert set(task["slipway.golang.manifests"]) <= set(manifests.ARGUMENTS)


@pytest.mark.parametrize("block", REST, ids=str)
def test_every_other_example_is_taken_with_it(block):
    more = block["slipway_kubernetes"]
    kept = {key: value for key, value in OF_THE_INVENTORY["slipway_kubernetes"].items() if key not in more}
    assert request(dict(OF_THE_INVENTORY, slipway_kubernetes=kept), **more)


def test_the_page_of_variables_has_every_key_and_its_default():
    section = VARIABLES.split("| key of `slipway_kubernetes` |")[1].split("\n\n")[0]
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (.*?) \|", section, re.M))
    assert set(rows) == set(kubernetes_options.OPTIONS)
    for key, default in kubernetes_options.DEFAULTS.items():
        value = default["min"] if key == "replicas" else default
        shown = value if isinstance(value, str) else yaml.safe_dump(value).splitlines()[0]
        assert rows[key] == "`%s`" % shown, key


def test_the_page_has_every_option_of_a_unit_that_is_refused():
    section = PAGE.split("## What a pod cannot have")[1].split("\n\n")[2]
    for dummy, option, _remedy in UNIT:
        assert option.partition(".")[0] in section, option


def test_the_page_names_options_without_meaning_as_they_are():
    named = re.search(
        r"and that do no harm, are listed in `notes` of the result: (.*?) and so on", PAGE, re.S
    )[1]
    assert set(re.findall(r"`(\w+)`", named)) <= set(refusals.WITHOUT_MEANING)


def test_the_name_of_a_secret_looks_as_on_the_page():
    name = request(dict(SMALL, slipway_env={"A": "b"})).secret_environment.name
    shown = re.search(r"`(orders-env-[0-9a-f]+)`", PAGE)[1]
    assert re.sub("[0-9a-f]{10}$", "", name) == re.sub("[0-9a-f]{10}$", "", shown)
