# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lease
short_description: Have one rollout of a service at a time over a whole fleet
version_added: 0.1.0
description:
  - Takes a lease on a service, which one host of its fleet keeps in C(/opt/<name>/lease.json). Whoever comes second waits, or is told who has it,
    since when, and what is being rolled out.
  - The lease lapses O(ttl) seconds after it was taken or renewed, by that host's clock. One whose owner began on the controller that asks, and has
    died there, is taken over at once.
  - Every new owner gets a higher RV(counter). Given to O(slipway.golang.release#module:fencing_token), it keeps a rollout whose lease has lapsed away
    from hosts that a newer one has been to.
  - The playbooks C(slipway.golang.deploy) and C(slipway.golang.rollback) do all this by themselves.
  - The module is executed by an action plugin, in one remote execution that needs nothing on the host but Python.
options:
  name:
    description: The service's name.
    type: str
    required: true
  state:
    description:
      - V(present) takes the lease, or renews it where O(id) says that it was taken before; a renewal fails where somebody else has taken it meanwhile.
      - V(absent) lets the next one have it at once. It changes nothing where the lease has lapsed and somebody else has it.
    type: str
    choices: [present, absent]
    default: present
  root:
    description: The directory of everything of this service. Default is C(/opt/) and O(name).
    type: path
  id:
    description: RV(id) of the task that took the lease, to renew it or to give it back. Required with O(state=absent).
    type: str
  ttl:
    description: After how many seconds the lease lapses unless it is renewed; 10 or more.
    type: int
    default: 600
  wait:
    description: How many seconds to wait where somebody else has it.
    type: int
    default: 0
  what:
    description: What is being rolled out, for others to read.
    type: str
    default: a rollout
extends_documentation_fragment:
  - slipway.golang.attributes
attributes:
  check_mode:
    details: In check mode the host is not asked, and there is no lease.
  diff_mode:
    support: none
notes:
  - Needs root on the host - set C(become) - and there Python 3.8 or newer.
seealso:
  - module: slipway.golang.release
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Take the lease on the first host
  slipway.golang.lease:
    name: orders
    what: orders 1.4.2
    wait: 300
  delegate_to: web1
  run_once: true
  become: true
  register: lease

- name: Roll out
  slipway.golang.release:
    name: orders
    artifact: [dist/orders-1.4.2-linux-amd64.tar.gz]
    fencing_token: "{{ lease.counter }}"
  become: true

- name: Give the lease back
  slipway.golang.lease:
    name: orders
    state: absent
    id: "{{ lease.id }}"
  delegate_to: web1
  run_once: true
  become: true
"""

RETURN = r"""
id:
  description: What the owner renews the lease with, and gives it back.
  returned: O(state=present)
  type: str
  sample: 7b0d1f0c5a7e4b0f9a3d4e5f60718293
counter:
  description: The fencing token - higher than that of every lease before. V(0) in check mode.
  returned: O(state=present)
  type: int
  sample: 1795200000
owner:
  description: Who has it - C(actor), C(what), C(since), C(expires) and others.
  returned: when somebody else has it
  type: dict
"""
