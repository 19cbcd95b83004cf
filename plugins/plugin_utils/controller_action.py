# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of the action plugins that run once, for all hosts of a play."""

from __future__ import annotations

import json
import os

from ansible.plugins.action import ActionBase

from . import this_run
from .engine_action import EngineAction


class ControllerAction(ActionBase):
    """Connects to no host."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True

    actor = staticmethod(EngineAction.actor)
    failing_into = staticmethod(EngineAction.failing_into)

    @staticmethod
    def facts_of_this_run(task_vars, name):
        """What ``variables`` read, and the account that the step before left under this name.

        Each is empty if no play of this run made it. The account is a copy, which may be changed: it was
        registered as a fact, and may have come through a template.
        """
        facts = task_vars["hostvars"]["localhost"]["ansible_facts"]
        # Ansible runs a task in a fork of the process that runs the plays.
        fleet, account = (this_run.fact(facts, fact, os.getppid()) for fact in ("slipway__fleet", name))
        return fleet, json.loads(json.dumps(account))

    @staticmethod
    def as_facts(**found):
        """The facts that an action leaves for the tasks after it, marked as those of this run."""
        run = this_run.identity(os.getppid())
        return {name: dict(fact, run=run) for name, fact in found.items()}
