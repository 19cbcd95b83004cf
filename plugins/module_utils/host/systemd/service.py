# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One service without releases: its state, the plan, and how to apply it.

If a new unit does not start, the old one is put back.
"""

from __future__ import annotations

import os
import time

from ...common.errors import SlipwayError
from ..system import account
from . import systemctl, unit_file, written

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from .foreign import Foreign

RUNNING = ("active", "activating", "reloading", "refreshing")
SETTLED = ("active", "reloading", "refreshing")
SETTLE_SECONDS = 0.5


class ServiceState:
    """What is on the host now."""

    def __init__(self, unit_name: str, text: str, unit: dict, stale_drop_ins: bool = False):
        self.text = text
        self.running = unit["ActiveState"] in RUNNING
        self.settled = unit["ActiveState"] in SETTLED
        self.enabled = unit.get("UnitFileState") == "enabled"
        self.stale = stale_drop_ins or unit.get("NeedDaemonReload") == "yes"
        self.exists = bool(text) or unit_file.exists(unit_name)


def observe(unit_name: str) -> ServiceState:
    """The unit as it is installed and as it runs."""
    return ServiceState(
        unit_name,
        unit_file.installed(unit_name),
        systemctl.show(unit_name),
        unit_file.drop_ins_changed(unit_name),
    )


def plan(now: ServiceState, *, differs: bool, state: str, enabled: bool | None) -> list:
    """The steps to take, in order. Pure: check mode prints them.

    ``state`` is the option of the module; ``enabled`` may be None for "as it is".
    """
    if state == "absent":
        return _plan_absent(now)
    steps = ["install"] if differs else []
    if differs or now.stale:
        steps.append("reload")
    if enabled is not None and enabled != now.enabled:
        steps.append("enable" if enabled else "disable")
    if state == "restarted" or (state == "started" and now.settled and "reload" in steps):
        steps.append("restart")
    elif state == "started" and not now.settled:
        steps.append("start")
    elif state == "stopped" and now.running:
        steps.append("stop")
    return steps


def _plan_absent(now):
    steps = ["stop"] if now.running else []
    if now.enabled:
        steps.append("disable")
    return steps + (["remove", "reload"] if now.exists else [])


def preflight(unit_name: str, text: str, binary: str, steps: list) -> None:
    """Check what can be known to be wrong before anything is changed."""
    if os.geteuid() != 0:
        raise SlipwayError(account.not_root("Units need root on the host"))
    if "install" in steps:
        unit_file.verify({unit_name: text})
    if ("start" in steps or "restart" in steps) and not os.access(binary, os.X_OK):
        raise SlipwayError(
            "%s cannot be started: %s does not exist or is not executable. Nothing was changed"
            % (unit_name, binary)
        )


def apply(unit_name: str, text: str, steps: list, before: ServiceState, found: Foreign | None = None) -> list:
    """Take the steps. If a new unit does not start, the old one is put back.

    ``found`` is what is not Slipway's and is adopted. Returns where unit files were kept.
    """
    kept = written.keep(unit_name, text, found) if "install" in steps or "remove" in steps else []
    for step in steps:
        if step == "install":
            written.note(unit_name, text)
            unit_file.install({unit_name: text})
        elif step == "remove":
            unit_file.remove(unit_name)
            written.forget(unit_name)
        elif step == "reload":
            unit_file.daemon_reload()
        elif step == "enable":
            systemctl.enable(unit_name)
        elif step == "disable":
            systemctl.disable(unit_name)
        elif step == "stop":
            systemctl.stop(unit_name)
        else:
            _start(unit_name, step, "install" in steps, before, found)
    return kept


def _start(unit_name, verb, replaced, before, found):
    since = time.time()
    try:
        systemctl.start(unit_name, verb)
        _check_still_running(unit_name)
    except SlipwayError as error:
        journal = systemctl.journal_tail(unit_name, since)
        rollback = _put_back(unit_name, before, found) if replaced and (before.text or found) else ""
        raise SlipwayError("%s%s" % (str(error).rstrip("."), rollback), journal=journal) from error


def _check_still_running(unit_name):
    """A service with bad arguments or settings may end a moment after systemd calls it started."""
    time.sleep(SETTLE_SECONDS)
    unit = systemctl.show(unit_name)
    if unit["ActiveState"] not in RUNNING or unit["NRestarts"] or not unit["MainPID"]:
        raise SlipwayError(
            "%s started and ended at once (result %s, exit status %s): see its last lines in `journal`"
            % (unit_name, unit.get("Result"), unit.get("ExecMainStatus"))
        )


def _put_back(unit_name, before, found):
    """Put the old unit back; returns the part of the message that says so."""
    if found:
        written.put_back(found)
    else:
        unit_file.install({unit_name: before.text})
        written.note(unit_name, before.text)
        unit_file.daemon_reload()
    if not before.running:
        systemctl.stop(unit_name)
        return ". The old unit file was put back"
    try:
        systemctl.start(unit_name)
    except SlipwayError as error:
        return ". The old unit file was put back, but does not start either: %s" % error
    return ". The old unit file was put back, and the service runs with it again"
