# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Which service a module is about."""

    DOCUMENTATION = r"""
options:
  name:
    description: The service's name.
    type: str
    required: true
  root:
    description: The service's directory on the host. Default is C(/opt/) and O(name).
    type: path
"""
