# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is the documentation; plugins/action/sbom_info.py does the work, with the engine that it streams.

from __future__ import annotations

DOCUMENTATION = r"""
module: sbom_info
short_description: List the modules that the live release of a Go service is built with
version_added: 0.1.0
description:
  - Reads the bill of materials that came with the release that serves. With the strategy V(blue_green) that
    is the release of the instance that nginx sends to.
  - It fails if the binary that runs is not the one that was released, as then its modules are not known.
extends_documentation_fragment:
  - slipway.golang.service
  - slipway.golang.attributes
  - slipway.golang.attributes.info_module
notes:
  - Needs root on the host - set C(become) - and there Python 3.8 or newer.
seealso:
  - module: slipway.golang.audit
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Read modules of the live release
  slipway.golang.sbom_info:
    name: orders
  become: true
  register: bill
"""

RETURN = r"""
release:
  description: Id of the release that serves.
  returned: success
  type: str
  sample: 1.4.2-0a1b2c3d4e5f
version:
  description: Its version.
  returned: success
  type: str
  sample: 1.4.2
artifact:
  description: Digest of the artifact that it was made from.
  returned: success
  type: str
target:
  description: The platform that its binary is for.
  returned: success
  type: str
  sample: linux/amd64/v1
unit:
  description: The unit that serves.
  returned: success
  type: str
  sample: orders@green.service
pid:
  description: Its main process.
  returned: success
  type: int
since:
  description: When the release went live; null if the history does not go back so far.
  returned: success
  type: str
  sample: "2026-11-28T10:00:00Z"
digest:
  description: SHA-256 of the bill of materials.
  returned: success
  type: str
main:
  description: Package URL of the program.
  returned: success
  type: str
  sample: pkg:golang/example.com/orders@1.4.2
modules:
  description:
    - Path, version, and what it replaces, of each module that is linked into the program. C(std) is Go's own
      library.
  returned: success
  type: list
  elements: list
  sample: [["golang.org/x/net", "v0.30.0", ""], ["std", "1.26.8", ""]]
"""
