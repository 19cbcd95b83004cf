# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stop the old process, start the new one: for anything, with a gap as long as the service's own stop and start.

A smoke run comes first, so that a release which cannot serve is refused while the old one still does.
"""

from __future__ import annotations

from ...common import unit

NAME = "restart"
REPLACES = ("restart",)


def units(wanted):
    layout = wanted.layout
    parts = unit.sections(
        wanted.app, wanted.unit, binary=layout.live_binary, environment_file=layout.live_environment
    )
    return {serving(layout): parts}


def serving(layout):
    return layout.app + ".service"


def services(app):
    return [app + ".service"]


def port(_layout):
    return None


def go_live(act):
    act.check_port(serving(act.layout))
    act.smoke()
    act.switch(act.target, previous=act.previous_after_success())
    act.start(serving(act.layout))
    act.judge(act.target, serving(act.layout))


def put_back(act):
    act.switch_back(previous=act.previous_after_putting_back())
    act.start_again(serving(act.layout))
    act.judge(act.old, serving(act.layout))
