# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stop the old process, start the new one: works for any app, with a gap as long as its stop and start.

A smoke test comes first, so that a release that cannot serve is refused while the old one still does.
"""

from __future__ import annotations

from ....common import unit

NAME = "restart"
REPLACES = ("restart",)


def units(request):
    return {serving(request.layout): sections(request)}


def sections(request):
    """The service, with what `current` names; the strategy socket has the same."""
    layout = request.layout
    return unit.sections(
        request.app,
        request.unit,
        binary=layout.live_binary,
        environment_file=layout.live_environment,
        port_variable=request.port_variable,
        config=layout.live_config,
    )


def serving(layout):
    return layout.app + ".service"


def services(app):
    return [app + ".service"]


def port(_layout):
    return None


def leftovers(_layout):
    return []  # the old and the new release have the same unit


def retire_leftovers(_deployment):
    pass


def shared(_layout):
    return None


def route_to_adopted(_deployment):
    pass  # whoever has the port gets the requests


def require(deployment):
    deployment.check_port(serving(deployment.layout))


def planned(deployment):
    return [deployment.planned_start(serving(deployment.layout))]


def go_live(deployment):
    unit_name = serving(deployment.layout)
    require(deployment)
    deployment.smoke_test()
    deployment.switch(deployment.target, previous=deployment.previous_after_success())
    deployment.start(unit_name)
    deployment.wait_healthy(deployment.target, unit_name)


def put_back(deployment):
    unit_name = serving(deployment.layout)
    deployment.switch_back(previous=deployment.previous_after_putting_back())
    deployment.start_again(unit_name)
    deployment.wait_healthy(deployment.old, unit_name)
