# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults: what breaks in a drill, and how it is whole again.

A new one is a file here, a module with what ``Fault`` lists, and a line in common/faults.py.
"""

from __future__ import annotations

import importlib

from ....common.errors import InvalidInput
from ....common.faults import FAULTS

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from typing import Protocol

    from ...deploy.live import Live

    class Fault(Protocol):
        """What the module of a fault has.

        What ``plan`` returns is written down on the host before anything happens, and is all that the other
        two get: whoever ends the fault may be a timer, after a reboot.
        """

        def plan(self, live: Live | None, options: dict) -> dict:
            """What there is to do, as plain values; ``does`` says it in words. Changes nothing.

            Raises if it cannot be done here, or could not be undone. ``live``: None on a balancer.
            """

        def begin(self, facts: dict) -> str | None:
            """Break it. May return words that say more than ``does``."""

        def undo(self, facts: dict) -> None:
            """Make it whole. Works twice, after half a ``begin``, and without any; and changes nothing
            that ``begin`` did not do.
            """


def load(name: str) -> Fault:
    """The fault of that name: the file of that name beside this one."""
    if name not in FAULTS:
        raise InvalidInput("fault", name, "use one of %s" % ", ".join(FAULTS))
    return importlib.import_module("." + name, __name__)
