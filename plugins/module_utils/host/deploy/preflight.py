# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be known to be wrong before the live service is touched."""

from __future__ import annotations

from ...common.errors import SlipwayError
from ..system import procfs
from ..systemd import systemctl, unit_file
from ..systemd.accounts import check_accounts

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from .target import Target


def check(target: Target, known_units: dict, unit_dir: str) -> None:
    """Check accounts and units; ``known_units`` were verified when they went live."""
    for name in target.units:
        unit_file.refuse_masked(name, unit_dir)
    for text in target.units.values():
        check_accounts(text)
    if target.units != known_units:
        if systemctl.version() < systemctl.OLDEST:
            raise SlipwayError(
                "systemd %d on this host is too old: Slipway needs %d or newer"
                % (systemctl.version(), systemctl.OLDEST)
            )
        unit_file.verify(target.units)


def check_port(port: int, unit_name: str, main_pid: int) -> None:
    """Refuse a port that another process has: the start would fail after the old release was stopped."""
    others = {pid for pid in procfs.listeners(port) if pid != main_pid and not _belongs(pid, unit_name)}
    if others:
        pid = min(others)
        raise SlipwayError(
            "Port %d is already taken by %s (pid %d), which is not part of %s: stop it, or set slipway_port "
            "(option port) to another one" % (port, procfs.command_of(pid), pid, unit_name)
        )


def _belongs(pid, unit_name):
    """Whether a process is in the unit's control group; one that has ended is in nobody's way."""
    try:
        with open("/proc/%d/cgroup" % pid, encoding="utf-8", errors="replace") as handle:
            return "/" + unit_name in handle.read()
    except OSError:
        return True
