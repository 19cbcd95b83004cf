# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import unit
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput
from ansible_collections.slipway.golang.plugins.module_utils.common.strategies import STRATEGIES, units
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import strategies
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.layout import Layout


def request(**given):
    return SimpleNamespace(
        **dict(
            {
                "app": "orders",
                "layout": Layout("orders"),
                "unit": {},
                "port": 8080,
                "port_variable": "PORT",
                "template": {"PORT": "{port}"},
            },
            **given,
        )
    )


PARTS = (
    "units",
    "serving",
    "services",
    "port",
    "leftovers",
    "shared",
    "retire_leftovers",
    "route_to_adopted",
    "require",
    "planned",
    "go_live",
    "put_back",
)
FILES = sorted(path.stem for path in pathlib.Path(strategies.__file__).parent.glob("[a-z]*.py"))


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_a_strategy_of_its_own_name_with_all_that_a_deploy_calls(name):
    strategy = strategies.load(name)
    assert name == strategy.NAME
    assert all(callable(getattr(strategy, part)) for part in PARTS)
    assert name in strategy.REPLACES


def test_the_units_of_an_app_are_those_of_all_strategies():
    every = {unit_name for name in FILES for unit_name in strategies.load(name).services("orders")}
    assert set(units("orders")) == every


def test_before_the_first_deploy_the_serving_unit_is_that_of_restart():
    for name in FILES:
        strategy, layout = strategies.load(name), Layout("orders", "/nonexistent/orders")
        assert strategy.serving(layout) == "orders.service"
        assert strategy.port(layout) is None


def test_the_instances_of_blue_green_share_one_template_and_differ_by_what_systemd_puts_in():
    (name, parts), *others = (
        strategies.load("blue_green").units(request(unit={"exec_args": ["100%"]})).items()
    )
    text = unit.render(parts)
    assert (name, others) == ("orders@.service", [])
    assert "ExecStart=/opt/orders/%i/bin/orders 100%%\n" in text
    assert "EnvironmentFile=/opt/orders/%i/environment\nEnvironmentFile=/opt/orders/%i.port\n" in text
    assert "@instance@" not in text


def test_each_instance_of_blue_green_has_a_directory_for_its_sockets():
    """What one instance leaves there, or removes when it ends, is not of the other."""
    text = unit.render(
        strategies.load("blue_green").units(request(unit={"proxy_user": "www-data"}))["orders@.service"]
    )
    assert "RuntimeDirectory=orders@%i\n" in text and "RuntimeDirectoryPreserve" not in text
    assert "StateDirectory=orders\n" in text
    assert '"a+ /run/orders@%i - - - - user:www-data:x,default:user:www-data:rwx"' in text
    lines = unit.transient(unit.parse(text), suffix="-run-1")
    assert "RuntimeDirectory=orders-run-1" in lines


def test_each_instance_of_blue_green_reads_its_own_port_and_configuration():
    load = strategies.load("blue_green")
    arguments = {"exec_args": ["-addr", ":{port}", "{config}/a"]}
    text = unit.render(load.units(request(unit=arguments))["orders@.service"])
    assert '/bin/orders -addr ":${PORT}" /opt/orders/%i.config/a\n' in text
    assert "%i.environment" not in text
    text = unit.render(load.units(request(template={"PORT": "{port}", "A": ":{port}"}))["orders@.service"])
    assert "=/opt/orders/%i.port\nEnvironmentFile=-/opt/orders/%i.environment\n" in text


@pytest.mark.parametrize("name", ["restart", "socket"])
def test_one_instance_reads_what_current_names(name):
    arguments = {"exec_args": ["-addr", ":{port}", "-c={config}/a"]}
    text = unit.render(
        strategies.load(name).units(request(unit=arguments, port_variable="LISTEN"))["orders.service"]
    )
    assert '/bin/orders -addr ":${LISTEN}" -c=/opt/orders/current/config/a\n' in text


def test_the_socket_owns_the_port_and_the_service_requires_it():
    units = strategies.load("socket").units(request())
    assert sorted(units) == ["orders.service", "orders.socket"]
    assert "ListenStream=8080\n" in unit.render(
        units["orders.socket"]
    ) and "TriggerLimitIntervalSec=0\n" in unit.render(units["orders.socket"])
    assert "Requires=orders.socket\nAfter=orders.socket\n" in unit.render(units["orders.service"])
    with pytest.raises(InvalidInput, match="port"):
        strategies.load("socket").units(request(port=None))


def test_the_table_names_every_strategy():
    assert sorted(STRATEGIES) == FILES


@pytest.mark.parametrize(
    "name", ["rolling", "", "../deploy", "..deploy", "os", "Restart", "__init__", "restart.x"]
)
def test_anything_else_is_refused(name):
    with pytest.raises(InvalidInput, match="strategy: "):
        strategies.load(name)
