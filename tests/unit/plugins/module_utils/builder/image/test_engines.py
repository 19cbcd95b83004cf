# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An engine that is not there. Real ones: system/image."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError

from .tarballs import image, tarball_of


def test_docker_without_its_sdk(tmp_path):
    """The tools of this project do not have it."""
    with pytest.raises(SlipwayError, match="the Docker SDK for Python is not installed"):
        image(tarball_of(tmp_path), load=True)


@pytest.mark.parametrize(("engine", "program"), [("podman", "podman"), ("containerd", "ctr")])
def test_an_engine_that_is_not_installed(tmp_path, monkeypatch, engine, program):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SlipwayError, match="load: there is no %s on this machine" % program):
        image(tarball_of(tmp_path), load=engine)
