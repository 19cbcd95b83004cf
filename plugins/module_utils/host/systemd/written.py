# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The units that slipway.golang.systemd_unit wrote, and those that it took the place of: none is lost.

What it wrote last is in /var/lib/slipway/units. A unit of somebody else's, and one of ours that somebody
edited, is kept in /var/lib/slipway-adopted-<name> before anything takes its place.
"""

from __future__ import annotations

import os

from ...common.errors import Rejected
from ..system import files
from ..system.clock import timestamp
from . import foreign, systemctl, unit_file

NOTES = "/var/lib/slipway/units"
ADOPTED = "/var/lib/slipway-adopted-"


def find(unit_name: str, text: str) -> foreign.Foreign | None:
    """What is here under the unit's name, and is not Slipway's; ``text`` is what is to be written."""
    if _noted(unit_name) is not None:
        return None  # ours, whatever somebody edited in it
    return foreign.find(unit_name, [unit_name], {text} - {""}, unit_file.DIRECTORY)


def check(found: foreign.Foreign | None, adopt: bool) -> None:
    """Refuse to replace what is not Slipway's, unless it is to be adopted and could be put back."""
    if found and not adopt:
        raise Rejected(
            "%s on this host is not Slipway's: %s. This task would replace it. Nothing was changed. Set "
            "adopt: true to take it over: its unit is kept in %s, and is put back and started again if the "
            "new one does not start. Or choose another name"
            % (found.service, found.described(), ADOPTED + found.service.rpartition(".")[0])
        )
    if found and found.obstacle:
        raise Rejected("%s cannot be adopted: %s. Nothing was changed" % (found.service, found.obstacle))


def keep(unit_name: str, text: str, found: foreign.Foreign | None) -> list:
    """Keep what is about to be replaced by ``text`` or removed, if it is not what was written here last.

    Returns the paths of the copies.
    """
    contents = [unit.content for unit in found.units] if found else _edited(unit_name, text)
    return [keep_copy(unit_name.rpartition(".")[0], unit_name, content) for content in contents]


def note(unit_name: str, text: str) -> None:
    """Remember a unit as ours."""
    if _noted(unit_name) != text:
        os.makedirs(NOTES, mode=0o700, exist_ok=True)
        files.replace(os.path.join(NOTES, unit_name), text.encode("utf-8"), 0o600)


def forget(unit_name: str) -> None:
    files.remove(os.path.join(NOTES, unit_name))


def put_back(found: foreign.Foreign) -> None:
    """Let the unit files, and what starts at boot, be as they were."""
    for unit in found.units:
        path = os.path.join(unit_file.DIRECTORY, unit.name)
        if unit.path != path:  # such as one of a package, in /usr/lib
            unit_file.remove(unit.name)
        else:
            unit_file.restore(path, unit.content, unit.mode, unit.link)
    unit_file.daemon_reload()
    if found.enabled == "enabled":
        systemctl.enable(found.service)
    else:
        systemctl.disable(found.service)
    forget(found.service)


def keep_copy(app: str, name: str, content: bytes) -> str:
    """Keep a file of this name, for root only, as it may have secrets; returns where.

    A copy that is there already is enough.
    """
    directory = ADOPTED + app
    os.makedirs(directory, mode=0o700, exist_ok=True)
    for known in sorted(os.listdir(directory)):
        path = os.path.join(directory, known)
        if known.startswith(name) and os.path.isfile(path) and files.read_bytes(path) == content:
            return path
    path = os.path.join(directory, "%s.%s" % (name, timestamp().replace(":", "")))
    while os.path.lexists(path):
        path += "x"
    files.replace(path, content, 0o600)
    files.sync_directory(os.path.dirname(directory))
    return path


def _noted(unit_name):
    try:
        return files.read_text(os.path.join(NOTES, unit_name))
    except OSError:
        return None


def _edited(unit_name, text):
    """The unit of ours that is installed, if somebody edited it."""
    now = unit_file.installed(unit_name)
    return [now.encode("utf-8")] if now and now not in (text, _noted(unit_name)) else []
