# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_upstream
short_description: Drain or undrain a server behind an nginx site
version_added: 0.1.0
description:
  - Takes a server of a site out of load balancing before work on it, and brings it back. Requests in flight
    are finished.
  - A drained server stays drained, even if the site changes, until it is undrained. The last server that is
    not drained cannot be drained.
  - Run it on every load balancer, for example with C(delegate_to).
options:
  name:
    description: The site, as in M(slipway.golang.nginx_site).
    type: str
    required: true
  server:
    description: The server's address, as in the site's O(slipway.golang.nginx_site#module:servers).
    type: str
    required: true
  state:
    description:
      - V(drain) sends no new requests to the server, and waits until nginx has no connection to it.
      - V(undrain) sends requests to it again.
    type: str
    choices: [drain, undrain]
    required: true
  timeout:
    description: How many seconds to wait for the last connection. If one is left then, the task does not
      fail; see RV(connections).
    type: int
    default: 30
extends_documentation_fragment:
  - slipway.golang.attributes
notes:
  - Needs root on the host (set C(become)).
  - Connections to a unix socket cannot be counted; the module does not wait for them.
seealso:
  - module: slipway.golang.nginx_site
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Drain this host on every load balancer
  slipway.golang.nginx_upstream:
    name: orders
    server: "{{ ansible_host }}:8080"
    state: drain
  delegate_to: "{{ item }}"
  loop: "{{ groups['balancers'] }}"
  become: true
"""

RETURN = r"""
servers:
  description: All servers of the site, and whether each is drained.
  returned: success
  type: dict
  sample: {"10.0.0.11:8080": true, "10.0.0.12:8080": false}
connections:
  description: How many connections to the server were left at the end; null if they cannot be counted.
  returned: success and O(state=drain)
  type: int
  sample: 0
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.common import names
from ..module_utils.common.errors import SlipwayError
from ..module_utils.host.nginx import apply, drain


def run(params, check_mode):
    """Observe, decide, apply, wait; returns the result."""
    name = names.check_app(params["name"])
    draining = params["state"] == "drain"
    with apply.locked(name, check_mode):
        plan = drain.decide(name, {params["server"]: draining})
        if plan.changed and not check_mode:
            apply.require_nginx()
            drain.apply(plan)
    result = {"changed": plan.changed, "diff": plan.diff, "servers": plan.servers}
    if draining:
        result["connections"] = drain.wait(params["server"], 0 if check_mode else params["timeout"])
    return result


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "server": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["drain", "undrain"], "required": True},
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    try:
        result = run(module.params, module.check_mode)
    except SlipwayError as error:
        module.fail_json(msg=str(error), **error.facts)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
