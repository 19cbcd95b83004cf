# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_upstream
short_description: Drain a server behind an nginx site, or send requests to it again
version_added: 0.1.0
description:
  - Takes servers of a site out of the balance before work is done on them, and brings them back. Requests that are on their way are finished.
  - A drained server stays drained, whatever else happens to the site, until it is undrained. The last server that is left cannot be drained.
  - Run it on every balancer, for instance with C(delegate_to).
options:
  name:
    description: The site, as in M(slipway.golang.nginx_site).
    type: str
    required: true
  server:
    description: The server's address, as it stands in the site's O(slipway.golang.nginx_site#module:servers).
    type: str
    required: true
  state:
    description:
      - V(drain) sends no new request to the server, and waits until nginx has no connection to it any more.
      - V(undrain) sends requests to it again.
    type: str
    choices: [drain, undrain]
    required: true
  timeout:
    description: How many seconds to wait for the last connection. It is no failure when there still is one then; RV(connections) says so.
    type: int
    default: 30
extends_documentation_fragment:
  - slipway.golang.attributes
notes:
  - Needs root on the host - set C(become).
  - Connections to a unix socket cannot be counted; there is no waiting for them.
seealso:
  - module: slipway.golang.nginx_site
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Take this host out of the balance
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
  description: How many connections to the server were left at the end. Null where they cannot be counted.
  returned: success and O(state=drain)
  type: int
  sample: 0
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.common import names
from ..module_utils.common.errors import SlipwayError
from ..module_utils.host.nginx import apply, drain


def run(params, check_mode):
    """Decide, act, wait; returns the result."""
    name = names.check_app(params["name"])
    down = params["state"] == "drain"
    with apply.alone(name, check_mode):
        wanted = drain.plan(name, {params["server"]: down})
        if wanted.changed and not check_mode:
            apply.require_nginx()
            wanted.act()
    result = {"changed": wanted.changed, "diff": wanted.diff(), "servers": wanted.servers()}
    if down:
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
