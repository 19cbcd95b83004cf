# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of an app: one line of JSON per act, and what follows from it about each release."""

from __future__ import annotations

import json
import os

from ..system.clock import timestamp
from ..system.files import sync_directory

MAX_BYTES = 1 << 20


class History:
    """Append-only, bounded, and readable when its last line was cut off."""

    def __init__(self, path):
        self.path = path

    def append(self, entry):
        """Write one act, on disk before this returns."""
        line = json.dumps(dict(entry, at=timestamp()), sort_keys=True) + "\n"
        is_new = not os.path.exists(self.path)
        with open(self.path, "a+b") as handle:
            os.fchmod(handle.fileno(), 0o600)  # a health check's headers may hold a secret
            if not _ends_with_newline(handle):
                line = "\n" + line
            handle.write(line.encode("utf-8"))
            handle.flush()
            os.fsync(handle.fileno())
            size = handle.tell()
        if is_new:
            sync_directory(os.path.dirname(self.path))
        if size > MAX_BYTES:
            self._halve()

    def entries(self):
        """All readable lines, oldest first; a damaged line is passed over."""
        try:
            with open(self.path, "rb") as handle:
                lines = handle.read().splitlines()
        except OSError:
            return []
        parsed = (_parse(line) for line in lines)
        return [entry for entry in parsed if entry]

    def outcomes(self):
        """Release id to the outcome of the newest act that brought it up, in the order of those acts, oldest first."""
        outcomes = {}
        for entry in self.entries():
            if (
                entry.get("act") in ("deploy", "rollback", "install")
                and entry.get("to")
                and isinstance(entry["to"], str)
            ):
                outcomes.pop(entry["to"], None)
                outcomes[entry["to"]] = entry.get("outcome")
        return outcomes

    def health_of(self, release_id):
        """The health options that a release was last found healthy with; None where that was not written down."""
        proven = (
            entry
            for entry in reversed(self.entries())
            if entry.get("to") == release_id and entry.get("outcome") == "ok"
        )
        return next((entry["health"] for entry in proven if isinstance(entry.get("health"), dict)), None)

    def _halve(self):
        entries = self.entries()
        beside = self.path + ".new"
        with open(beside, "wb") as handle:
            os.fchmod(handle.fileno(), 0o600)
            for entry in entries[len(entries) // 2 :]:
                handle.write((json.dumps(entry, sort_keys=True) + "\n").encode("utf-8"))
            handle.flush()
            os.fsync(handle.fileno())
        os.rename(beside, self.path)
        sync_directory(os.path.dirname(self.path))


def _ends_with_newline(handle):
    if handle.seek(0, os.SEEK_END) == 0:
        return True
    handle.seek(-1, os.SEEK_END)
    return handle.read(1) == b"\n"


def _parse(line):
    try:
        entry = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None
