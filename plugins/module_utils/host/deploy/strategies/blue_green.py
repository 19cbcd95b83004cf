# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two instances behind nginx: the new one is judged before it gets a request, and the old one finishes what it has.

Nothing is lost and nothing waits, whatever the start takes. A bad release never sees a request; one that falls ill under
traffic makes room for the old one, which still runs. The instances are `<app>@blue` and `<app>@green`, on two ports; which
of them is live is told by the file that nginx looks for at every request (``nginx/switch.py``).
"""

from __future__ import annotations

import os
import re

from ....common import environment, unit
from ....common.errors import SlipwayError
from ...system.files import read_text, remove, write_file
from ...systemd import systemctl, unit_file

NAME = "blue_green"
REPLACES = ("restart", "blue_green")
COLORS = ("blue", "green")
_INSTANCE = (
    "@instance@"  # stands for systemd's %i until the unit is rendered, where a percent sign would mean itself
)


def units(request):
    """One template for both instances; each has a link to its release, and its port."""
    layout = request.layout
    home = os.path.join(layout.root, _INSTANCE)
    parts = unit.sections(
        request.app,
        request.unit,
        binary="%s/bin/%s" % (home, request.app),
        environment_file=home + "/environment",
    )
    service = []
    for key, value in parts["Service"]:
        service.append((key, value.replace(_INSTANCE, "%i")))
        if key == "EnvironmentFile":
            service.append((key, "%s/%%i.port" % layout.root))
    # Both instances share the directory in /run: the one that ends must not take it from the other.
    parts["Service"] = service + [("RuntimeDirectoryPreserve", "yes")]
    return {"%s@.service" % layout.app: parts}


def serving(layout):
    """The instance that nginx sends to; before the first one, what the strategy `restart` may have left."""
    color = _live(layout)
    return _unit(layout, color) if color else layout.app + ".service"


def services(app):
    return ["%s@%s.service" % (app, color) for color in COLORS]


def port(layout):
    color = _live(layout)
    return _port_of(layout, color) if color else None


def go_live(deployment):
    old = _Old(deployment)
    new = _Instance(
        deployment,
        deployment.target,
        "green"
        if _live(deployment.layout) == "blue" or old.port == _own_port(deployment, deployment.target)
        else "blue",
    )
    _require_nginx(deployment, deployment.target)
    deployment.check_port(new.unit, new.port)
    try:
        new.start()
        deployment.wait_healthy(deployment.target, new.unit, port=new.port, hold=False)
        systemctl.enable(
            new.unit
        )  # first, so that a power cut leaves nobody sending to an instance that the boot does not start
        _send_to(deployment, new.color)
    except BaseException:
        new.stop()
        new.forget()
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


class _Instance:
    """The one that does not serve, and is about to."""

    def __init__(self, deployment, target, color):
        self._deployment = deployment
        self.color = color
        self._found = {name: unit_file.installed(name, deployment.layout.unit_dir) for name in target.units}
        self.unit = _unit(deployment.layout, color)
        self.port = _ports(deployment, target)[color]

    def start(self):
        """Bring it up beside the live one. A leftover of an interrupted deploy makes room."""
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

    def forget(self):
        """The unit's text that the live instance would be started with again."""
        found = {name: text for name, text in self._found.items() if text}
        if found and unit_file.install(found, self._deployment.layout.unit_dir):
            unit_file.daemon_reload()


class _Old:
    """What served when this deploy began: an instance, or the single service of the strategy `restart`."""

    def __init__(self, deployment):
        self._deployment = deployment
        self.unit = deployment.state.unit_name
        instance = self.unit.partition("@")[2].partition(".")[0]
        self.color = instance or "blue"  # a single service is where blue is going to be
        self.port = (
            _port_of(deployment.layout, instance)
            if instance
            else _own_port(deployment, deployment.old)
            if deployment.old
            else None
        )

    def runs(self):
        return systemctl.show(self.unit)["ActiveState"] in ("active", "reloading")

    def retire(self):
        """Let it finish what it has, and stop it. What goes wrong now is no failure of the deploy: the new one serves."""
        from ...nginx import drain

        if not self.runs():
            return
        deployment = self._deployment
        try:
            with deployment.phase("drain"):
                left = drain.wait("127.0.0.1:%d" % self.port, deployment.request.drain_seconds)
                systemctl.stop(self.unit)
                systemctl.disable(self.unit)
        except SlipwayError as error:
            deployment.warnings.append("%s could not be stopped: %s" % (self.unit, error))
        else:
            ending = (
                ", with %d connections that did not end in %d s" % (left, deployment.request.drain_seconds)
                if left
                else ""
            )
            deployment.actions.append("stopped %s%s" % (self.unit, ending))


def _require_nginx(deployment, target):
    from ...nginx import apply, live_color, process

    apply.require_nginx()
    if not process.is_active():
        raise SlipwayError("nginx does not run on this host, and blue_green needs it: systemctl start nginx")
    live_color.require(deployment.app, _ports(deployment, target))


def _send_to(deployment, color):
    """The way of the requests, from the next one on."""
    from ...nginx import live_color

    with deployment.phase("route"):
        live_color.send_to(deployment.app, color)
    deployment.actions.append("nginx sends to %s" % color)


def _unit(layout, color):
    return "%s@%s.service" % (layout.app, color)


def _live(layout):
    """The color that nginx sends to; None where no such instance was ever started."""
    from ...nginx import live_color

    color = live_color.live(layout.app)
    return color if _port_of(layout, color) else None


def _ports(deployment, target):
    """Blue has the release's own port, green the next one."""
    own = _own_port(deployment, target)
    return {"blue": own, "green": deployment.request.alternate_port or own + 1}


def _own_port(deployment, target):
    named = environment.parse(target.environment).get(deployment.request.port_variable, "")
    if not named.isdigit():
        raise SlipwayError(
            "blue_green needs a port that the service learns from %s: set port"
            % deployment.request.port_variable
        )
    return int(named)


def _port_of(layout, color):
    """Where an instance was told to listen; None before it ever was."""
    try:
        found = re.search(r'="?([0-9]+)', read_text(_port_file(layout, color)))
    except FileNotFoundError:
        return None
    return int(found[1]) if found else None


def _write_port(layout, color, variable, number):
    path = _port_file(layout, color)
    remove(path + ".new")
    write_file(path + ".new", environment.render({variable: str(number)}).encode("utf-8"), 0o644)
    os.rename(path + ".new", path)


def _port_file(layout, color):
    return os.path.join(layout.root, color + ".port")
