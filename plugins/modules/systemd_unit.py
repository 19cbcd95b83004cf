# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: systemd_unit
short_description: Run any binary as a hardened systemd service
version_added: 0.1.0
description:
  - Writes a service unit with a strict sandbox for a binary that is on the host already, enables it and
    starts it.
  - systemd verifies the unit first. If it reports an error the task fails with systemd's message, and the
    installed unit keeps running. If a new unit does not start, or ends within half a second, the old one is
    put back.
  - M(slipway.golang.release) includes all of this. Use this module for a binary that came to the host in
    another way.
options:
  name:
    description: The service's name; also its unit, its user unless O(unit.user) says otherwise, and its
      directories.
    type: str
    required: true
  binary:
    description: Absolute path of the binary. Required unless O(state=absent).
    type: str
  environment_file:
    description:
      - Absolute path of a file with environment variables, which systemd reads as root. It must exist when
        the service starts.
    type: str
  state:
    description:
      - V(started) installs and starts the unit, and restarts it if the unit, or a drop-in of it, has changed.
      - V(restarted) always restarts it, for instance from a handler after the binary was replaced.
      - V(stopped) installs the unit and stops it.
      - V(present) installs the unit, and neither starts nor stops anything.
      - V(absent) stops the service and removes its unit. Drop-ins, the binary and the service's data stay.
    type: str
    choices: [started, restarted, stopped, present, absent]
    default: started
  enabled:
    description: Whether the service starts with the host. Not used with O(state=absent).
    type: bool
    default: true
  adopt:
    description:
      - Whether to take over a service of this name that this module did not set up. Without it the task fails
        and names what is there.
      - The old unit is kept in C(/var/lib/slipway-adopted-<name>), for root only. It is put back, and started
        if it ran, where the new unit does not start.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.golang.unit
  - slipway.golang.attributes
notes:
  - Needs root on the host - set C(become) - and systemd 240 or newer.
  - A masked unit is not changed.
  - With O(state=absent), a unit that this module did not write stays, with a warning.
  - A unit of this module's that somebody edited is kept in C(/var/lib/slipway-adopted-<name>) when it is
    replaced or removed.
  - To check that the service is healthy, and not only running, use M(slipway.golang.health).
seealso:
  - module: slipway.golang.release
  - module: slipway.golang.health
  - module: ansible.builtin.systemd_service
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Run a binary as a hardened service
  slipway.golang.systemd_unit:
    name: orders
    binary: /usr/local/bin/orders
  become: true

- name: Run it with arguments, a port below 1024, a memory limit and a secret
  slipway.golang.systemd_unit:
    name: orders
    binary: /usr/local/bin/orders
    environment_file: /etc/orders/environment
    unit:
      exec_args: ["--config", "/etc/orders/config.yml"]
      capabilities: [CAP_NET_BIND_SERVICE]
      memory_max: 512M
      credentials:
        database-password: /etc/orders/database-password
      hardening:
        MemoryDenyWriteExecute: false
      directives:
        Unit:
          Requires: postgresql.service
  become: true

- name: Remove the service from the host
  slipway.golang.systemd_unit:
    name: orders
    state: absent
  become: true
"""

RETURN = r"""
actions:
  description: What was done, in order; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: ["install orders.service", "reload orders.service", "restart orders.service"]
kept:
  description: Where unit files that were replaced or removed, and that this module did not write, were kept.
  returned: success
  type: list
  elements: str
  sample: [/var/lib/slipway-adopted-orders/orders.service.2026-11-20T101500Z]
unit_file:
  description: Path of the unit file.
  returned: always
  type: str
  sample: /etc/systemd/system/orders.service
status:
  description:
    - The unit's properties after the task, as C(systemctl show) prints them - C(ActiveState), C(MainPID),
      C(NRestarts), C(UnitFileState) and others.
  returned: success
  type: dict
  sample: {ActiveState: active, MainPID: 1234, NRestarts: 0, UnitFileState: enabled}
systemd:
  description: The errors that systemd reports for the unit.
  returned: when the unit does not verify
  type: list
  elements: str
  sample: ["orders.service:7: Unknown key 'Foo' in section [Service], ignoring."]
journal:
  description: The newest lines of the service in the journal.
  returned: when the service did not start
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.common import names, unit
from ..module_utils.common.errors import SlipwayError
from ..module_utils.host.systemd import accounts, foreign, service, systemctl, unit_file, written

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "binary": {"type": "str"},
    "environment_file": {"type": "str"},
    "unit": {"type": "dict", "options": unit.OPTIONS, "default": {}},
    "state": {
        "type": "str",
        "choices": ["started", "restarted", "stopped", "present", "absent"],
        "default": "started",
    },
    "enabled": {"type": "bool", "default": True},
    "adopt": {"type": "bool", "default": False},
}


def run(params, check_mode):
    """Observe, plan, check, apply; returns the result."""
    app = names.check_app(params["name"])
    unit_name = app + ".service"
    text = "" if params["state"] == "absent" else unit_text(app, params)
    before, found = service.observe(unit_name), written.find(unit_name, text)
    if found and not text:
        return _left_alone(unit_name, before, found)
    written.check(found, params["adopt"])
    differs = bool(text) and bool(unit_file.differences({unit_name: text}))
    steps = service.plan(before, differs=differs, state=params["state"], enabled=params["enabled"])
    shown = foreign.shown(found).lstrip() if found else before.text
    result = {"changed": bool(steps), "diff": {"before": shown, "after": text}, "kept": []}
    result["actions"] = ["%s %s" % (step, unit_name) for step in steps]
    if text and not differs and not check_mode:
        written.note(unit_name, text)
    if steps and not check_mode:
        if "start" in steps or "restart" in steps:
            accounts.check_accounts(text)
        service.preflight(unit_name, text, params["binary"], steps)
        result["kept"] = service.apply(unit_name, text, steps, before, found)
    elif "install" in steps:
        unit_file.verify({unit_name: text})
    return dict(result, status=systemctl.show(unit_name))


def _left_alone(unit_name, before, found):
    """A unit that is not Slipway's is not removed either."""
    return {
        "changed": False,
        "diff": {"before": before.text, "after": before.text},
        "actions": [],
        "kept": [],
        "warnings": ["This is not Slipway's and stays: %s" % found.described()],
        "status": systemctl.show(unit_name),
    }


def unit_text(app, params):
    """The text of the unit file, from the options."""
    sections = unit.sections(
        app, params["unit"], binary=params["binary"], environment_file=params["environment_file"]
    )
    return unit.render(sections)


def main():
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[
            ("state", state, ["binary"]) for state in ("started", "restarted", "stopped", "present")
        ],
        supports_check_mode=True,
    )
    facts = {"unit_file": "%s/%s.service" % (unit_file.DIRECTORY, module.params["name"])}
    try:
        result = run(module.params, module.check_mode)
    except SlipwayError as error:
        module.fail_json(msg=str(error), **dict(facts, **error.facts))
    for warning in result.pop("warnings", []):
        module.warn(warning)
    module.exit_json(**dict(facts, **result))


if __name__ == "__main__":
    main()
