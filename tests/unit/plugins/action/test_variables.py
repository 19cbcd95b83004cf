# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.action.variables import _refused
from ansible_collections.slipway.golang.plugins.plugin_utils import variables

SCP = yaml.safe_load(
    (pathlib.Path(__file__).resolve().parents[4] / "playbooks" / "scp.yml").read_text(encoding="utf-8")
)
REFUSED = SCP[0]["vars"]["slipway__refuses"]


def values(**given):
    return variables.read(dict({"slipway_app": "orders"}, **given), lambda value: value, "/")[0]


def test_scp_refuses_nothing_that_is_not_set():
    assert _refused({"web1": values(), "web2": values(slipway_adopt="no")}, REFUSED) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("slipway_strategy", "socket"),
        ("slipway_config", [{"src": "a", "dest": "a"}]),
        ("slipway_migrate", ["up"]),
        ("slipway_allowed_signers", "ci ssh-ed25519 AAAAC3Nz"),
        ("slipway_confirm_within_seconds", "60"),
        ("slipway_on_failure", "revert_all"),
        ("slipway_max_failures", 1),
        ("slipway_drain_tasks", "drain.yml"),
    ],
)
def test_scp_refuses_by_name_what_it_cannot_do(name, value):
    (problem,) = _refused({"web1": values(**{name: value}), "web2": values()}, REFUSED)
    assert problem.startswith(name + " is set") and problem.endswith("(web1)")
    assert REFUSED[name] in problem


def test_every_refused_variable_exists():
    assert set(REFUSED) <= set(variables.VARIABLES)
