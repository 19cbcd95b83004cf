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

import contextlib
import os
import re
import time

from ....common import environment, placeholders, unit
from ....common.errors import SlipwayError
from ...releases import config
from ...releases.running import running_release
from ...system.files import read_text, remove, replace
from ...systemd import systemctl, unit_file
from . import Share

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
        port_variable=request.port_variable,
        config=home + ".config",
        instance="@" + _INSTANCE,
    )
    service = []
    for key, value in sections["Service"]:
        service.append((key, value.replace(_INSTANCE, "%i")))
        if key == "EnvironmentFile":
            service.append((key, "%s/%%i.port" % layout.root))
            if any(_is_more_than_the_port(text) for text in request.template.values()):
                # Without an error where it is missing: the old instance may have none, and may be restarted.
                service.append((key, "-%s/%%i.environment" % layout.root))
    sections["Service"] = service
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


def leftovers(layout):
    """Every other unit that runs, would start at boot, or is the single unit: that one would be a stray."""
    live, single = serving(layout), _single(layout)
    others = (unit_name for unit_name in (single, *services(layout.app)) if unit_name != live)
    return [
        unit_name
        for unit_name in others
        if _is_used(unit_name) or (unit_name == single and _is_installed(single, layout))
    ]


def retire_leftovers(deployment):
    for unit_name in deployment.state.leftovers:
        _retire(deployment, unit_name, _port_of_unit(deployment, unit_name, deployment.target))


def shared(layout):
    from ...nginx import live_color

    percent = live_color.share(layout.app)
    return Share(layout.named_by(live_color.other(layout.app)), percent) if percent else None


def route_to_adopted(deployment):
    """nginx takes the adopted service for blue, as it does with the single service of `restart`."""
    if _live(deployment.layout) == "green":
        _send_to(deployment, "blue")


def planned(deployment):
    old = _Old(deployment)
    new = _Instance(deployment, deployment.target, _color_for_new(deployment, old))
    return ["start %s" % new.unit] + (["stop %s" % old.unit] if _is_used(old.unit) else [])


def go_live(deployment):
    old = _Old(deployment)
    if deployment.is_adopting and old.runs():
        route_to_adopted(deployment)  # an interrupted run may have sent requests to an unproven release
    new = _Instance(deployment, deployment.target, _color_for_new(deployment, old))
    require(deployment)
    _retire_single_service(deployment, old)
    deployment.check_port(new.unit, new.port)
    with _serving(deployment, new):
        _send_to(deployment, new.color)
    deployment.switch(deployment.target, previous=deployment.previous_after_success())
    deployment.wait_healthy(deployment.target, new.unit, port=new.port)
    old.retire()


@contextlib.contextmanager
def _serving(deployment, new):
    """Meanwhile the new instance runs, and may get requests. If something fails, it is stopped."""
    try:
        new.start()
        deployment.wait_healthy(deployment.target, new.unit, port=new.port, hold=False)
        # First: after a power cut nginx must not send to an instance that the boot does not start.
        systemctl.enable(new.unit)
        yield
    except BaseException:
        new.stop()
        new.restore_units()
        raise


def require_share(deployment):
    """Raise if the target cannot have a share of the requests: the live one has to be good for the rest."""
    from ...nginx import live_color

    require(deployment)
    live_color.require_shares(deployment.app)
    old = deployment.old
    if deployment.is_adopting or not old or old.id != deployment.state.current or not _Old(deployment).runs():
        raise SlipwayError(
            "slipway_shares (option share) needs a live release that was healthy here, which keeps the other "
            "requests: deploy once without it, with -e '{slipway_shares: []}'"
        )


def give_share(deployment):
    """Let the target serve a share of the requests beside the live release, which stays what it is."""
    from ...nginx import live_color

    new = _Instance(deployment, deployment.target, live_color.other(deployment.app))
    deployment.check_port(new.unit, new.port)
    with _serving(deployment, new):
        with deployment.phase("route"):
            live_color.give_share(deployment.app, deployment.request.share)
        deployment.actions.append("nginx sends %d%% to %s" % (deployment.request.share, new.color))
        deployment.wait_healthy(deployment.target, new.unit, port=new.port)
    deployment.server = "127.0.0.1:%d" % new.port


