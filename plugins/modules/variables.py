# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is the documentation; plugins/action/variables.py does the work, on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: variables
short_description: Check the variables of the playbooks for all hosts at once
version_added: 0.1.0
description:
  - Reads every variable that begins with C(slipway_) of every host of the inventory, and checks its name,
    type and value. Each problem is reported once, with its hosts and the remedy, before any host is connected
    to.
  - Values may be text, as from C(-e name=value) or an INI inventory; they are taken for what they mean.
  - Names that begin with C(slipway_custom_) are for your own use.
  - The playbooks of this collection run it first. It is of use by itself to check an inventory, in CI for
    instance.
options:
  needs:
    description:
      - Report hosts that lack what a playbook needs - V(source) to build, V(artifacts) to install,
        V(command) to run, V(cluster) an image for a cluster, for V(profile) the source, where the profile is
        used to build, or for V(image) what V(source) needs, and one description of each image.
    type: str
    choices: [source, artifacts, command, profile, audit, drill, image, cluster]
  clusters:
    description:
      - Whether the hosts of the group C(clusters) take part - V(none) of them, V(only) they, or they V(too).
        With V(either), a run has hosts or clusters, and not both.
    type: str
    choices: [none, only, either, too]
    default: none
  reads:
    description:
      - Variables whose files and directories on the controller the playbook uses, such as
        V(slipway_drain_tasks). One that cannot be used is reported. V(source) in O(needs) includes those of
        the build.
    type: list
    elements: str
    choices:
      - slipway_after_tasks
      - slipway_artifacts
      - slipway_before_tasks
      - slipway_config
      - slipway_drain_tasks
      - slipway_plan
      - slipway_report
      - slipway_summary
      - slipway_undrain_tasks
    default: []
  refuses:
    description:
      - Variables that the playbook cannot follow, each with the reason and the remedy. One that has another
        value than its default is reported.
    type: dict
    default: {}
  one_service:
    description: Report an inventory with several services, of which this playbook takes one.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.golang.attributes.controller
notes:
  - Use it with C(run_once), C(delegate_to) and C(delegate_facts), as in the example.
seealso:
  - module: slipway.golang.release
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Check variables
  slipway.golang.variables:
    needs: source
  delegate_to: localhost
  delegate_facts: true
  run_once: true
"""

RETURN = r"""
ansible_facts:
  description: What the playbooks use, as the fact C(slipway__fleet).
  returned: success
  type: dict
  contains:
    slipway__fleet:
      description: The service, its hosts, the waves, and what has to be built for which host.
      type: dict
"""
