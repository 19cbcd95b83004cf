# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dashboard is one that Grafana's own data types accept. That it has data: tests/system/metrics.

Grafana itself is not run here.
"""

from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils.observe import dashboard
from grafana_foundation_sdk.cog import encoder, plugins
from grafana_foundation_sdk.models import dashboard as grafana

from .services import FULL, files

plugins.register_default_plugins()


def board(**given):
    return files(**given)["dashboard"]


def titles(content):
    return [panel["title"] for panel in content["panels"]]


@pytest.mark.parametrize("given", [FULL, {}], ids=["everything", "nothing"])
def test_grafana_reads_it_whole(given):
    """What its types do not know would be gone after a read and a write."""
    content = board(**given)
    read = grafana.Dashboard.from_json(json.loads(json.dumps(content)))
    written = json.loads(encoder.JSONEncoder(sort_keys=True).encode(read))
    assert written["title"] == "orders" and written["uid"] == "slipway-orders"
    assert titles(written) == titles(content)
    for before, after in zip(content["panels"], written["panels"]):
        assert before["type"] == after["type"] and before["gridPos"].items() <= after["gridPos"].items()
        for target, kept in zip(before["targets"], after["targets"]):
            assert target.items() <= kept.items()
    names = [variable["name"] for variable in written["templating"]["list"]]
    assert names == ["datasource", "instance"]
    assert written["annotations"]["list"][0]["name"] == "Deploys"


def test_a_panel_without_its_metrics_is_left_out():
    assert set(titles(board())) < set(titles(board(**FULL)))
    assert "Memory" not in titles(board()) and "Live release" in titles(board())
    assert "Days until the certificate ends" not in titles(board(**dict(FULL, slipway_tls=False)))


def test_panels_have_their_place_and_their_name_alone():
    content = board(**FULL)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in content["panels"]]
    for values in (places, titles(content), [panel["id"] for panel in content["panels"]]):
        assert len(set(values)) == len(values)
    assert all(
        panel["gridPos"]["x"] + panel["gridPos"]["w"] <= dashboard.WIDTH for panel in content["panels"]
    )


def test_deploys_are_marks_and_start_up_time_has_a_panel_for_each_release():
    found = dict(dashboard.expressions(board(**FULL)))
    assert found["Deploys"].startswith("slipway_release_live_since_seconds") and found["Deploys"].endswith(
        "* 1000"
    )
    assert "by (release)" in found["Start-up time per release"]


def test_every_expression_is_of_this_app_or_of_its_units():
    for title, expr in dashboard.expressions(board(**FULL)):
        assert 'app="orders"' in expr or 'name=~"orders(' in expr or expr.startswith("vector("), title


def test_the_limit_of_the_memory_is_drawn():
    found = dashboard.expressions(board(**FULL))
    assert ("Memory", "vector(%d)" % (512 << 20)) in found
