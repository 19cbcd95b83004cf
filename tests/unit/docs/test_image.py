# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page about images: its examples are taken, and what it lists is what there is."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.module_utils.builder.image import make, options, registry
from ansible_collections.slipway.golang.plugins.plugin_utils import variables

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "how-to" / "make-an-image.md").read_text(encoding="utf-8")
VARIABLES = (DOCS / "reference" / "variables.md").read_text(encoding="utf-8")
OUTCOMES = (DOCS / "reference" / "outcomes.md").read_text(encoding="utf-8")
EXAMPLES = [
    yaml.safe_load(block)["slipway_image"] for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.S | re.M)
]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_every_example_is_taken(example):
    taken = variables.setting("slipway_image", example, "/inventory")
    assert set(taken) == set(example)


def test_there_are_examples():
    assert len(EXAMPLES) > 4


def test_paths_begin_in_the_directory_of_the_inventory():
    digest = "sha256:" + "0" * 64
    given = {"base": "./base.oci.tar@" + digest, "ca_certificates": "ca.pem", "ca_file": "registry.pem"}
    assert variables.setting("slipway_image", given, "/inventory") == {
        "base": "/inventory/base.oci.tar@" + digest,
        "ca_certificates": "/inventory/ca.pem",
        "ca_file": "/inventory/registry.pem",
    }


def test_the_page_of_variables_has_every_key():
    section = VARIABLES.split("| key of `slipway_image` |")[1].split("\n\n")[0]
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (.*?) \|", section, re.M))
    assert set(rows) == set(options.OPTIONS)
    for key in ("base", "user", "stop_signal", "compression_level", "oras", "ca_certificates"):
        assert rows[key] == "`%s`" % options.OPTIONS[key]["default"]


def test_the_outcomes_are_those_of_the_module():
    section = OUTCOMES.split("## Of an image")[1].split("## ")[0]
    outcomes = [make.BUILT, make.UNCHANGED, make.PUSHED, make.REFUSED]
    for text in (section, PAGE.split("| outcome | what it means |")[1].split("\n\n")[0]):
        assert re.findall(r"^\| `([a-z]+)` \|", text, re.M) == outcomes


def test_the_version_of_oras_is_the_one_that_is_tested():
    assert "oras@" + registry.VERSION in PAGE
