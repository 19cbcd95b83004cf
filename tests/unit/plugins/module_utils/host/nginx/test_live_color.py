# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two instances, and a file that says which of them serves."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput, SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import (
    drain,
    flags,
    live_color,
    plan,
    state,
    template,
    upstream,
)

from .sites import options, server


@pytest.fixture
def host(tmp_path, monkeypatch):
    (tmp_path / "conf.d").mkdir()
    monkeypatch.setattr(template, "DIRECTORY", str(tmp_path))
    monkeypatch.setattr(upstream, "DIRECTORY", str(tmp_path))
    monkeypatch.setattr(flags, "DIRECTORY", str(tmp_path / "slipway"))
    return tmp_path


def two(*addresses, blue_green=True):
    return options(servers=[server(address) for address in addresses], blue_green=blue_green, domains=[])


def serve(host, *addresses):
    (host / "conf.d" / "slipway-orders.upstream.conf").write_text(upstream.render("orders", two(*addresses)))


def test_there_and_back(host):
    assert live_color.live("orders") == "blue"
    for color in ("green", "green", "blue", "blue"):
        live_color.send_to("orders", color)
        assert live_color.live("orders") == color


@pytest.mark.parametrize("live", ["blue", "green"])
def test_a_share_is_of_the_other_instance_and_ends_with_the_switch(host, live):
    live_color.send_to("orders", live)
    assert live_color.share("orders") == 0
    for percent in (1, 50, 5, 25):
        live_color.give_share("orders", percent)
        assert live_color.share("orders") == percent and live_color.live("orders") == live
    live_color.send_to("orders", live_color.other("orders"))
    assert live_color.share("orders") == 0 and live_color.live("orders") != live
    assert [path.name for path in (host / "slipway").iterdir()] == ["orders.green"] * (live == "blue")


def test_a_share_ends_alone_too(host):
    live_color.give_share("orders", 50)
    live_color.end_share("orders")
    assert list((host / "slipway").iterdir()) == []


def test_a_site_that_knows_no_shares_is_refused(host):
    with pytest.raises(SlipwayError, match="cannot give orders a share of the requests"):
        live_color.require_shares("orders")
    text = template.render("orders", two("127.0.0.1:8080", "127.0.0.1:8081"), template.Facts(), "no")
    (host / "conf.d" / "slipway-orders.conf").write_text(text)
    live_color.require_shares("orders")


def test_a_site_without_both_ports_is_refused(host):
    ports = {"blue": 8080, "green": 8081}
    with pytest.raises(SlipwayError, match="does not know the two instances"):
        live_color.require("orders", ports)
    serve(host, "127.0.0.1:8081", "127.0.0.1:8080")
    with pytest.raises(SlipwayError, match="does not know the two instances"):
        live_color.require("orders", ports)
    serve(host, "127.0.0.1:8080", "127.0.0.1:8081")
    live_color.require("orders", ports)


def test_the_green_instance_is_not_dropped_while_it_serves(host):
    serve(host, "a:1", "b:2")
    alone, other = two("a:1", blue_green=False), two("a:1", "b:3")
    for chosen in (alone, other):
        plan.decide("orders", chosen, state.SiteState("orders", chosen))
    live_color.send_to("orders", "green")
    for chosen in (alone, other):
        with pytest.raises(InvalidInput, match="the green instance, b:2, serves now"):
            plan.decide("orders", chosen, state.SiteState("orders", chosen))
    both = two("a:1", "b:2")
    plan.decide("orders", both, state.SiteState("orders", both))


def test_its_servers_cannot_be_drained_by_hand(host):
    serve(host, "a:1", "b:2")
    with pytest.raises(InvalidInput, match="its site has blue_green"):
        drain.decide("orders", {"a:1": True})
