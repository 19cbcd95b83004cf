# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two instances behind nginx: the new one gets requests once it is healthy, the old one finishes its own.

No request is lost or waits, however long the start takes. A bad release never gets a request; one that
becomes unhealthy under traffic is replaced by the old one, which still runs. The instances are `<app>@blue`
and `<app>@green`, on two ports; nginx looks at every request for the file that says which one is live
(``nginx/live_color.py``).
"""

from __future__ import annotations

import os
import re

from ....common import environment, unit
from ....common.errors import SlipwayError
from ...system.files import read_text, replace
from ...systemd import systemctl, unit_file

NAME = "blue_green"
REPLACES = ("restart", "blue_green")
COLORS = ("blue", "green")
# Stands for systemd's %i until the unit is rendered, which would escape a percent sign.
_INSTANCE = "@instance@"


def units(request):
    """One template for both instances; each has a link to its release, and its port."""
    layout = request.layout
    home = os.path.join(layout.root, _INSTANCE)
    sections = unit.sections(
        request.app,
        request.unit,
        binary="%s/bin/%s" % (home, request.app),
        environment_file=home + "/environment",
    )
    service = []
    for key, value in sections["Service"]:
        service.append((key, value.replace(_INSTANCE, "%i")))
        if key == "EnvironmentFile":
            service.append((key, "%s/%%i.port" % layout.root))
    # Both instances share the directory in /run: the one that ends must not remove it.
    sections["Service"] = service + [("RuntimeDirectoryPreserve", "yes")]
    return {"%s@.service" % layout.app: sections}


def serving(layout):
    """The instance that nginx sends to; before there is one, the unit of the strategy `restart`."""
    color = _live(layout)
    return _unit(layout, color) if color else layout.app + ".service"


def services(app):
    return ["%s@%s.service" % (app, color) for color in COLORS]


def port(layout):
    color = _live(layout)
    return _port_of(layout, color) if color else None


def go_live(deployment):
    old = _Old(deployment)
    new = _Instance(deployment, deployment.target, _color_for_new(deployment, old))
    _require_nginx(deployment, deployment.target)
    deployment.check_port(new.unit, new.port)
    try:
        new.start()
        deployment.wait_healthy(deployment.target, new.unit, port=new.port, hold=False)
        # First: after a power cut nginx must not send to an instance that the boot does not start.
        systemctl.enable(new.unit)
        _send_to(deployment, new.color)
    except BaseException:
        new.stop()
        new.restore_units()
        raise
    deployment.switch(deployment.target, previous=deployment.previous_after_success())
    deployment.wait_healthy(deployment.target, new.unit, port=new.port)
    old.retire()


def put_back(deployment):
    old, new_color = _Old(deployment), _live(deployment.layout)
    if not old.runs():
        deployment.start(old.unit)
    _send_to(deployment, old.color)
    deployment.switch_back(previous=deployment.previous_after_putting_back())
    systemctl.stop(_unit(deployment.layout, new_color))
    systemctl.disable(_unit(deployment.layout, new_color))
    deployment.wait_healthy(deployment.old, old.unit, port=old.port, hold=False)


def _color_for_new(deployment, old):
    """The color that is not live; green where the single service of `restart` has blue's port."""
    if _live(deployment.layout) == "blue" or old.port == _own_port(deployment, deployment.target):
        return "green"
    return "blue"


class _Instance:
    """The instance that is not live, and is about to be."""

    def __init__(self, deployment, target, color):
        self._deployment = deployment
        self.color = color
        self._units_before = {
            name: unit_file.installed(name, deployment.layout.unit_dir) for name in target.units
        }
        self.unit = _unit(deployment.layout, color)
        self.port = _ports(deployment, target)[color]

    def start(self):
        """Start it beside the live one, after stopping what an interrupted deploy may have left."""
        deployment, layout = self._deployment, self._deployment.layout
        systemctl.stop(self.unit)
        layout.point(self.color, deployment.target.id)
        _write_port(layout, self.color, deployment.request.port_variable, self.port)
        if unit_file.install(deployment.target.units, layout.unit_dir):
            unit_file.daemon_reload()
        deployment.start(self.unit, enable=False)

    def stop(self):
        systemctl.stop(self.unit)
        systemctl.disable(self.unit)

    def restore_units(self):
        """Install the unit's old text again, which the live instance would be restarted with."""
        before = {name: text for name, text in self._units_before.items() if text}
        if before and unit_file.install(before, self._deployment.layout.unit_dir):
            unit_file.daemon_reload()


class _Old:
    """What served when this deploy began: an instance, or the single service of the strategy `restart`."""

    def __init__(self, deployment):
        self._deployment = deployment
        self.unit = deployment.state.unit_name
        instance = self.unit.partition("@")[2].partition(".")[0]
        self.color = instance or "blue"  # nginx takes a single service for blue
        self.port = self._port(instance)

    def _port(self, instance):
        if instance:
            return _port_of(self._deployment.layout, instance)
        return _own_port(self._deployment, self._deployment.old) if self._deployment.old else None

    def runs(self):
        return systemctl.show(self.unit)["ActiveState"] in ("active", "reloading")

    def retire(self):
        """Let it finish its requests, then stop it. A failure is a warning: the new release serves."""
        from ...nginx import drain

        if not self.runs():
            return
        deployment, seconds = self._deployment, self._deployment.request.drain_seconds
        try:
            with deployment.phase("drain"):
                left = drain.wait("127.0.0.1:%d" % self.port, seconds)
                systemctl.stop(self.unit)
                systemctl.disable(self.unit)
        except SlipwayError as error:
            deployment.warnings.append("%s could not be stopped: %s" % (self.unit, error))
            return
        action = "stopped %s" % self.unit
        if left:
            action += ", with %d connections that did not end in %d s" % (left, seconds)
        deployment.actions.append(action)


def _require_nginx(deployment, target):
    from ...nginx import apply, live_color, process

    apply.require_nginx()
    if not process.is_active():
        raise SlipwayError("nginx does not run on this host, and blue_green needs it: systemctl start nginx")
    live_color.require(deployment.app, _ports(deployment, target))


def _send_to(deployment, color):
    """Where nginx sends requests, from the next one on."""
    from ...nginx import live_color

    with deployment.phase("route"):
        live_color.send_to(deployment.app, color)
    deployment.actions.append("nginx sends to %s" % color)


def _unit(layout, color):
    return "%s@%s.service" % (layout.app, color)


def _live(layout):
    """The color that nginx sends to; None if no such instance was ever started."""
    from ...nginx import live_color

    color = live_color.live(layout.app)
    return color if _port_of(layout, color) else None


def _ports(deployment, target):
    """Blue has the release's own port, green the next one."""
    own = _own_port(deployment, target)
    return {"blue": own, "green": deployment.request.alternate_port or own + 1}


def _own_port(deployment, target):
    text = environment.parse(target.environment).get(deployment.request.port_variable, "")
    if not text.isdigit():
        raise SlipwayError(
            "blue_green needs a port that the service learns from %s: set slipway_port (option port)"
            % deployment.request.port_variable
        )
    return int(text)


def _port_of(layout, color):
    """Where an instance listens; None if it was never started."""
    try:
        match = re.search(r'="?([0-9]+)', read_text(_port_file(layout, color)))
    except FileNotFoundError:
        return None
    return int(match[1]) if match else None


def _write_port(layout, color, variable, number):
    text = environment.render({variable: str(number)})
    replace(_port_file(layout, color), text.encode("utf-8"), 0o644)


def _port_file(layout, color):
    return os.path.join(layout.root, color + ".port")
