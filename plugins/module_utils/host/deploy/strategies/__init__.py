# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strategies: how a staged release takes over from the live one.

A new one is a file here, a module with what ``Strategy`` lists, and a line in common/strategies.py.
"""

from __future__ import annotations

import importlib
from collections import namedtuple

from ....common.errors import InvalidInput
from ....common.strategies import STRATEGIES

# A release that is not live, and the percentage of requests that it has.
Share = namedtuple("Share", "release percent")

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from typing import Protocol

    from ...releases.layout import Layout
    from ..request import Request
    from ..steps import Deployment

    class Strategy(Protocol):
        """What the module of a strategy has. It is made of the steps of ``Deployment``."""

        NAME: str
        REPLACES: tuple[str, ...]
        """The strategies of live releases that it can take over from."""

        def units(self, request: Request) -> dict[str, dict]:
            """Unit file name to the sections that ``common.unit`` renders."""

        def serving(self, layout: Layout) -> str:
            """The unit whose main process answers requests."""

        def services(self, app: str) -> list[str]:
            """Every unit that it may have started."""

        def port(self, layout: Layout) -> int | None:
            """Where that process listens; None if only its release says so."""

        def leftovers(self, layout: Layout) -> list[str]:
            """Units of other releases that still run or are enabled, because a deploy was interrupted."""

        def retire_leftovers(self, deployment: Deployment) -> None:
            """Stop and disable them; a failure is a warning."""

        def shared(self, layout: Layout) -> Share | None:
            """What a release that is not live has of the requests. Only ``blue_green`` gives it something."""

        def route_to_adopted(self, deployment: Deployment) -> None:
            """Send requests to the adopted service again, if something else than its port decides that."""

        def require(self, deployment: Deployment) -> None:
            """Raise if the host lacks what ``go_live`` needs. Changes nothing; check mode asks too."""

        def planned(self, deployment: Deployment) -> list[str]:
            """Which units ``go_live`` starts and stops, for the plan: "restart orders.service"."""

        def go_live(self, deployment: Deployment) -> None:
            """Start ``deployment.target`` and wait until it is healthy; raises if it is not."""

        def put_back(self, deployment: Deployment) -> None:
            """Make ``deployment.old`` live again and wait until it is healthy; raises if it is not.

            Called after ``go_live`` raised, if it had switched.
            """


def load(name: str) -> Strategy:
    """The strategy of that name: the file of that name beside this one."""
    if name not in STRATEGIES:
        raise InvalidInput("strategy", name, "use one of %s" % ", ".join(sorted(STRATEGIES)))
    return importlib.import_module("." + name, __name__)
