# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is the documentation; plugins/action/profile_report.py does the work, on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: profile_report
short_description: Choose the hosts of a profile, and merge and draw what they gave
version_added: 0.1.0
description:
  - The playbook C(slipway.golang.profile) uses it. It reads what M(slipway.golang.profile) and
    M(slipway.golang.pgo_measure) registered on each host, and connects to none.
  - C(go tool pprof) merges and draws, so Go is needed on the controller.
options:
  step:
    description:
      - V(choose) after every host was asked what it serves. It fails if the hosts serve different releases
        and O(release) names none of them.
      - V(report) writes the merged profile, a page with the flame graph, a table and a JSON file beside the
        artifacts, and with C(slipway_pgo) the file C(default.pgo) in the source.
      - V(gain) adds what was measured to the JSON file, and prints it.
    type: str
    required: true
    choices: [choose, report, gain]
  release:
    description: With V(choose), the id or version of the release to ask.
    type: str
    default: ""
extends_documentation_fragment:
  - slipway.golang.attributes.controller
attributes:
  check_mode:
    details: In check mode hosts are chosen and named, and nothing is written.
notes:
  - Use it with C(run_once), C(delegate_to) and C(delegate_facts), as in the example.
seealso:
  - module: slipway.golang.profile
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Choose hosts
  slipway.golang.profile_report:
    step: choose
  delegate_to: localhost
  delegate_facts: true
  run_once: true
"""

RETURN = r"""
ansible_facts:
  description: What the playbook uses, as the fact C(slipway__profile).
  returned: success
  type: dict
  contains:
    slipway__profile:
      description: The hosts, the release and the files of the profile.
      type: dict
"""