def put_back(deployment):
    old, new_color = _Old(deployment), _live(deployment.layout)
    previous = deployment.previous_after_putting_back()
    if old.runs():
        _send_to(deployment, old.color)
        deployment.switch_back(previous)
    else:
        deployment.switch_back(previous)
        old.start()
        _send_to(deployment, old.color)
    systemctl.stop(_unit(deployment.layout, new_color))
    systemctl.disable(_unit(deployment.layout, new_color))
    deployment.wait_healthy(deployment.old, old.unit, port=old.port, hold=False)


def _color_for_new(deployment, old):
    """The color that is not live; green where the single service of `restart` has blue's port."""
    if (
        deployment.is_adopting
        or _live(deployment.layout) == "blue"
        or old.port == _own_port(deployment, deployment.target)
    ):
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
        self._is_shared = (
            bool(deployment.share) and deployment.share.release == target.id and self._runs(target)
        )
        if self._is_shared and deployment.old:
            self._units_before = deployment.old.units

    def _runs(self, target):
        unit = systemctl.show(self.unit)
        return (
            unit["ActiveState"] == "active"
            and running_release(self._deployment.layout, unit["MainPID"]) == target.id
        )

    def start(self):
        """Start it beside the live one, after stopping what an interrupted deploy may have left.

        One that has a share of the requests goes on, unless its process has ended meanwhile.
        """
        deployment, layout = self._deployment, self._deployment.layout
        if self._is_shared:
            deployment.runs_already, deployment.started_at = True, time.time()
            restarts = systemctl.show(self.unit)["NRestarts"]
            if restarts:
                raise SlipwayError("its process ended and was restarted %d times" % restarts)
            return
        end_share(deployment)
        systemctl.stop(self.unit)
        layout.point(self.color, deployment.target.id)
        _write_own_files(deployment, deployment.target, self.color, self.port)
        deployment.keep_edited(deployment.target)
        if unit_file.install(deployment.target.units, layout.unit_dir):
            unit_file.daemon_reload()
        deployment.start(self.unit, enable=False)

    def stop(self):
        end_share(self._deployment)
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
        if deployment.is_adopting:
            self.unit = _single(deployment.layout)
        self.color = _color_of(self.unit) or "blue"  # nginx takes a single service for blue
        self.port = _port_of_unit(
            deployment, self.unit, deployment.target if deployment.is_adopting else deployment.old
        )

    def runs(self):
        """Whether it runs the release to roll back to; after an interrupted deploy it may run another."""
        unit = systemctl.show(self.unit)
        release = running_release(self._deployment.layout, unit["MainPID"])
        wanted = self._deployment.old.id if self._deployment.old else None  # an adopted service runs none
        return unit["ActiveState"] in ("active", "reloading") and release == wanted

    def start(self):
        """Start it from the links and the unit of the release to roll back to."""
        deployment, color = self._deployment, _color_of(self.unit)
        if color:
            deployment.layout.point(color, deployment.old.id)
            port_number = self.port or _ports(deployment, deployment.old)[color]
            _write_own_files(deployment, deployment.old, color, port_number)
        deployment.start(self.unit, enable=False)
        systemctl.enable(self.unit)

    def retire(self):
        if _is_used(self.unit) or _is_installed(self.unit, self._deployment.layout):
            _retire(self._deployment, self.unit, self.port)


def _retire_single_service(deployment, old):
    """An interrupted change from `restart` may have left it, with the port of the next instance."""
    unit_name = _single(deployment.layout)
    if unit_name != old.unit and _is_used(unit_name):
        _retire(deployment, unit_name, _port_of_unit(deployment, unit_name, deployment.target))


