# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of slipway.golang.sbom_info: one remote execution, which changes nothing."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..plugin_utils.engine_action import EngineAction

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "root": {"type": "path"},
}


class ActionModule(EngineAction):
    """Ask one host."""

    def run(self, tmp=None, task_vars=None):
        result = ActionBase.run(self, tmp, task_vars)
        request = dict(self.validated(ARGUMENTS), step="sbom")
        with self.failing_into(result):
            result.update(self.execute(request, None, task_vars))
        return self.with_discovery(dict(result, changed=False))
