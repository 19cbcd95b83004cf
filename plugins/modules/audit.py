# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is the documentation; plugins/action/audit.py does the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: audit
short_description: Compare what runs with a database of known vulnerabilities
version_added: 0.1.0
description:
  - It is part of the playbook C(slipway.golang.audit), and runs on the controller. It reads what
    M(slipway.golang.sbom_info) registered as C(slipway__sbom) on the hosts of the service.
  - Versions of modules are compared, once for each distinct bill of materials. So it says what a release has,
    and not what its code can reach.
  - It fails if a release has a vulnerability that is not ignored, and also if a host could not be scanned.
    What is ignored, and which database is asked, say the C(vulnerabilities) of C(slipway_build); see
    O(slipway.golang.build#module:vulnerabilities).
extends_documentation_fragment:
  - slipway.golang.attributes
  - slipway.golang.attributes.info_module
seealso:
  - module: slipway.golang.sbom_info
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Read modules of the live release
  slipway.golang.sbom_info:
    name: orders
  become: true
  register: slipway__sbom

- name: Compare with the database
  slipway.golang.audit:
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
found:
  description: One for each vulnerability on each host.
  returned: always
  type: list
  elements: dict
  contains:
    host:
      description: The host.
      type: str
    release:
      description: Id of the release that serves there.
      type: str
    since:
      description: When it went live there; null if that is not known.
      type: str
    id:
      description: Id of the vulnerability.
      type: str
      sample: GO-2026-1234
    aliases:
      description: Its other ids.
      type: list
      elements: str
    module:
      description: The module that has it; C(stdlib) is Go's own library.
      type: str
    version:
      description: The version of the module.
      type: str
    fixed:
      description: The next version without it; empty if there is none.
      type: str
    summary:
      description: What the database says of it, in one line.
      type: str
    ignored:
      description: Null here; under RV(ignored) the entry that ignores it.
      type: dict
ignored:
  description: The same for what is ignored.
  returned: always
  type: list
  elements: dict
not_scanned:
  description: Host to why it, or a part of what it runs, could not be scanned.
  returned: always
  type: dict
  sample: {web3: ["unreachable: Failed to connect to the host via ssh"]}
scanned:
  description: The hosts that were scanned.
  returned: always
  type: list
  elements: str
databases:
  description: URL of each database, and when it was changed last.
  returned: always
  type: dict
"""
