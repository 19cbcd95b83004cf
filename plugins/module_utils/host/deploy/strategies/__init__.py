# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strategies: how a staged release takes over from the one that serves. A new one is a new file here, and nothing else.

A strategy is a module with

- ``NAME``, and ``REPLACES``: the strategies of live releases that it can take over from;
- ``units(wanted)``: unit file name to the sections that ``common.unit`` renders;
- ``serving(layout)``: the unit whose main process answers requests;
- ``services(app)``: every unit that it may have started;
- ``port(layout)``: where that process listens, None for where its release says;
- ``go_live(act)``: bring ``act.target`` up and judge it; raises where it is not healthy;
- ``put_back(act)``: bring ``act.old`` back after ``go_live`` raised and had switched, and judge it; raises where that failed too.

``act`` (``story.Act``) has the steps that strategies are made of.
"""

from __future__ import annotations

import importlib

from ....common.errors import InvalidInput
from ....common.strategies import STRATEGIES


def load(name):
    """The strategy of that name: the file of that name beside this one."""
    if name not in STRATEGIES:
        raise InvalidInput("strategy", name, "use one of %s" % ", ".join(sorted(STRATEGIES)))
    return importlib.import_module("." + name, __name__)
