# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules whose options an action plugin checks: sanity tests do not compare those with the documentation."""

from __future__ import annotations

import importlib

import pytest
import yaml

COLLECTION = "ansible_collections.slipway.golang.plugins."
# Options that a documentation fragment describes.
SERVICE = {"name", "root"}
FRAGMENTS = {
    "release": {"unit", "health"},
    "release_info": SERVICE | {"health"},
    "lease": SERVICE,
    "run": SERVICE,
    "logs": SERVICE,
    "manifests": set(),
    "profile": SERVICE,
    "pgo_measure": {"unit", "health"},
    "release_metrics": SERVICE,
}


@pytest.mark.parametrize("name", sorted(FRAGMENTS))
def test_the_documentation_describes_the_options_as_they_are_checked(name):
    checked = importlib.import_module(COLLECTION + "action." + name).ARGUMENTS
    text = importlib.import_module(COLLECTION + "modules." + name).DOCUMENTATION
    described = yaml.safe_load(text)["options"]
    assert set(described) | FRAGMENTS[name] == set(checked)
    for option, documentation in described.items():
        for key in ("type", "elements", "default", "choices", "required"):
            assert documentation.get(key) == checked[option].get(key), (option, key)
