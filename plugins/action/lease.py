# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of slipway.golang.lease: one remote execution, streamed as a release is."""

from __future__ import annotations

import os
import socket
import uuid

from ansible.plugins.action import ActionBase

from ..plugin_utils.engine_action import EngineAction

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "root": {"type": "path"},
    "id": {"type": "str"},
    "ttl": {"type": "int", "default": 600},
    "wait": {"type": "int", "default": 0},
    "description": {"type": "str", "default": "a rollout"},
    "forget": {"type": "bool", "default": False},
}


class ActionModule(EngineAction):
    """Acquire, renew or release the lease."""

    def run(self, tmp=None, task_vars=None):
        result = ActionBase.run(self, tmp, task_vars)
        arguments = self.validated(ARGUMENTS, required_if=[("state", "absent", ["id"])])
        result["changed"] = False
        with self.failing_into(result):
            result.update(self._lease(arguments, task_vars))
        return self.with_discovery(result)

    def _lease(self, arguments, task_vars):
        if self._task.check_mode:
            return {"changed": False, "id": "", "counter": 0}
        step = "acquire_lease" if arguments["state"] == "present" else "release_lease"
        # The process that lives as long as the rollout: we run in a fork of it, for one task.
        process = {"host": socket.gethostname(), "pid": os.getppid()}
        request = dict(
            arguments,
            step=step,
            id=arguments["id"] or uuid.uuid4().hex,
            renew=bool(arguments["id"]),
            actor=self.actor(),
            process=process,
        )
        del request["state"]  # for the engine, `state: absent` is a service to remove
        result = self.execute(request, None, task_vars)
        if result.get("failed") and _is_dead(result.get("owner"), process):
            result = self.execute(dict(request, instead_of=result["owner"]["id"]), None, task_vars)
        return result


def _is_dead(owner, process):
    """Whether a rollout that began on this controller has ended without releasing its lease."""
    if not owner or (owner.get("process") or {}).get("host") != process["host"]:
        return False
    try:
        os.kill(owner["process"]["pid"], 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False
