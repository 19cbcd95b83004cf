# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess

import pytest
from ansible_collections.slipway.golang.plugins.filter import service
from ansible_collections.slipway.golang.plugins.module_utils.common import environment
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a", "/inventory/a"),
        ("/a", "/a"),
        ("", ""),
        (None, ""),
        (["a", "/b"], ["/inventory/a", "/b"]),
        ({"src": "a.j2", "dest": "a"}, {"src": "/inventory/a.j2", "dest": "a"}),
        ([{"src": "a.j2", "dest": "a"}], [{"src": "/inventory/a.j2", "dest": "a"}]),
        ("[{src: a.j2, dest: a}]", [{"src": "/inventory/a.j2", "dest": "a"}]),
    ],
)
def test_paths_begin_at_the_inventory(given, expected):
    assert service.controller_path(given, "/inventory") == expected


@pytest.mark.parametrize("inventory_dir", [None, "", "None"])
def test_without_an_inventory_paths_begin_at_the_current_directory(inventory_dir):
    """With -i HOST, there is none, and Ansible says so with the text None."""
    assert service.controller_path("a", inventory_dir) == os.path.join(os.getcwd(), "a")
    assert service.setting_of("a", "slipway_source", inventory_dir) == os.path.join(os.getcwd(), "a")


@pytest.mark.parametrize(
    ("given", "name", "expected"),
    [
        ("{user: deploy}", "slipway_unit", {"user": "deploy"}),
        ("off", "slipway_tls", False),
        ("", "slipway_keep", 5),
        (None, "slipway_domain", []),
        ("[a.example.com, b.example.com]", "slipway_domain", ["a.example.com", "b.example.com"]),
        ([{"src": "a", "dest": "b"}], "slipway_config", [{"src": "/inventory/a", "dest": "b"}]),
    ],
)
def test_a_setting_is_what_its_text_means(given, name, expected):
    assert service.setting_of(given, name, "/inventory") == expected


@pytest.mark.parametrize(
    ("port", "health", "expected"),
    [
        (None, {}, 8080),
        ("", {}, 8080),
        ("9090", {}, 9090),
        ("", {"type": "none"}, None),
        (None, {"type": "command", "command": ["/bin/true"]}, None),
        (None, {"socket": "/run/orders/http.sock"}, None),
        (9090, {"type": "none"}, 9090),
        (None, '{"type": "none"}', None),
    ],
)
def test_a_port_is_assumed_only_where_the_check_needs_one(port, health, expected):
    assert service.service_port(port, health) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('{"user": "worker"}', {"user": "worker"}),
        (" {user: worker}", {"user": "worker"}),
        ("[a, b]", ["a", "b"]),
        ("a", "a"),
        ("", ""),
        (None, None),
        ({"user": "worker"}, {"user": "worker"}),
    ],
)
def test_a_list_or_a_dictionary_may_be_given_as_text(given, expected):
    assert service.from_text(given) == expected


@pytest.mark.parametrize("shell", [["dash"], ["busybox", "sh"]])
def test_a_host_writes_the_environment_that_only_its_user_reads(shell, tmp_path):
    variables = {"A": 'it\'s $HOME `id` \\ "x"\nEND\n', "B": True, "C": ":{port}", "D": "\u20ac"}
    script = service.environment_script(variables)
    assert service.environment_script("{B: true}") == service.environment_script({"B": True})
    done = subprocess.run([*shell, "-c", script], capture_output=True, text=True, check=True)
    path = done.stdout.strip()
    try:
        with open(path, encoding="utf-8") as handle:
            assert handle.read() == environment.render(variables)
        assert os.stat(path).st_mode & 0o777 == 0o600
    finally:
        os.unlink(path)


def test_a_value_that_no_file_can_hold_is_refused_without_showing_it():
    with pytest.raises(InvalidInput, match="slipway_env: 'A'") as caught:
        service.environment_script({"A": "hunter2\0"})
    assert "hunter2" not in str(caught.value)
