# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of an upstream file, and servers that are drained in it."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput, SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import upstream

from .sites import options, server


def test_every_parameter_is_there():
    first, second = server("a:1", weight=2, max_fails=0, fail_timeout=5), server("b:2", backup=True)
    text = upstream.render("orders", options(balance="least_conn", servers=[first, second], domains=[]))
    assert (
        "    least_conn;\n    server a:1 weight=2 max_fails=0 fail_timeout=5s;\n"
        "    server b:2 max_fails=3 fail_timeout=10s backup;\n" in text
    )
    assert "keepalive 32;" in text


def test_draining_marks_one_server_and_undraining_gives_the_same_text_again():
    text = upstream.render(
        "orders",
        options(servers=[server("a:1", weight=2), server("[::1]:2"), server("unix:/run/x.sock")], domains=[]),
    )
    drained = upstream.with_drained(text, "orders", {"[::1]:2": True})
    assert upstream.addresses(drained) == {"a:1": False, "[::1]:2": True, "unix:/run/x.sock": False}
    assert upstream.with_drained(drained, "orders", {"[::1]:2": True}) == drained
    assert upstream.with_drained(drained, "orders", {"[::1]:2": False}) == text


def test_a_drained_server_stays_drained_when_the_file_is_rendered_again():
    chosen = options(servers=[server("a:1"), server("b:2")], domains=[])
    text = upstream.with_drained(upstream.render("orders", chosen), "orders", {"b:2": True})
    assert upstream.render("orders", chosen, upstream.drained(text)) == text


def test_the_last_server_cannot_be_drained():
    text = upstream.render("orders", options(servers=[server("a:1"), server("b:2")], domains=[]), ["a:1"])
    with pytest.raises(SlipwayError, match="b:2 is the last server of orders"):
        upstream.with_drained(text, "orders", {"b:2": True})
    assert upstream.drained(upstream.with_drained(text, "orders", {"b:2": True, "a:1": False})) == ["b:2"]


def test_an_unknown_server_is_reported_with_the_known_ones():
    with pytest.raises(InvalidInput, match="it has a:1"):
        upstream.with_drained(
            upstream.render("orders", options(servers=[server("a:1")], domains=[])),
            "orders",
            {"c:3": True},
        )


def two(*addresses, blue_green=True):
    return options(servers=[server(address) for address in addresses], blue_green=blue_green, domains=[])


def test_each_color_is_an_upstream_of_its_own_without_idle_connections_that_last():
    text = upstream.render("orders", two("a:1", "b:2"))
    blue, green = text.split("upstream slipway_orders_blue {")[1].split("upstream slipway_orders_green {")
    assert "server a:1 " in blue and "server b:2 " in green and text.count("keepalive_timeout 1s;") == 2
    assert upstream.is_blue_green(text) and not upstream.is_blue_green(
        upstream.render("orders", two("a:1", blue_green=False))
    )
