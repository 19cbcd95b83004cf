# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults of a drill by name: each is a file in host/drill/faults/ and a line here."""

from __future__ import annotations

FAULTS = (
    "bad_release",
    "cpu",
    "cut_network",
    "disk_full",
    "dns",
    "hang",
    "kill",
    "lossy_network",
    "lost_balancer",
    "memory",
    "reboot",
)
# What happens to a host of the group balancers; all others are faults of a host of the service.
OF_BALANCERS = ("lost_balancer",)
# If nobody has ended a fault so many seconds after it should have ended, the host ends it by itself.
MARGIN_SECONDS = 10
LONGEST_SECONDS = 600
