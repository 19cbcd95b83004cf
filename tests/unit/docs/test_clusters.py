# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages about clusters and GitOps: their inventories are taken, and what they say of names is so."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.plugin_utils import gitops_options, service_options, variables
from ansible_collections.slipway.golang.plugins.plugin_utils.clusters import gitops, releases
from ansible_collections.slipway.golang.plugins.plugin_utils.manifests.request import Request

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
PAGES = {name: (DOCS / "how-to" / name).read_text(encoding="utf-8") for name in ("clusters.md", "gitops.md")}


def services(page):
    """The variables of each host in the page's inventory."""
    (block,) = re.findall(r"^```yaml\n(.*?)^```", PAGES[page], re.S | re.M)
    group = yaml.safe_load(block)["clusters"]
    return [dict(group["vars"], **own) for own in group["hosts"].values()]


def release(given):
    values = service_options.of_manifests({"from_variables": True}, given, lambda value: value)
    return releases.of_request(Request(values))


@pytest.mark.parametrize("page", PAGES)
def test_the_inventory_of_the_page_is_taken(page):
    for given in services(page):
        assert variables.read(given, lambda value: value, "/inventory")[1] == []
        assert release(given).version == "1.4.2"


def test_what_goes_into_a_repository_has_no_secret():
    (given,) = services("gitops.md")
    gitops._refuse_secrets(release(given))


def test_names_are_as_on_the_page():
    found = release(services("clusters.md")[0])
    assert (
        releases.record_name(found).startswith("orders-release-")
        and "`orders-release-…`" in PAGES["clusters.md"]
    )
    shown = re.search(r"The commit is `orders 1\.4\.2 \(1\.4\.2-[0-9a-f]{12}\)`", PAGES["gitops.md"])
    assert shown


def test_the_page_of_variables_has_every_key_of_slipway_gitops():
    text = (DOCS / "reference" / "variables.md").read_text(encoding="utf-8")
    section = text.split("| key of `slipway_gitops` |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `([a-z_]+)` \|", section, re.M)) == set(gitops_options.OPTIONS)
