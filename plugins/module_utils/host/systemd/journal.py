# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of systemd: entries of units, what it dropped, and where it begins."""

from __future__ import annotations

import json
import os
import re
import subprocess

from ...common.errors import SlipwayError

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from typing import Iterator

_FIELDS = (
    "MESSAGE",
    "MESSAGE_ID",
    "PRIORITY",
    "SYSLOG_IDENTIFIER",
    "N_DROPPED",
    "INVOCATION_ID",
    "_EXE",
    "_PID",
    "_SYSTEMD_UNIT",
    "_SYSTEMD_INVOCATION_ID",
)
# SD_MESSAGE_JOURNAL_DROPPED
_DROPPED = "a596d6fe7bfa4994828e72309e95d61e"
_SUPPRESSED = re.compile(r"Suppressed ([0-9]{1,12}) messages from ")
_ON_DISK = "/var/log/journal"
_SHOWN = 1000


class Entry:
    """One entry of the journal."""

    __slots__ = (
        "at",
        "cursor",
        "dropped",
        "exe",
        "identifier",
        "invocation",
        "message",
        "pid",
        "priority",
        "unit",
    )

    def __init__(self, fields: dict):
        self.at = int(fields["__REALTIME_TIMESTAMP"])  # microseconds since the epoch
        self.cursor = fields["__CURSOR"]
        self.message = _text(fields.get("MESSAGE"))
        self.identifier = _text(fields.get("SYSLOG_IDENTIFIER"))
        self.unit = _text(fields.get("_SYSTEMD_UNIT"))
        self.exe = _text(fields.get("_EXE"))
        self.pid = _text(fields.get("_PID"))
        # What systemd says about an invocation has it in a field of its own. journald asks which one it is
        # when it gets a line: the last lines of a process may have that of the next, if systemd was faster.
        self.invocation = _text(fields.get("_SYSTEMD_INVOCATION_ID")) or _text(fields.get("INVOCATION_ID"))
        priority = _text(fields.get("PRIORITY"))
        self.priority = int(priority) if priority in tuple("01234567") else None
        # How many messages of a unit journald dropped before this one.
        self.dropped = 0
        if _text(fields.get("MESSAGE_ID")) == _DROPPED and self.unit == "systemd-journald.service":
            self.dropped = _dropped(_text(fields.get("N_DROPPED")), self.message)

    def is_of(self, units: tuple) -> bool:
        """Whether a process of these units wrote it; else it was written about them."""
        return self.unit in units


def _dropped(number, message):
    if number.isdigit():
        return int(number)
    found = _SUPPRESSED.match(message)  # an older systemd has no such field
    return int(found[1]) if found else 0


def entries(units: tuple, *options: str) -> Iterator[Entry]:
    """The entries of units and about them. ``options``: of journalctl, or matches of it."""
    return _read(["--unit=" + unit for unit in units] + list(options))


def dropped(units: tuple, since: float) -> int:
    """How many messages of these units journald says that it dropped, since a time in seconds."""
    found = entries(units, "--since=@%d" % since, "MESSAGE_ID=" + _DROPPED)
    return sum(entry.dropped for entry in found)


def begins() -> int | None:
    """The time of the oldest entry, of whatever unit, in microseconds; None if there is none."""
    for entry in _read([]):
        return entry.at
    return None


def is_volatile() -> bool:
    """Whether the journal is in memory only, so that a reboot empties it."""
    return not os.path.isdir(_ON_DISK)


def _read(options):
    """Entries as journalctl prints them. Whoever stops reading ends it."""
    # --all: journalctl leaves out the text of a field that is long or is no plain text.
    argv = [
        "journalctl",
        "--quiet",
        "--no-pager",
        "--all",
        "--output=json",
        "--output-fields=" + ",".join(_FIELDS),
    ]
    try:
        process = subprocess.Popen(
            argv + options, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except FileNotFoundError:
        raise SlipwayError(
            "There is no command journalctl on this host: Slipway needs systemd and its tools"
        ) from None
    printed = ""
    try:
        for line in process.stdout:
            entry = _parse(line)
            if entry:
                yield entry
            else:
                printed = (printed + line.decode("utf-8", "replace"))[-_SHOWN:]
        if process.wait():
            raise SlipwayError(
                "journalctl failed (exit status %d): %s" % (process.returncode, printed.strip())
            )
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def _parse(line):
    try:
        return Entry(json.loads(line.decode("utf-8", "replace")))
    except (ValueError, KeyError, TypeError):
        return None


def _text(value):
    """A field's value: a text, the numbers of its bytes, or several of these."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        if all(isinstance(item, int) for item in value):
            return bytes(item & 255 for item in value).decode("utf-8", "replace")
        return _text(value[0])
    return ""
