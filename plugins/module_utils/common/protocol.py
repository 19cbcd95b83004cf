# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the controller and the engine on the host say to each other."""

from __future__ import annotations

# Begins the one line of standard output that is the engine's result; a login shell may print what it likes before it.
MARK = "SLIPWAY-RESULT "
