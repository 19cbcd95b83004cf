# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words of a patch between two artifacts: plugin_utils/delta.py writes them, host/patched.py reads them."""

from __future__ import annotations

import struct

# A record: its kind, how many bytes of the new artifact it makes, and where in the base they are alike.
HEADER = struct.Struct("<BQQ")
COPY = 0  # the base's bytes
XOR = 1  # the base's bytes, each changed by one that follows
LITERAL = 2  # the bytes that follow
