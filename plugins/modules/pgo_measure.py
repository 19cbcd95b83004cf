# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is the documentation; plugins/action/pgo_measure.py does the work, with the engine that it streams.

from __future__ import annotations

DOCUMENTATION = r"""
module: pgo_measure
short_description: Compare the CPU time of two binaries of a Go service under load
version_added: 0.1.0
description:
  - Runs two binaries in turns beside the live release, with its sandbox, user and environment, as a smoke
    test does. Both get the same load, and the CPU time of their processes is compared, not the time that
    passes.
  - It says what a profile is worth for a build (profile-guided optimisation) before the build is deployed.
  - No deploy of the service can begin on this host while it runs.
options:
  name:
    description: The service's name. It has to have a live release on the host.
    type: str
    required: true
  root:
    description: The service's directory on the host. Default is C(/opt/) and O(name).
    type: path
  plain:
    description: Path on the host of the binary that was built without a profile.
    type: path
    required: true
  optimised:
    description: Path on the host of the binary that was built with it.
    type: path
    required: true
  load:
    description: What the service is asked.
    type: dict
    default: {}
    suboptions:
      path:
        description: A path that is requested over and over. Default is that of the health check.
        type: str
      command:
        description:
          - A command on the host that sends the same number of requests each time. It runs as the service's
            user and in its sandbox. C({port}) stands for the port.
        type: list
        elements: str
  port:
    description: The service's port, if O(health) names none.
    type: int
  port_variable:
    description: The environment variable from which the service reads its port.
    type: str
    default: PORT
  rounds:
    description: How many turns each binary has, 5 or more.
    type: int
    default: 9
  cpu_seconds:
    description: How much CPU time a turn is to use, with O(load.path).
    type: float
    default: 1
extends_documentation_fragment:
  - slipway.golang.unit
  - slipway.golang.health.nested
  - slipway.golang.attributes
attributes:
  check_mode:
    details: In check mode nothing is measured.
  diff_mode:
    support: none
notes:
  - Needs root on the host - set C(become) - and there Python 3.8 or newer.
seealso:
  - module: slipway.golang.profile
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Compare
  slipway.golang.pgo_measure:
    name: orders
    plain: /opt/orders/measure/plain
    optimised: /opt/orders/measure/optimised
    port: 8080
    health: {path: /healthz}
    load:
      path: /orders?limit=50
  become: true
"""

RETURN = r"""
release:
  description: Id of the live release, whose settings were used.
  returned: success
  type: str
  sample: 1.4.2-0a1b2c3d4e5f
requests:
  description: How many requests each turn had; V(0) with O(load.command).
  returned: success
  type: int
turns:
  description: The CPU seconds of each turn, without and with the profile.
  returned: success
  type: list
  elements: list
gain:
  description: By how much the optimised binary uses less, the median over the turns. V(0.1) is 10 %.
  returned: success
  type: float
interval:
  description: Between which bounds the gain is, with 96 % probability for nine turns.
  returned: success
  type: list
  elements: float
plain_seconds:
  description: Median of the CPU seconds of a turn without the profile.
  returned: success
  type: float
optimised_seconds:
  description: Median of the CPU seconds of a turn with it.
  returned: success
  type: float
worth:
  description: Whether the gain is 1 % or more, also at the lower end of the interval.
  returned: success
  type: bool
"""
