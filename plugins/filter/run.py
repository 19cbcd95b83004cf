# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a play may know of the plays before it."""

from __future__ import annotations

import os

from ansible import context
from ansible.errors import AnsibleFilterError

from ..plugin_utils import this_run

SKIPPED = (
    "--start-at-task has skipped the play Check variables, and Slipway's playbooks cannot begin in the "
    "middle. Nothing was changed. Run the playbook without --start-at-task: hosts that are done already are "
    "left as they are"
)


def of_this_run(hostvars, name):
    """A fact that an earlier play of this run has left; empty if none has."""
    # `hosts` and `serial` of a play are rendered by the process that runs the plays.
    found = this_run.fact(hostvars["localhost"]["ansible_facts"], name, os.getpid())
    if not found and name == "slipway__fleet" and context.CLIARGS.get("start_at_task"):
        raise AnsibleFilterError(SKIPPED)
    return found


class FilterModule:
    def filters(self):
        return {"of_this_run": of_this_run}
