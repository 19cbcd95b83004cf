# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.action import lease
from ansible_collections.slipway.golang.plugins.module_utils.host import engine


@pytest.mark.parametrize("state, step", [("present", "acquire_lease"), ("absent", "release_lease")])
def test_the_engine_has_the_step_of_the_request(monkeypatch, state, step):
    action = lease.ActionModule.__new__(lease.ActionModule)
    action._task = SimpleNamespace(check_mode=False)
    monkeypatch.setattr(action, "actor", lambda: "alice", raising=False)
    monkeypatch.setattr(action, "execute", lambda request, *others: request, raising=False)
    request = action._lease({"name": "orders", "state": state, "id": "7b0d"}, {})
    assert request["step"] == step
    assert callable(getattr(engine._module_for(request), step))
