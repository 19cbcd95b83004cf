# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lease
short_description: Acquire, renew or release a fleet-wide rollout lease
version_added: 0.1.0
description:
  - Acquires a lease on a service, which one host of its fleet keeps in C(/opt/<name>/lease.json). A second
    rollout waits, or fails with a message that says who has the lease, since when, and what is being rolled
    out.
  - The lease lapses O(ttl) seconds after it was acquired or renewed, by that host's clock. If its owner ran
    on the same controller and is dead, it is taken over at once.
  - Every new owner gets a higher RV(counter). Hosts compare it with
    O(slipway.golang.release#module:fencing_token), so that a rollout whose lease has lapsed cannot change
    hosts that a newer one has been to.
  - The playbooks C(slipway.golang.deploy), C(slipway.golang.rollback) and C(slipway.golang.remove) do all
    this.
  - The module is executed by an action plugin, in one remote execution that needs nothing on the host but
    Python.
options:
  state:
    description:
      - V(present) acquires the lease. With O(id) it renews the lease, and fails if another owner has acquired
        it since.
      - V(absent) releases the lease, so that the next rollout can have it at once. It changes nothing if
        another owner has it by now.
    type: str
    choices: [present, absent]
    default: present
  id:
    description: RV(id) of the task that acquired the lease, to renew or release it. Required with
      O(state=absent).
    type: str
  ttl:
    description: After how many seconds the lease lapses unless it is renewed; 10 or more.
    type: int
    default: 600
  wait:
    description: How many seconds to wait if another owner has it.
    type: int
    default: 0
  description:
    description: What is being rolled out, for others to read.
    type: str
    default: a rollout
  forget:
    description: With O(state=absent), whether to remove the service's directory too if there is nothing in it
      but the lease, as after a removal of the service.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.golang.service
  - slipway.golang.attributes
attributes:
  check_mode:
    details: In check mode the host is not contacted, and no lease is acquired.
  diff_mode:
    support: none
notes:
  - Needs root on the host - set C(become) - and there Python 3.8 or newer.
  - For a host of the group C(clusters) it asks the Kubernetes that the variables of the host name, with
    C(kubectl), see the page on clusters.
seealso:
  - module: slipway.golang.release
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Acquire the lease on the first host
  slipway.golang.lease:
    name: orders
    description: orders 1.4.2
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

- name: Release the lease
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
  description: The lease's id, for O(id) when it is renewed or released.
  returned: O(state=present)
  type: str
  sample: 7b0d1f0c5a7e4b0f9a3d4e5f60718293
counter:
  description: The fencing token, which is higher than that of every earlier lease. V(0) in check mode.
  returned: O(state=present)
  type: int
  sample: 1795200000
owner:
  description: Who has it - C(actor), C(description), C(since), C(expires) and others.
  returned: when another owner has it
  type: dict
"""
