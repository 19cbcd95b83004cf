# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the pages about arguments, ports, files and sockets are ones that Slipway takes."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.module_utils.common import unit
from ansible_collections.slipway.golang.plugins.plugin_utils import combinations, variables

COOKBOOK = pathlib.Path(__file__).resolve().parents[3] / "docs" / "how-to" / "cookbook"
PAGES = ("arguments", "port", "config-files", "state-directory", "unix-socket")
SCREEN = 70


class Loader(yaml.SafeLoader):
    """YAML with Ansible's tag for a text that is no template."""


Loader.add_constructor("!unsafe", yaml.SafeLoader.construct_yaml_str)


def text_of(page):
    return (COOKBOOK / (page + ".md")).read_text(encoding="utf-8")


def examples(page):
    blocks = re.findall(r"```yaml\n(.*?)```", text_of(page), re.DOTALL)
    return [yaml.load(block, Loader) for block in blocks]


def read(given):
    return variables.read(dict({"slipway_app": "orders"}, **given), lambda value: value, "/inventory")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_a_screen_long_and_leads_back(page):
    assert len(text_of(page).splitlines()) <= SCREEN
    assert "(../../README.md)" in text_of(page)


@pytest.mark.parametrize("page", PAGES)
def test_every_example_is_taken_as_it_is(page):
    assert examples(page)
    for example in examples(page):
        assert all(name.startswith("slipway_") for name in example)
        assert read(example)[1] == []


def test_the_arguments_are_literal_as_the_page_says():
    arguments = [read(example)[0]["slipway_unit"] for example in examples("arguments")]
    lines = [
        dict(unit.sections("orders", one, binary="/b", port_variable="PORT", config="/c")["Service"])
        for one in arguments
    ]
    assert [line["ExecStart"] for line in lines] == [
        '/b serve -addr ":${PORT}" -config /c/orders.toml -title "It\'s 100%% $$ure"',
        '/b -route "/proxy/{port}"',
    ]


def test_the_message_of_the_page_is_the_one_that_is_printed():
    given = {"slipway_unit": {"exec_args": [":{port}"]}, "slipway_health": {"type": "none"}}
    assert "\n%s\n" % read(given)[1][0] in text_of("arguments")


def test_every_way_to_a_port_leads_to_it():
    values = [read(example)[0] for example in examples("port")]
    ports = [combinations.port_for(one["slipway_port"], one["slipway_health"]) for one in values]
    assert ports == [8141, 8141, 8141, 8141, 8141, 8141, None, 443]
    assert [one["slipway_port_variable"] for one in values][1] == "APP_SERVER_PORT"


def test_the_directories_are_where_the_page_says():
    values = [read(example)[0]["slipway_unit"] for example in examples("state-directory")]
    found = [dict(unit.sections("orders", one, binary="/b")["Service"]) for one in values]
    assert [one.get("WorkingDirectory") for one in found] == [
        "/var/lib/orders",
        "/opt/orders/current",
        "/var/lib/orders",
        None,
        "/var/lib/orders",
    ]
    assert found[0]["CacheDirectory"] == found[0]["LogsDirectory"] == "orders"
    assert found[1]["Environment"] == "HOME=/var/lib/orders" and "Environment" not in found[3]


def test_the_socket_needs_no_port_and_the_proxy_has_rights_of_its_own():
    values = read(examples("unix-socket")[0])[0]
    assert combinations.port_for(values["slipway_port"], values["slipway_health"]) is None
    lines = dict(unit.sections("orders", values["slipway_unit"], binary="/b")["Service"])
    assert lines["RuntimeDirectoryMode"] == "0750" and "user:www-data:x" in lines["ExecStartPre"]


def test_the_go_of_the_page_listens_on_a_unix_socket(tmp_path):
    snippet = re.search(r"```go\n(.*?)```", text_of("unix-socket"), re.DOTALL)[1]
    program = (
        'package main\n\nimport ("fmt"; "net"; "os"; "path/filepath")\n\nfunc main() {\n%s\n'
        "fmt.Println(listener.Addr(), err)\n}\n" % snippet
    )
    (tmp_path / "main.go").write_text(program, encoding="utf-8")
    done = subprocess.run(
        ["go", "run", str(tmp_path / "main.go")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "RUNTIME_DIRECTORY": str(tmp_path)},
    )
    assert done.stdout == "%s/http.sock <nil>\n" % tmp_path, done.stderr
