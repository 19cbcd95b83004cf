# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of slipway.golang.profile: one remote execution, whose answer becomes a file here."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..module_utils.common.errors import SlipwayError
from ..module_utils.common.pprof import KINDS
from ..plugin_utils import profiles
from ..plugin_utils.engine_action import EngineAction

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "root": {"type": "path"},
    "socket": {"type": "str"},
    "port": {"type": "int"},
    "kind": {"type": "str", "choices": list(KINDS), "default": "cpu"},
    "seconds": {"type": "int", "default": 30},
    "dest": {"type": "path"},
}


class ActionModule(EngineAction):
    """Take one profile of one host."""

    def run(self, tmp=None, task_vars=None):
        result = ActionBase.run(self, tmp, task_vars)
        arguments = self.validated(ARGUMENTS, mutually_exclusive=[("socket", "port")])
        request = dict(arguments, step="profile", check=bool(self._task.check_mode))
        with self.failing_into(result):
            answer = profiles.checked(self.execute(request, None, task_vars))
            result.update(profiles.answered(answer), changed=False)
            if not self._task.check_mode:
                result.update(self._written(profiles.content(answer), arguments["dest"]))
        return self.with_discovery(result)

    @staticmethod
    def _written(content, path):
        if not path:
            raise SlipwayError("dest: name the file on the controller that the profile goes to")
        try:
            with open(path, "wb") as handle:
                handle.write(content)
        except OSError as error:
            raise SlipwayError(
                "%s cannot be written on the controller: %s" % (path, error.strerror)
            ) from None
        return {"path": path, "bytes": len(content), "changed": True}
