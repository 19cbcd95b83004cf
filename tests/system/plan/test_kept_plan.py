# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan that is kept in a file: carried out as it is, or refused with what moved, and nothing is changed.

What each field of the file does is in the unit tests of plugin_utils/rollout.py.
"""

from __future__ import annotations

import json

import pytest

from .conftest import kept

KEPT = {"slipway_env": {"RELEASE": "kept"}}


@pytest.fixture(scope="module")
def plan(live):
    """The file of a plan that is still to be carried out."""
    path = live.directory / "deploy.plan.json"
    live.sure("plan", slipway_plan=str(path), **KEPT)
    return path


def without_a_host(text):
    plan = json.loads(text)
    plan["hosts"].pop()
    return json.dumps(plan)


def other_artifact(text):
    plan = json.loads(text)
    plan["hosts"][0]["artifact"] = "0" * 64
    return json.dumps(plan)


@pytest.mark.parametrize(
    "alter, variables, said",
    [
        (lambda text: text[:-3], {}, "it is not JSON"),
        (lambda text: text.replace('"format": 1', '"format": 2'), {}, "it is no plan that this version"),
        (without_a_host, {}, "was not in it"),
        (other_artifact, {}, "artifact was " + "0" * 64),
        (str, {"slipway_waves": [1]}, "the waves are others"),
        (str, {"slipway_env": {"RELEASE": "other"}}, "to was "),
        (None, {}, "Make it first with slipway.golang.plan"),
    ],
    ids=["not JSON", "other format", "host missing", "artifact", "waves", "release", "no file"],
)
def test_a_deploy_of_another_plan_is_refused_and_changes_nothing(alter, variables, said, plan, live, hosts):
    altered = plan.with_name("altered.json")
    altered.unlink(missing_ok=True)
    if alter:
        altered.write_text(alter(plan.read_text()))
    before = kept(hosts, ["shop"])
    ran = live.refused("deploy", slipway_plan=str(altered), **{**KEPT, **variables})
    assert said in ran.said and "Nothing was changed" in ran.said
    assert kept(hosts, ["shop"]) == before


def test_the_plan_that_was_kept_is_carried_out_once(plan, live, hosts):
    text = plan.read_text()
    ran = live.sure("deploy", slipway_plan=str(plan), **KEPT)
    planned = {row["host"]: row["to"] for row in json.loads(text)["hosts"]}
    assert {host: row["to"] for host, row in ran.rows.items()} == planned
    assert plan.read_text() == text
    before = kept(hosts, ["shop"])
    again = live.refused("deploy", slipway_plan=str(plan), **KEPT)
    assert "web1: outcome was change, and is unchanged" in again.said
    assert kept(hosts, ["shop"]) == before
