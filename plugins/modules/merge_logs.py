# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: merge_logs
short_description: Print the lines of all hosts in one order
version_added: 0.1.0
description:
  - It is part of the playbook C(slipway.golang.logs), and runs on the controller. It reads what
    M(slipway.golang.logs) registered as C(slipway__logged) on the hosts of the play, with
    O(slipway.golang.logs#module:packed=true).
  - A JSON line is printed as its message and C(key=value), any other line as it is. What would control a
    terminal is shown as an escape.
  - The lines are printed, and not returned, unless the results are for a program, as with a JSON callback or
    in AWX.
options:
  json:
    description: Print each line as one JSON object.
    type: bool
    default: false
  follow:
    description: For how many seconds lines are printed as they come. The same as for M(slipway.golang.logs).
    type: int
    default: 0
  begun:
    description: Since when they are followed, in seconds since the epoch. The same as C(until) there.
    type: float
    default: 0
extends_documentation_fragment:
  - slipway.golang.attributes.controller
seealso:
  - module: slipway.golang.logs
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Gather lines
  slipway.golang.logs:
    name: orders
    packed: true
  become: true
  register: slipway__logged

- name: Print lines
  slipway.golang.merge_logs:
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
count:
  description: How many lines there were.
  returned: always
  type: int
  sample: 1204
lost:
  description: Host to how many messages journald dropped there.
  returned: always
  type: dict
  sample: {web2: 4312}
missing:
  description: Host to why its lines are missing.
  returned: always
  type: dict
  sample: {web3: "unreachable: Failed to connect to the host via ssh"}
lines:
  description: The newest 100000 lines, as in RV(slipway.golang.logs#module:lines).
  returned: with a callback for programs
  type: list
  elements: dict
"""
