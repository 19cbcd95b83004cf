# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is the documentation; plugins/action/rollout.py does the work, on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout
short_description: Keep the account of a rollout between the plays of a playbook
version_added: 0.1.0
description:
  - The playbooks C(slipway.golang.plan), C(slipway.golang.deploy) and C(slipway.golang.rollback) use it. It
    reads what M(slipway.golang.release) registered as C(rollout_result) on each host, and decides which hosts
    change, in which waves, whether the next wave may begin, and which hosts go back.
  - It prints the plan and the outcome as tables, writes the files of C(slipway_summary), C(slipway_report)
    and C(slipway_plan), and connects to no host.
options:
  step:
    description:
      - V(planned) after every host was asked what would change. It fails, before anything is changed, if more
        hosts than C(slipway_max_failures) have a problem, or if the plan is another one than that of the file
        C(slipway_plan).
      - V(prepared) once the lease is acquired and C(slipway_before_tasks) and C(slipway_migrate) have ended.
      - V(wave) after each wave, and V(soaked) after its soak.
      - V(rolled_back) once hosts went back.
      - V(ended) prints the outcome of each host.
    type: str
    required: true
    choices: [planned, prepared, wave, soaked, rolled_back, ended]
  migrates:
    description: With V(planned), whether C(slipway_migrate) is to run; a rollback does not migrate.
    type: bool
    default: true
  write_plan:
    description: With V(planned), write the file of C(slipway_plan) instead of comparing the plan with it.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.golang.attributes.controller
attributes:
  check_mode:
    details: In check mode the plan is made and printed, and no wave follows from it.
notes:
  - Use it with C(run_once), C(delegate_to) and C(delegate_facts), as in the example.
seealso:
  - module: slipway.golang.release
  - module: slipway.golang.variables
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Show plan
  slipway.golang.rollout:
    step: planned
  delegate_to: localhost
  delegate_facts: true
  run_once: true
"""

RETURN = r"""
ansible_facts:
  description: What the playbooks use, as the fact C(slipway__rollout).
  returned: success
  type: dict
  contains:
    slipway__rollout:
      description: A row for each host, the hosts in the order of the waves, the sizes of the waves, and why
        the rollout stopped, if it did.
      type: dict
"""
