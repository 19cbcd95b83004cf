# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bill of materials follows the official schema."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import go_buildinfo, sbom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from .test_go_buildinfo import OUTPUT

MINIMAL = "go1.26\n\tpath\tcommand-line-arguments\n"


def render(output):
    return sbom.render(
        go_buildinfo.parse(output),
        name="orders",
        version="1.4.2",
        target={"goos": "linux", "goarch": "amd64", "variant": ""},
        binary_sha256="0" * 64,
    ).decode("ascii")


@pytest.mark.parametrize("output", [OUTPUT, MINIMAL])
def test_a_bill_follows_the_schema_of_cyclonedx(output):
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(render(output)) is None


def test_the_schema_notices_a_mistake():
    broken = render(OUTPUT).replace('"SHA-256"', '"SHA-255"')
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(broken) is not None