def _retire(deployment, unit_name, port_number):
    """Let it finish its requests, then stop it. A failure is a warning: the new release serves."""
    from ...nginx import drain

    seconds = deployment.request.drain_seconds
    try:
        with deployment.phase("drain"):
            left = drain.wait("127.0.0.1:%d" % port_number, seconds) if port_number else 0
            systemctl.stop(unit_name)
            systemctl.disable(unit_name)
            if unit_name == _single(deployment.layout):
                deployment.remove_unit(unit_name)
    except (SlipwayError, OSError) as error:
        deployment.warnings.append("%s could not be retired: %s" % (unit_name, error))
        return
    action = "stopped %s" % unit_name
    if left:
        action += ", with %d connections that did not end in %d s" % (left, seconds)
    deployment.actions.append(action)


def _single(layout):
    """The unit of the strategy `restart`; beside the instances, a start of it would take a port of theirs."""
    return layout.app + ".service"


def _is_installed(unit_name, layout):
    """Whether there is a unit file of that name that can be started: a masked one cannot."""
    path = os.path.join(layout.unit_dir, unit_name)
    return os.path.lexists(path) and os.path.realpath(path) != "/dev/null"


def _is_used(unit_name):
    """Whether a unit runs, or would start at boot."""
    state = systemctl.show(unit_name)
    return (
        state["ActiveState"] in ("active", "activating", "reloading") or state["UnitFileState"] == "enabled"
    )


def require(deployment):
    from ...nginx import apply, live_color, process

    apply.require_nginx()
    if not process.is_active():
        raise SlipwayError("nginx does not run on this host, and blue_green needs it: systemctl start nginx")
    live_color.require(deployment.app, _ports(deployment, deployment.target))


def _send_to(deployment, color):
    """Where nginx sends requests, from the next one on."""
    from ...nginx import live_color

    with deployment.phase("route"):
        live_color.send_to(deployment.app, color)
    deployment.actions.append("nginx sends to %s" % color)


def end_share(deployment):
    """Send all requests to the live instance."""
    from ...nginx import live_color

    if live_color.share(deployment.app):
        live_color.end_share(deployment.app)
        deployment.actions.append("nginx sends all to %s" % live_color.live(deployment.app))


def _unit(layout, color):
    return "%s@%s.service" % (layout.app, color)


def _color_of(unit_name):
    """The color of an instance; an empty text for the single service of `restart`."""
    return unit_name.partition("@")[2].partition(".")[0]


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
    if target.port:
        return target.port
    text = environment.parse(target.environment).get(deployment.request.port_variable, "")
    if not text.isdigit():
        raise SlipwayError(
            "blue_green needs a port that the service learns from %s or from {port}: set slipway_port "
            "(option port)" % deployment.request.port_variable
        )
    return int(text)


def _port_of(layout, color):
    """Where an instance listens; None if it was never started."""
    try:
        match = re.search(r'(?:^# port |="?)([0-9]+)', read_text(_port_file(layout, color)))
    except FileNotFoundError:
        return None
    return int(match[1]) if match else None


def _write_own_files(deployment, target, color, number):
    """What an instance has of its own: its port, the variables that depend on it, its configuration."""
    layout = deployment.layout
    config_dir = os.path.join(layout.root, color + ".config")
    own = target.own_variables(number, config_dir, deployment.request.port_variable)
    ports = {key: text for key, text in own.items() if text == str(number)}
    _write_port(layout, color, number, ports)
    others = environment.render({key: text for key, text in own.items() if key not in ports})
    others_file = os.path.join(layout.root, color + ".environment")
    if others:
        replace(others_file, others.encode("utf-8"), 0o600)
    else:
        remove(others_file)
    config.replace(config_dir, target.config, number, target.service_gid() if target.config else 0)


def _is_more_than_the_port(text):
    return bool(placeholders.used(text)) and text != "{port}"


def _write_port(layout, color, number, variables):
    """For systemd, and for whoever asks for the number: no variable of the service need be just that."""
    text = "# port %d\n%s" % (number, environment.render(variables))
    replace(_port_file(layout, color), text.encode("utf-8"), 0o644)


def _port_of_unit(deployment, unit_name, release):
    """Where a unit listens; the single service of `restart` does on the release's own port."""
    color = _color_of(unit_name)
    if color:
        return _port_of(deployment.layout, color)
    return _own_port(deployment, release) if release else None


def _port_file(layout, color):
    return os.path.join(layout.root, color + ".port")
