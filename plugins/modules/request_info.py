# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: request_info
short_description: Count the requests of a Go service by release and outcome
version_added: 0.1.0
description:
  - Counts how nginx answered the clients of a service in the last minutes, from the access log of its site.
    The log names the release of each answer, if the service sends the header C(X-Release).
  - Run it where nginx is, on the balancers if there are any. The host needs the site of
    M(slipway.golang.nginx_site), and its C(access_log).
  - At most 100 MB of the log are read, the newest.
options:
  name:
    description: The service's name, which is that of its site.
    type: str
    required: true
  seconds:
    description: How far to look back, by the host's clock.
    type: int
    required: true
  slow_after:
    description: Count requests that took longer than so many seconds, and were no error, as slow. Websockets
      are never slow.
    type: float
  baseline:
    description: Count so many older requests beside, the last ones before O(baseline_after).
    type: int
    default: 0
  baseline_after:
    description: How many seconds old these are at least; never less than O(seconds).
    type: int
    default: 0
extends_documentation_fragment:
  - slipway.golang.attributes
  - slipway.golang.attributes.info_module
seealso:
  - module: slipway.golang.release_info
  - module: slipway.golang.nginx_site
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Count the requests of the last five minutes
  slipway.golang.request_info:
    name: orders
    seconds: 300
    slow_after: 0.8
  become: true
  register: orders

- name: Print the share of errors of each release
  ansible.builtin.debug:
    msg: "{{ item.key }}: {{ item.value.errors }} of {{ item.value.requests }}"
  loop: "{{ orders.releases | dict2items }}"
  loop_control:
    label: "{{ item.key }}"
"""

RETURN = r"""
releases:
  description: Release, as the service names it in C(X-Release), to its counts. The name is empty where nginx
    answered itself, or the service names no release.
  returned: success
  type: dict
  sample: {"1.4.2": {"requests": 1043, "errors": 2, "slow": 11}}
  contains:
    requests:
      description: All requests.
      type: int
    errors:
      description: Those that were answered with a status of 500 or more.
      type: int
    slow:
      description: Those that were no error and took longer than O(slow_after); 0 without it.
      type: int
servers:
  description: The same counts by C(release) and C(server), the address of the server that answered, as nginx
    logs it. It is empty where nginx answered itself.
  returned: success
  type: list
  elements: dict
  sample: [{"release": "1.4.2", "server": "127.0.0.1:8080", "requests": 1043, "errors": 2, "slow": 11}]
baseline:
  description: The same of the requests of O(baseline).
  returned: success
  type: list
  elements: dict
complete:
  description: Whether all of the log was read that is as new as O(seconds) asks.
  returned: success
  type: bool
"""
