# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release_info
short_description: Tell which releases of a Go service a host has, and which one really runs
version_added: 0.1.0
description:
  - Lists the releases that M(slipway.golang.release) or C(install.sh) put on a host, and what became of each.
  - Probes the service once, as M(slipway.golang.release) would.
  - What runs is read off the running process, not off a link, so that a service that was never restarted, or whose binary was
    exchanged by hand, is found out.
options:
  name:
    description: The service's name.
    type: str
    required: true
  root:
    description: The directory of everything of this service. Default is C(/opt/) and O(name).
    type: path
  history:
    description: How many of the newest lines of the journal to return.
    type: int
    default: 10
  port:
    description: The service's port, for O(health) where that names none. Default is what the release's own variable C(PORT) says.
    type: int
extends_documentation_fragment:
  - slipway.golang.health.nested
  - slipway.golang.attributes
  - slipway.golang.attributes.info_module
seealso:
  - module: slipway.golang.release
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Which version of orders runs here?
  slipway.golang.release_info:
    name: orders
  become: true
  register: orders

- name: Say so
  ansible.builtin.debug:
    msg: "{{ orders.running.version }} (commit {{ orders.running.commit }})"
"""

RETURN = r"""
current:
  description: Id of the release that the link C(current) names; null where there is none.
  returned: always
  type: str
  sample: 1.4.2-0a1b2c3d4e5f
previous:
  description: Id of the release that a rollback would go to; null where there is none.
  returned: always
  type: str
  sample: 1.4.1-9c8d7e6f5a4b
running:
  description: The running process; null where none runs.
  returned: always
  type: dict
  contains:
    pid:
      description: Its process id.
      type: int
      sample: 4711
    release:
      description: Id of the release that it was started from; null where it is none of ours.
      type: str
      sample: 1.4.2-0a1b2c3d4e5f
    version:
      description: Version of that release.
      type: str
      sample: 1.4.2
    commit:
      description: Commit of that release, empty where it was built outside of git.
      type: str
      sample: 8d0f2a7c1f0e4cb1a3d27a3c4b8d3b0f6f1e2d3c
    intact:
      description: Whether its binary is byte for byte the one that was released.
      type: bool
      sample: true
healthy:
  description: Whether the one probe succeeded, and was answered by the release that runs; null where there was nothing to ask.
  returned: always
  type: bool
  sample: true
health_problem:
  description: What ails the service; null where it is healthy.
  returned: always
  type: str
  sample: "GET http://127.0.0.1:8080/healthz answered 503"
unit:
  description: State of the unit as systemd tells it - ActiveState, SubState, Result, NRestarts and others.
  returned: always
  type: dict
releases:
  description: The releases on this host, the newest act last.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The release's id.
      type: str
      sample: 1.4.2-0a1b2c3d4e5f
    version:
      description: Its version.
      type: str
      sample: 1.4.2
    artifact:
      description: Digest of the artifact that it was made of.
      type: str
    outcome:
      description: Outcome of its newest act; null where it was only staged.
      type: str
      sample: ok
history:
  description: The newest lines of the journal, the newest last.
  returned: always
  type: list
  elements: dict
"""
