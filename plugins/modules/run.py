# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: run
short_description: Run a command of a Go service, such as a migration
version_added: 0.1.0
description:
  - Runs the binary of a release that is on the host, with arguments of your own. It has the user, the
    environment, the sandbox and the limits of the service, as the unit of that release describes them, and
    the same state directory.
  - The command is a transient unit beside the live service, C(<name>-run-<id>.service). The service is not
    touched.
  - Its output and exit status are returned. The task fails where the exit status is not 0.
  - If the connection is lost, the command goes on. It ends by itself, or after O(timeout).
  - Each command is one line in C(/opt/<name>/history.jsonl), with its arguments and its exit status, and
    without its output. Put secrets into the service's environment, not into the arguments.
  - The playbook C(slipway.golang.run) runs one-off commands, and C(slipway.golang.deploy) migrations.
  - The module is executed by an action plugin, in one remote execution that needs nothing on the host but
    Python and systemd.
options:
  args:
    description: The arguments of the binary. No shell reads them. V({port}) and V({config}) stand for the
      port of the release and the directory of its configuration files, as in the service's own arguments.
    type: list
    elements: str
    required: true
  release:
    description: The release whose binary, environment and unit are used - V(current), V(previous), an id or a
      version. It must be on the host.
    type: str
    default: current
  timeout:
    description: After how many seconds a command that still runs is stopped, at first by SIGTERM.
    type: int
    default: 600
  once:
    description:
      - For migrations. The command is not run again where the history says that the same arguments have
        succeeded with the same release on this host.
      - No deploy on this host can begin while it runs.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.golang.service
  - slipway.golang.attributes
attributes:
  check_mode:
    details: In check mode nothing is run. RV(msg) says what would be.
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
- name: Show which migrations are applied
  slipway.golang.run:
    name: orders
    args: [migrate, status]
  become: true
  register: migrations

- name: Print them
  ansible.builtin.debug:
    msg: "{{ migrations.stdout_lines }}"

- name: Stage a release
  slipway.golang.release:
    name: orders
    artifact: [dist/orders-1.4.2-linux-amd64.tar.gz]
    state: staged
  become: true
  register: staged

- name: Migrate with it before it is live
  slipway.golang.run:
    name: orders
    args: [migrate, up]
    release: "{{ staged.release }}"
    once: true
  become: true
  run_once: true
"""

RETURN = r"""
release:
  description: Id of the release whose binary was run.
  returned: always
  type: str
  sample: 1.4.2-0a1b2c3d4e5f
rc:
  description: The exit status. V(124) if the command did not end within O(timeout), and 128 and the number of
    the signal if a signal ended it.
  returned: when it was run
  type: int
  sample: 0
stdout:
  description: The last 64 kB that it printed.
  returned: when it was run
  type: str
stdout_lines:
  description: RV(stdout) as lines.
  returned: when it was run
  type: list
  elements: str
stderr:
  description: The last 64 kB that it printed to standard error.
  returned: when it was run
  type: str
stderr_lines:
  description: RV(stderr) as lines.
  returned: when it was run
  type: list
  elements: str
output_cut:
  description: Whether it printed more than is returned.
  returned: when it was run
  type: bool
seconds:
  description: How long it took.
  returned: when it was run
  type: float
  sample: 1.2
msg:
  description: Why it failed, or in check mode what would be run.
  returned: when it was not run, or failed
  type: str
"""
