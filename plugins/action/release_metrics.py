# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of slipway.golang.release_metrics: one remote execution."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..plugin_utils.engine_action import EngineAction

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "root": {"type": "path"},
    "textfile": {"type": "path"},
}
# A deploy in progress writes the same file when it ends.
LOCK_WAIT = 120


class ActionModule(EngineAction):
    """Write the metrics file of one app."""

    def run(self, tmp=None, task_vars=None):
        result = ActionBase.run(self, tmp, task_vars)
        request = dict(
            self.validated(ARGUMENTS),
            step="metrics",
            check=bool(self._task.check_mode),
            actor=self.actor(),
            deploy_id=str(self._task._uuid),
            lock_wait=LOCK_WAIT,
        )
        with self.failing_into(result):
            result.update(self.execute(request, None, task_vars))
        if not self._task.diff:
            result.pop("diff", None)
        return self.with_discovery(result)
