# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: health
short_description: Wait until a service is healthy and stays healthy
version_added: 0.1.0
description:
  - Probes a service over HTTP, TCP, a unix socket or by a command until it is ready, and then for a while
    longer.
  - It is the check of M(slipway.golang.release), and it can be used on any service, from any machine.
  - It changes nothing, so it probes in check mode too.
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
- name: Wait until orders is healthy
  slipway.golang.health:
    port: 8080
    path: /healthz

- name: Check from the controller that the new version is served
  slipway.golang.health:
    scheme: https
    host: orders.example.com
    port: 443
    path: /healthz
    status: [200]
    release: 1.4.2
    deadline: 10
  delegate_to: localhost

- name: Check once, without waiting
  slipway.golang.health:
    port: 8080
    path: /healthz
    deadline: 0
    min_ready_seconds: 0

- name: Wait for PostgreSQL by its own tool
  slipway.golang.health:
    command: [pg_isready, -q]
    deadline: 60
    min_ready_seconds: 0
"""

RETURN = r"""
ready_ms:
  description: Milliseconds from the start until the service was ready; null if it never was.
  returned: when the options are valid
  type: int
  sample: 12
seconds:
  description: Seconds that all of it took.
  returned: when the options are valid
  type: float
  sample: 2.013
reason:
  description: Why the service is not healthy; empty if it is.
  returned: when the options are valid
  type: str
  sample: ""
status:
  description: The HTTP status of the last probe, null if there was none.
  returned: when the options are valid
  type: int
  sample: 200
release:
  description: The release in the last probe's answer, null if it named none.
  returned: when the options are valid
  type: str
  sample: 1.4.2
count:
  description: Number of probes.
  returned: when the options are valid
  type: int
  sample: 4
attempts:
  description: The probes, in order; of more than twenty the first ten and the last ten.
  returned: when the options are valid
  type: list
  elements: dict
  contains:
    at_ms:
      description: Its start, in milliseconds from the start of the module.
      type: int
      sample: 0
    ms:
      description: Its duration in milliseconds.
      type: int
      sample: 3
    ok:
      description: Whether it succeeded.
      type: bool
      sample: true
    status:
      description: The HTTP status, null if there was none.
      type: int
      sample: 200
    reason:
      description: Why it failed, empty if it did not.
      type: str
      sample: ""
"""

import shlex

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.common import health
from ..module_utils.common.errors import SlipwayError


def main():
    module = AnsibleModule(
        argument_spec=dict(health.OPTIONS, release={"type": "str"}), supports_check_mode=True
    )
    options = dict(module.params)
    release = options.pop("release")
    try:
        check = health.parse(options)
    except SlipwayError as error:
        module.fail_json(msg=str(error), **error.facts)
    verdict = health.wait_until_ready(check, release=(release,) if release else None)
    last = verdict.attempts[-1]
    result = dict(verdict.to_dict(), status=last.status, release=last.release)
    if not result.pop("ok"):
        module.fail_json(msg=_failure(check, verdict), **result)
    module.exit_json(changed=False, **result)


def _failure(check, verdict):
    message = (
        "%s after %d probes in %.1f s (deadline %g s, min_ready_seconds %g s, timeout %g s, "
        "failure_threshold %d): %s. Next, on this machine: %s"
    )
    return message % (
        "Not healthy" if verdict.ready_ms is None else "Ready, but not healthy",
        verdict.count,
        verdict.seconds,
        check.deadline,
        check.min_ready_seconds,
        check.timeout,
        check.failure_threshold,
        verdict.reason,
        _next(check),
    )


def _next(check):
    """The command for a closer look."""
    if check.type == "command":
        return check.target
    if check.type == "tcp":
        return "ss -ltnp 'sport = :%d'" % check.port
    if not check.path:
        return "ls -l %s; ss -lxp" % shlex.quote(check.socket)
    where = "http://localhost" if check.type == "unix" else check.target.split(" ")[1][: -len(check.path)]
    argv = ["curl", "-iv"] + {"GET": [], "HEAD": ["-I"]}.get(check.method, ["-X", check.method])
    argv += ["--unix-socket", check.socket] if check.type == "unix" else []
    argv += ["-k"] if not check.validate_certs else []
    return " ".join(shlex.quote(word) for word in argv + [where + check.path])


if __name__ == "__main__":
    main()
