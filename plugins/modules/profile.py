# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is the documentation; plugins/action/profile.py does the work, with the engine that it streams.

from __future__ import annotations

DOCUMENTATION = r"""
module: profile
short_description: Take a profile of the live release of a Go service
version_added: 0.1.0
description:
  - Asks the process that serves for a profile of C(net/http/pprof), and writes it to a file on the
    controller. With the strategy V(blue_green) that is the instance that nginx sends to.
  - It connects to a unix socket that only root and the service can open, or to a port on the loopback
    interface. If another process listens there, nothing is asked.
  - No port is opened, and nothing is left on the host.
options:
  socket:
    description: The unix socket on which the service answers, in its runtime directory.
    type: str
  port:
    description: The port on 127.0.0.1 on which it answers instead.
    type: int
  kind:
    description:
      - What to take. V(heap) and V(goroutine) are what is there now; the others are what happens during
        O(seconds).
    type: str
    choices: [cpu, heap, allocs, goroutine, mutex, block]
    default: cpu
  seconds:
    description: How long to take it.
    type: int
    default: 30
  dest:
    description: The file on the controller. It is needed where the profile is taken, so not in check mode.
    type: path
extends_documentation_fragment:
  - slipway.golang.service
  - slipway.golang.attributes
attributes:
  check_mode:
    details: In check mode the module returns which release would be asked, and asks nothing of it.
  diff_mode:
    support: none
notes:
  - Needs root on the host - set C(become) - and there Python 3.8 or newer.
  - A profile of more than 16 MB is refused.
  - The playbook C(slipway.golang.profile) takes the profiles of several hosts, merges them and draws them.
seealso:
  - module: slipway.golang.profile_report
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Take a CPU profile
  slipway.golang.profile:
    name: orders
    socket: pprof.sock
    dest: /tmp/orders.pb.gz
  become: true
"""

RETURN = r"""
release:
  description: Id of the release that serves.
  returned: success
  type: str
  sample: 1.4.2-0a1b2c3d4e5f
version:
  description: Its version.
  returned: success
  type: str
  sample: 1.4.2
artifact:
  description: Digest of the artifact that it was made from.
  returned: success
  type: str
target:
  description: The platform that its binary is for.
  returned: success
  type: str
  sample: linux/amd64/v1
unit:
  description: The unit that serves.
  returned: success
  type: str
  sample: orders@green.service
pid:
  description: Its main process.
  returned: success
  type: int
address:
  description: Where it was asked.
  returned: success
  type: str
  sample: /run/orders@green/pprof.sock
path:
  description: The file on the controller.
  returned: when a profile was taken
  type: str
bytes:
  description: Its size.
  returned: when a profile was taken
  type: int
seconds:
  description: How long it took.
  returned: when a profile was taken
  type: float
"""
