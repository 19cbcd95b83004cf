# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate: the exit code of the user's scanner decides, and a scan that did not run is no clean one."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError

from .tarballs import image, tarball_of


@pytest.fixture
def scan(tmp_path):
    artifact = tarball_of(tmp_path / "dist")

    def run(script, level="required", check_mode=False, found=(1,)):
        gate = {"command": ["sh", "-c", script, "sh", "{layout}", "{directory}"], "found": list(found)}
        return image(artifact, check_mode, gate=dict(gate, level=level))

    return run


def test_a_clean_image(scan):
    result = scan('test -s "$1" && test -s "$2/index.json" && tar -tf "$1" >/dev/null')
    assert result["scan"] == "clean" and result["outcome"] == "built"
    assert scan("exit 0")["outcome"] == "unchanged"


def test_an_image_in_which_something_was_found(scan):
    with pytest.raises(
        SlipwayError, match="found something in the image; nothing was loaded or pushed"
    ) as error:
        scan("echo CVE-2026-1; exit 1")
    assert error.value.facts["scan"] == "found" and "CVE-2026-1" in str(error.value)
    with pytest.raises(SlipwayError, match="found something"):
        scan("exit 10", level="advisory", found=[10])


@pytest.mark.parametrize("script", ["echo no database >&2; exit 2", "kill -9 $$"])
def test_an_image_that_could_not_be_scanned(scan, script):
    with pytest.raises(SlipwayError, match="could not be scanned, so nothing is known of it") as error:
        scan(script)
    assert error.value.facts["scan"] == "not scanned"
    result = scan(script, level="advisory")
    assert result["scan"] == "not scanned" and "could not be scanned" in result["warnings"][0]


def test_a_scanner_that_is_not_there(tmp_path):
    gate = {"command": ["no-such-scanner", "{layout}"], "found": [1], "level": "required"}
    with pytest.raises(SlipwayError, match="could not be scanned.*Cannot run no-such-scanner"):
        image(tarball_of(tmp_path / "dist"), gate=gate)


def test_check_mode_scans_nothing(scan):
    assert "scan" not in scan("exit 1", check_mode=True)
