# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Units under a name of ours that are not Slipway's: what they are, and how they are shown."""

from __future__ import annotations

import os
import re

from . import systemctl

PROPERTIES = ("Id", "FragmentPath", "DropInPaths", "TriggeredBy", "ActiveState", "UnitFileState")
RUNS = ("active", "activating", "reloading", "refreshing")
_TRANSIENT = "/run/systemd/transient/"
# What a unit may say in clear text that is nobody's business.
_VARIABLES = r"(?s)(\s*[#;]?\s*(?:Environment|SetCredential|SetCredentialEncrypted)=)(.*)"
_ASSIGNMENT = r"""(["']?)([A-Za-z_][\w.-]*)([=:])"""
_SECRET = r"(?i)((?:pass|passwd|password|secret|token|credential|api[-_]?key)[\w-]*[=\s]\s*)\S+"
_USER_IN_URL = r"://[^/\s@]+@"


class UnitFile:
    """One unit file that is not Slipway's, wherever it lies."""

    def __init__(self, name: str, path: str):
        self.name = name
        self.path = path
        self.link = os.readlink(path) if os.path.islink(path) else None
        with open(path, "rb") as handle:
            self.content = handle.read()
            self.mode = os.fstat(handle.fileno()).st_mode & 0o7777

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")


class Foreign:
    """What is on the host under the app's name and is not Slipway's."""

    def __init__(self, service: str, units: list, properties: dict):
        self.service = service
        self.units = units
        self.drop_ins = properties["DropInPaths"].split()
        self.triggers = properties["TriggeredBy"].split()
        self.active = properties["ActiveState"] in RUNS
        self.enabled = properties["UnitFileState"]
        self.obstacle = _obstacle(service, properties)

    def described(self) -> str:
        """What is there, for a message; a program's name only, as its arguments may be secret."""
        parts = []
        for unit in self.units:
            program = re.search(r"^ExecStart=[-@:+!|]*(\S+)", unit.text, re.MULTILINE)
            parts.append(unit.path + (" runs %s" % program[1] if program else ""))
        state = "it is %s" % ("running" if self.active else "not running")
        enabled = ", %s" % self.enabled if self.enabled else ""
        triggers = ", started by %s" % " and ".join(self.triggers) if self.triggers else ""
        drop_ins = ", with %s" % " and ".join(self.drop_ins) if self.drop_ins else ""
        return "%s (%s%s%s%s)" % (", ".join(parts) or self.service, state, enabled, triggers, drop_ins)


def find(service: str, names: list, ours: set, unit_dir: str) -> Foreign | None:
    """What has the name of a service, and of its other unit files, and is not Slipway's; None if that is
    nothing.

    ``ours``: the texts that Slipway wrote, or is to write.
    """
    properties = systemctl.properties(service, PROPERTIES)
    units = [_unit_file(unit_dir, service, name, properties) for name in names]
    units = [unit for unit in units if unit and unit.text not in ours]
    is_lost = properties["ActiveState"] in RUNS and not _exists(unit_dir, service, properties)
    return Foreign(service, units, properties) if units or is_lost else None


def _exists(unit_dir, service, properties):
    return any(
        path and os.path.lexists(path)
        for path in (properties["FragmentPath"], os.path.join(unit_dir, service))
    )


def _unit_file(unit_dir, service, name, properties):
    """The unit file of that name in /etc or, for the service, from wherever systemd reads it."""
    path = os.path.join(unit_dir, name)
    if not os.path.lexists(path) and name == service:
        path = properties["FragmentPath"]
    if not path or not os.path.isfile(path) or os.path.realpath(path) == "/dev/null":
        return None  # none at all, or masked, which preflight refuses
    return UnitFile(name, path)


def _obstacle(service, properties):
    """Why this one could not be put back if the release failed, and what to do; empty if it could."""
    path = properties["FragmentPath"]
    if properties["Id"] not in ("", service):
        return "it is only another name of %s. Stop and disable that one first" % properties["Id"]
    if path.startswith(_TRANSIENT) or (path and not os.path.exists(path)):
        return (
            "its unit file is gone, or it was started by systemd-run, so it could not be started again. "
            "Stop it first: systemctl stop %s" % service
        )
    sockets = [name for name in properties["TriggeredBy"].split() if name.endswith(".socket")]
    sockets = [name for name in sockets if systemctl.show(name)["ActiveState"] == "active"]
    if sockets:
        return "%s has its port. Stop that first: systemctl disable --now %s" % (
            " and ".join(sockets),
            " ".join(sockets),
        )
    return ""


def shown(found: Foreign) -> str:
    """The unit files for --diff, without the values of variables and what looks like a secret."""
    return "".join(
        "\n# %s (not Slipway's)\n%s" % (unit.path, without_values(unit.text)) for unit in found.units
    )


def without_values(text: str) -> str:
    """A unit's text without the values of its variables."""
    lines = []
    for line in re.findall(r"(?:[^\n]*\\\n)*[^\n]*\n?", text):
        variables = re.match(_VARIABLES, line)
        if variables:
            names = " ".join(found[2] + found[3] + "(hidden)" for found in _assignments(variables[2]))
            line = variables[1] + (names or "(hidden)") + "\n"
        lines.append(re.sub(_USER_IN_URL, "://(hidden)@", re.sub(_SECRET, r"\1(hidden)", line)))
    return "".join(lines)


def _assignments(text):
    """The NAME= of each assignment, quoted or not: what follows a blank, and is in no quotes."""
    position, found = 0, []
    text = text.replace("\\\n", " ")
    while position < len(text):
        match = re.compile(_ASSIGNMENT).match(text, position)
        if not match:
            position += 1
            continue
        found.append(match)
        end = re.compile(r"(?:\\.|[^\\%s])*%s" % (match[1], match[1]) if match[1] else r"\S*").match(
            text, match.end()
        )
        position = end.end() if end else len(text)
    return found
