# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One service by itself, without releases: look at it, decide, act; put the old unit back where the new one does not start."""

from __future__ import annotations

import os
import time

from ...common.errors import SlipwayError
from . import systemctl, unit_file

RUNNING = ("active", "activating", "reloading", "refreshing")
SETTLE_SECONDS = 0.5


class ServiceState:
    """What is on the host now."""

    def __init__(self, unit_name, text, state, stale_drop_ins=False):
        self.text = text
        self.running = state["ActiveState"] in RUNNING
        self.settled = state["ActiveState"] in ("active", "reloading", "refreshing")
        self.enabled = state.get("UnitFileState") == "enabled"
        self.stale = stale_drop_ins or state.get("NeedDaemonReload") == "yes"
        self.known = bool(text) or unit_file.exists(unit_name)


def observe(unit_name):
    """The unit as it is installed and as it runs."""
    return ServiceState(
        unit_name,
        unit_file.installed(unit_name),
        systemctl.show(unit_name),
        unit_file.drop_ins_changed(unit_name),
    )


def decide(found, *, differs, state, enabled):
    """The steps to take, in order. Pure: check mode prints them.

    ``state`` is the word of the module; ``enabled`` may be None for "as it is".
    """
    if state == "absent":
        return _decide_absence(found)
    steps = ["install"] if differs else []
    if differs or found.stale:
        steps.append("reload")
    if enabled is not None and enabled != found.enabled:
        steps.append("enable" if enabled else "disable")
    if state == "restarted" or (state == "started" and found.settled and "reload" in steps):
        steps.append("restart")
    elif state == "started" and not found.settled:
        steps.append("start")
    elif state == "stopped" and found.running:
        steps.append("stop")
    return steps


def _decide_absence(found):
    steps = ["stop"] if found.running else []
    if found.enabled:
        steps.append("disable")
    return steps + (["remove", "reload"] if found.known else [])


def prove(unit_name, text, binary, steps):
    """What can be known to be wrong before anything is touched."""
    if os.geteuid() != 0:
        raise SlipwayError("Units need root on the host, and this is uid %d: set become: true" % os.geteuid())
    if "install" in steps:
        unit_file.verify({unit_name: text})
    if ("start" in steps or "restart" in steps) and not os.access(binary, os.X_OK):
        raise SlipwayError(
            "%s cannot be started: %s is not there, or is not executable" % (unit_name, binary)
        )


def act(unit_name, text, steps, found):
    """Take the steps. A new unit that does not start makes room for the old one."""
    actions = {
        "install": lambda: unit_file.install({unit_name: text}),
        "remove": lambda: unit_file.remove(unit_name),
        "reload": unit_file.daemon_reload,
        "enable": lambda: systemctl.enable(unit_name),
        "disable": lambda: systemctl.disable(unit_name),
        "stop": lambda: systemctl.stop(unit_name),
    }
    for step in steps:
        if step in actions:
            actions[step]()
        else:
            _start(unit_name, step, "install" in steps, found)


def _start(unit_name, verb, replaced, found):
    since = time.time()
    try:
        systemctl.start(unit_name, verb)
        _expect_life(unit_name)
    except SlipwayError as error:
        journal = systemctl.journal_tail(unit_name, since)
        outcome = _put_back(unit_name, found) if replaced and found.text else ""
        raise SlipwayError("%s%s" % (str(error).rstrip("."), outcome), journal=journal) from error


def _expect_life(unit_name):
    """systemd calls a service started as soon as its binary runs; bad arguments or settings end it a moment later."""
    time.sleep(SETTLE_SECONDS)
    state = systemctl.show(unit_name)
    if state["ActiveState"] not in RUNNING or state["NRestarts"] or not state["MainPID"]:
        raise SlipwayError(
            "%s started and ended at once (result %s, exit status %s): the journal's last lines are beside this message"
            % (unit_name, state.get("Result"), state.get("ExecMainStatus"))
        )


def _put_back(unit_name, found):
    unit_file.install({unit_name: found.text})
    unit_file.daemon_reload()
    if not found.running:
        systemctl.stop(unit_name)
        return ". The old unit file is back"
    try:
        systemctl.start(unit_name)
    except SlipwayError as error:
        return ". The old unit file is back, and did not start either: %s" % error
    return ". The old unit file is back, and the service runs with it again"
