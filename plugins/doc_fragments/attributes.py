# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The attributes that all modules of this collection share: check mode, diff mode, platform."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Can run in check mode, returns what would change and why, and changes nothing.
  diff_mode:
    support: full
    description: Returns what changed, or would change in check mode, as a small text before and after when in
      diff mode.
  platform:
    support: full
    platforms: linux
    description: Target operating systems that the module can run on.
"""

    CONTROLLER = r"""
options: {}
attributes:
  action:
    description: Runs on the controller, once for all hosts of the play.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
  check_mode:
    support: full
    description: Can run in check mode, and does the same there.
  diff_mode:
    description: There is nothing to compare.
    support: none
  platform:
    description: Target operating systems.
    support: full
    platforms: posix
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Can run in check mode, and does the same there, because it only reads.
  diff_mode:
    support: N/A
    description: Returns what changed, or would change in check mode, as a small text before and after when in
      diff mode.
"""
