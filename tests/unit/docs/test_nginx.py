# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.module_utils.common.nginx_options import OPTIONS
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import request, template

PAGE = (pathlib.Path(__file__).resolve().parents[3] / "docs" / "how-to" / "nginx.md").read_text(
    encoding="utf-8"
)
EXAMPLES = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
PROXIES = [example["slipway_proxy"] for example in EXAMPLES if "slipway_proxy" in example]


@pytest.mark.parametrize("given", PROXIES, ids=lambda given: next(iter(given)))
def test_every_example_is_a_site(given):
    assert set(given) <= set(OPTIONS)
    options = dict(
        {name: spec.get("default") for name, spec in OPTIONS.items()}, domains=["orders.example.com"], **given
    )
    options["static"] = [dict({"max_age": 1}, **entry) for entry in options["static"]]
    request.check_site(options)
    assert "proxy_pass http://slipway_orders;" in template.render("orders", options, template.Facts(), "no")


def test_the_page_lists_the_fields_of_the_log():
    listed = set(re.findall(r"`(\w+)`", PAGE.split("## The access log")[1].split("`release` is")[0])) - {
        "release"
    }
    common = template.render_common(
        template.Facts(), catch_http=False, catch_https=False, acme_webroot="/w", status_port=0
    )
    assert listed | {"release"} == set(re.findall(r'"(\w+)":', common))
