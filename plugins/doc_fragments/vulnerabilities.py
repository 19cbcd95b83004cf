# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What counts as a known vulnerability."""

    DOCUMENTATION = r"""
options:
  vulnerabilities:
    description:
      - What counts as a vulnerability, for V(govulncheck) in O(gates) and for the playbook
        C(slipway.golang.audit).
    type: dict
    default: {}
    suboptions:
      ignore:
        description:
          - Vulnerabilities that do not count for a while. The provenance records those that were found.
          - An entry whose day is over ignores nothing any more, and is a warning. So is one that is not
            needed.
        type: list
        elements: dict
        default: []
        suboptions:
          id:
            description: Its id, as V(GO-2026-1234), or one of its aliases, as V(CVE-2026-12345).
            type: str
            required: true
          until:
            description: The last day on which it is ignored, as V(2027-01-31), in UTC.
            type: str
            required: true
          why:
            description: The reason, in one line.
            type: str
            required: true
      database:
        description:
          - URL of a database in the layout of C(vuln.go.dev). A copy on the builder is V(file:///srv/vulndb).
        type: str
        default: https://vuln.go.dev
      level:
        description:
          - V(reachable) counts what the program can call, V(imported) also what is in a package that it
            imports, V(required) also what is in any other part of a module that it is built with.
          - With V(advisory) nothing fails, not even a scan that could not be made. All of it is a warning.
        type: str
        choices: [reachable, imported, required, advisory]
        default: reachable
"""
