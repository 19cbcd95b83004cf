# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is the documentation; plugins/action/drill.py does the work, with the engine that it streams.

from __future__ import annotations

DOCUMENTATION = r"""
module: drill
short_description: Break a Go service on one host on purpose, for a while
version_added: 0.1.0
description:
  - Asks the service ten times a second from the controller, breaks one thing on the host, makes it whole
    again after O(seconds), and waits until the host is healthy and the answers are good.
  - Before anything breaks, the host has a timer and a unit for its next boot that make it whole again. So it
    does not matter what becomes of the controller. The timer runs out ten seconds after O(seconds).
  - It is refused where the service is unhealthy, where a deploy runs, or where an earlier drill has not
    ended.
  - It takes no lease, and does not look at other hosts. The playbook C(slipway.golang.drill) does.
options:
  name:
    description: The service's name.
    type: str
    required: true
  fault:
    description:
      - What breaks. V(kill) kills the main process; V(hang) stops it without ending it.
      - V(cut_network) drops what comes in for the ports of the service, V(lossy_network) a quarter of it.
      - V(dns) drops the questions of the service's user for names.
      - V(disk_full) fills the file system of the service's state directory, but for one percent.
      - V(memory) and V(cpu) take what the service may have, in its control group.
      - V(bad_release) deploys the binary that runs, with an environment in which it ends at once.
      - V(lost_balancer) drops what comes in for the ports of nginx on a balancer.
      - V(reboot) reboots the host.
      - C(SSH) works on in all of them.
    type: str
    required: true
    choices:
      - bad_release
      - cpu
      - cut_network
      - disk_full
      - dns
      - hang
      - kill
      - lossy_network
      - lost_balancer
      - memory
      - reboot
  seconds:
    description: How long it lasts, from 1 to 600.
    type: int
    default: 30
  patience:
    description: How many seconds the host may take after that until all is well again.
    type: int
    default: 60
  lost_at_most:
    description: Fail if more requests are lost.
    type: int
  seconds_at_most:
    description: Fail if more seconds are between the first lost request and the last one.
    type: int
  ask:
    description:
      - What is asked from the controller. It takes the options of M(slipway.golang.health), of the types
        V(http) and V(tcp).
      - Default is the health check on the address of the host.
    type: dict
    default: {}
  health:
    description:
      - The health check of the service on its host. It takes the options of M(slipway.golang.health).
    type: dict
    default: {}
  port:
    description: The service's port.
    type: int
  port_variable:
    description: The variable from which the service reads its port.
    type: str
    default: PORT
  alternate_port:
    description: With the strategy V(blue_green), the port of every second release.
    type: int
  root:
    description: The service's directory on the host. Default is C(/opt/) and O(name).
    type: path
extends_documentation_fragment:
  - slipway.golang.attributes
attributes:
  check_mode:
    details: In check mode nothing is broken. The module returns what would be.
  diff_mode:
    support: none
notes:
  - Needs root on the host - set C(become) - and there Python 3.8 or newer.
  - V(lossy_network), V(cut_network), V(dns) and V(lost_balancer) need the command C(nft) on the host.
seealso:
  - module: slipway.golang.health
  - module: slipway.golang.lease
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Kill the service, and allow no lost request
  slipway.golang.drill:
    name: orders
    fault: kill
    seconds: 10
    lost_at_most: 0
    ask: {host: orders.example.com, scheme: https, port: 443, path: /healthz}
    health: {path: /healthz}
    port: 8080
  become: true
"""

RETURN = r"""
verdict:
  description:
    - V(held) - no request was lost. V(recovered) - some were, and all is well again.
    - V(broke) - it was not healthy again in time. V(aborted) - it could not be broken, or not for as long as
      it should have been. V(refused) - nothing was broken.
  returned: always
  type: str
  sample: recovered
fault:
  description: What was broken.
  returned: always
  type: str
passed:
  description: Whether the verdict is V(held) or V(recovered), within the limits.
  returned: always
  type: bool
asked:
  description: How many requests there were, from the beginning of the fault to the end.
  returned: when something was broken
  type: int
lost:
  description: How many of them had no good answer in time.
  returned: when something was broken
  type: int
seconds:
  description: Seconds from the first lost request to the last one.
  returned: when something was broken
  type: float
recovery_seconds:
  description: Seconds from the end of the fault until all was well.
  returned: when something was broken
  type: float
does:
  description: What was done on the host, or would be.
  returned: success
  type: str
  sample: kills process 4711 of orders.service
release:
  description: Id of the release that served; null on a balancer.
  returned: success
  type: str
"""
