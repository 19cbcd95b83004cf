# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.system import clock


def test_what_was_written_is_read_again(monkeypatch):
    monkeypatch.setattr(
        time, "gmtime", lambda at=1795867207: time.struct_time((2026, 11, 28, 12, 0, 7, 5, 332, 0))
    )
    assert clock.timestamp() == "2026-11-28T12:00:07Z" and clock.seconds(clock.timestamp()) == 1795867207


@pytest.mark.parametrize(
    "text", [None, 7, "", "2026-11-28", "2026-11-28T12:00:07", "2026-11-28 12:00:07Z", "now", ["x"]]
)
def test_anything_else_is_no_time(text):
    assert clock.seconds(text) is None
