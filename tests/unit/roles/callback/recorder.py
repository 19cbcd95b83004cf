# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A callback that writes the result of every task as one line of JSON, for the tests of roles."""

from __future__ import annotations

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorder
type: aggregate
short_description: Write the result of every task as one line of JSON
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorder"

    def _write(self, result, **more):
        given = {key: value for key, value in result._task.args.items() if not key.startswith("_ansible")}
        line = {"task": result._task.get_name(), "args": given}
        line.update({key: result._result.get(key) for key in ("changed", "msg", "path", "results")}, **more)
        with open(os.environ["RECORDER_FILE"], "a", encoding="utf-8") as handle:
            handle.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result):
        self._write(result, state="ok")

    def v2_runner_on_skipped(self, result):
        self._write(result, state="skipped")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._write(result, state="failed")
