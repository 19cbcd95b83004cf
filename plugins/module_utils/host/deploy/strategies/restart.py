# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stop the old process, start the new one: for anything, with a gap as long as the service's own stop and start.

A smoke run comes first, so that a release which cannot serve is refused while the old one still does.
"""

from __future__ import annotations

from ....common import unit

NAME = "restart"
REPLACES = ("restart",)


def units(request):
    layout = request.layout
    parts = unit.sections(
        request.app, request.unit, binary=layout.live_binary, environment_file=layout.live_environment
    )
    return {serving(layout): parts}


def serving(layout):
    return layout.app + ".service"


def services(app):
    return [app + ".service"]


def port(_layout):
    return None


def go_live(deployment):
    deployment.check_port(serving(deployment.layout))
    deployment.smoke_test()
    deployment.switch(deployment.target, previous=deployment.previous_after_success())
    deployment.start(serving(deployment.layout))
    deployment.wait_healthy(deployment.target, serving(deployment.layout))


def put_back(deployment):
    deployment.switch_back(previous=deployment.previous_after_putting_back())
    deployment.start_again(serving(deployment.layout))
    deployment.wait_healthy(deployment.old, serving(deployment.layout))
