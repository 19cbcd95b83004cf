# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits that the controller checks before anything is done, and that a host checks again."""

from __future__ import annotations

# A confirmation needs a new connection to the host, and that needs some time.
SHORTEST_CONFIRM = 5
# A shorter lease would lapse between two tasks.
SHORTEST_LEASE = 10
# The percentages of requests that nginx can give to a new instance.
SHARES = (1, 5, 10, 25, 50)
