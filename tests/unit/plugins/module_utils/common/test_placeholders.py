# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import placeholders


@pytest.mark.parametrize(
    ("text", "filled", "used", "present"),
    [
        (":{port}", ":80", {"port"}, True),
        ("{port}{port}", "8080", {"port"}, True),
        ("http://[::1]:{port}/x", "http://[::1]:80/x", {"port"}, True),
        ("{config}/a", "/c/a", {"config"}, True),
        ("{port} in {config}", "80 in /c", {"port", "config"}, True),
        ("{{port}}", "{port}", set(), True),
        ("{{{port}}}", "{{port}}", set(), True),
        ("{{config}}", "{config}", set(), True),
        ("{version}", "{version}", set(), False),
        ("{PORT} {port", "{PORT} {port", set(), False),
        ("${port}", "$80", {"port"}, True),
        ("", "", set(), False),
    ],
)
def test_a_text_is_filled_in(text, filled, used, present):
    assert placeholders.fill(text, port="80", config="/c") == filled
    assert placeholders.used(text) == used
    assert placeholders.present(text) is present


def test_what_has_no_value_stays():
    assert placeholders.fill("{port} {config} {{port}} {{config}}", port="1") == (
        "1 {config} {port} {{config}}"
    )
    assert placeholders.fill("{port} {{port}}") == "{port} {{port}}"
