# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils.manifests import secrets


@pytest.fixture(autouse=True)
def quick_names(monkeypatch):
    """What a guess at a Secret costs is paid once, in the test of it."""
    monkeypatch.setattr(secrets, "ROUNDS", 1)
