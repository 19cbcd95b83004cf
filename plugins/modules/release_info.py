# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release_info
short_description: Gather information about the releases of a Go service
version_added: 0.1.0
description:
  - Lists the releases that M(slipway.golang.release) or C(install.sh) put on a host, with the outcome of
    each.
  - Probes the service now, as M(slipway.golang.release) would. It is unhealthy after
    O(health.failure_threshold) failures in a row.
  - What runs is read from the running process, not from a link. So it also shows a service that was not
    restarted, or whose binary was replaced by hand.
options:
  history:
    description: How many of the newest entries of the history to return.
    type: int
    default: 10
  port:
    description: The service's port, if O(health) names none. Default is the value of the release's own
      variable C(PORT).
    type: int
  log_lost:
    description: Count the messages of the service that journald dropped in the last 24 hours, as
      RV(log_lost).
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.golang.service
  - slipway.golang.health.nested
  - slipway.golang.attributes
  - slipway.golang.attributes.info_module
notes:
  - For a host of the group C(clusters) it asks the Kubernetes that the variables of the host name, with
    C(kubectl), see the page on clusters.
seealso:
  - module: slipway.golang.release
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Get the running version of orders
  slipway.golang.release_info:
    name: orders
  become: true
  register: orders

- name: Print it
  ansible.builtin.debug:
    msg: "{{ orders.running.version }} (commit {{ orders.running.commit }})"
"""

RETURN = r"""
current:
  description: Id of the release that the link C(current) names; null if there is none.
  returned: always
  type: str
  sample: 1.4.2-0a1b2c3d4e5f
previous:
  description: Id of the release that O(slipway.golang.release#module:release=previous) would activate; null
    if there is none.
  returned: always
  type: str
  sample: 1.4.1-9c8d7e6f5a4b
share:
  description: A release that is not live and has a share of the requests, by
    O(slipway.golang.release#module:share) - its C(release), and the share in C(percent). Null if there is
    none.
  returned: always
  type: dict
  sample: {"release": "1.4.2-0a1b2c3d4e5f", "percent": 5}
running:
  description: The running process; null if there is none.
  returned: always
  type: dict
  contains:
    pid:
      description: Its process id.
      type: int
      sample: 4711
    release:
      description: Id of the release that it was started from; null if it is no release of Slipway's.
      type: str
      sample: 1.4.2-0a1b2c3d4e5f
    version:
      description: Version of that release.
      type: str
      sample: 1.4.2
    commit:
      description: Commit of that release; empty if it was not built from git.
      type: str
      sample: 8d0f2a7c1f0e4cb1a3d27a3c4b8d3b0f6f1e2d3c
    intact:
      description: Whether its binary is byte for byte the released one.
      type: bool
      sample: true
healthy:
  description: Whether the probe succeeded, and the running release answered it; null if there was nothing to
    probe.
  returned: always
  type: bool
  sample: true
health_problem:
  description: Why the service is unhealthy; null if it is healthy.
  returned: always
  type: str
  sample: "GET http://127.0.0.1:8080/healthz answered 503"
unit:
  description: The unit's properties, as C(systemctl show) prints them - C(ActiveState), C(SubState),
    C(Result) and others.
  returned: always
  type: dict
releases:
  description: The releases on this host, the one that was deployed last at the end.
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
      description: Digest of the artifact that it was made from.
      type: str
    outcome:
      description: Outcome of its newest deploy; null if it was only staged.
      type: str
      sample: ok
history:
  description: The newest entries of the history of deploys, the newest last.
  returned: always
  type: list
  elements: dict
log_lost:
  description:
    - How many messages of the service journald says that it dropped in the last 24 hours, because there were
      more than its limit allows; see O(slipway.golang.release#module:unit.log_rate_limit).
    - journald says so when it takes messages of the service again. Null if it was not asked.
  returned: always
  type: int
  sample: 0
"""
