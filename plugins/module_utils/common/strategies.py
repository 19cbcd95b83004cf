# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The strategies by name: each is a file in host/deploy/strategies/ and a line here."""

from __future__ import annotations

# Strategy to the packages of host/ that it uses in addition to those of every deploy.
STRATEGIES: dict[str, tuple[str, ...]] = {
    "blue_green": ("nginx",),
    "restart": (),
    "socket": (),
}


def units(app: str) -> tuple[str, ...]:
    """Every unit that an app may have, whatever its strategy is or was."""
    return (app + ".service", app + "@blue.service", app + "@green.service", app + ".socket")
