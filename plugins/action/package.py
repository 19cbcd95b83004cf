# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of slipway.golang.package: it gives the collection's installer to the module.

Only Python files travel with a module, so the module cannot read ``installer/install.sh`` where it runs.
"""

from __future__ import annotations

from pathlib import Path

from ansible.plugins.action import ActionBase
from ansible.utils.vars import merge_hash

INSTALLER = Path(__file__).resolve().parents[2] / "installer" / "install.sh"


class ActionModule(ActionBase):
    """Run the module as Ansible runs every module, with one argument more."""

    _supports_async = True
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        if arguments.get("installer") is None:
            arguments["installer"] = INSTALLER.read_text(encoding="utf-8")
        wrap_async = self._task.async_val and not self._connection.has_native_async
        returned = self._execute_module(
            module_name="slipway.golang.package",
            module_args=arguments,
            task_vars=task_vars,
            wrap_async=wrap_async,
        )
        if not wrap_async:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return merge_hash(result, returned)
