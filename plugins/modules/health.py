# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: health
short_description: Wait until a service is healthy, and see that it stays so
version_added: 0.1.0
description:
  - Asks a service over HTTP, TCP, a unix socket or by a command until it is ready, and then for a while longer.
  - It is the check by which M(slipway.golang.release) judges a release, and it can be used on any service, from any machine.
options:
  release:
    description: The version or release id that the answer must name, where it names one at all.
    type: str
extends_documentation_fragment:
  - slipway.golang.health
  - slipway.golang.attributes
  - slipway.golang.attributes.info_module
seealso:
  - module: slipway.golang.release
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Wait until orders answers
  slipway.golang.health:
    port: 8080
    path: /healthz

- name: See from the controller that the new version is what the world gets
  slipway.golang.health:
    scheme: https
    host: orders.example.com
    port: 443
    path: /healthz
    status: [200]
    release: 1.4.2
    deadline: 10
  delegate_to: localhost

- name: Wait for a database by its own tool
  slipway.golang.health:
    command: [pg_isready, -q]
    deadline: 60
    min_healthy: 0
"""

RETURN = r"""
ready_ms:
  description: Milliseconds until the service was ready; null where it never was.
  returned: always
  type: int
  sample: 12
seconds:
  description: Seconds that all of it took.
  returned: always
  type: float
  sample: 2.013
count:
  description: How many probes there were.
  returned: always
  type: int
  sample: 4
attempts:
  description: The first ten and the last ten probes.
  returned: always
  type: list
  elements: dict
  contains:
    at_ms:
      description: When it began, in milliseconds from the start.
      type: int
      sample: 0
    ms:
      description: How long it took, in milliseconds.
      type: int
      sample: 3
    ok:
      description: Whether it succeeded.
      type: bool
      sample: true
    status:
      description: The HTTP status, null where there was none.
      type: int
      sample: 200
    reason:
      description: Why it failed, empty where it did not.
      type: str
      sample: ""
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.common import health
from ..module_utils.common.errors import SlipwayError


def main():
    module = AnsibleModule(argument_spec=dict(health.OPTIONS, release={"type": "str"}), supports_check_mode=True)
    options = dict(module.params)
    release = options.pop("release")
    try:
        check = health.parse(options)
    except SlipwayError as error:
        module.fail_json(msg=str(error), **error.facts)
    verdict = health.wait(check, release=(release,) if release else None)
    told = verdict.to_dict()
    if not told.pop("ok"):
        module.fail_json(msg=_failure(check, verdict), **told)
    module.exit_json(changed=False, **told)


def _failure(check, verdict):
    return "Not healthy after %d probes in %.1f s (deadline %g s, min_healthy %g s, timeout %g s): %s" % (
        verdict.count, verdict.seconds, check.deadline, check.min_healthy, check.timeout, verdict.reason,
    )  # fmt: skip


if __name__ == "__main__":
    main()
