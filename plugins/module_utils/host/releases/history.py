# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The history of an app: one line of JSON per deploy, and what follows from it about each release."""

from __future__ import annotations

import json
import os

from ..system.clock import timestamp
from ..system.files import replace, sync_directory

MAX_BYTES = 1 << 20
MODE = 0o600  # a health check's headers may contain a secret
# The acts after which a release was live, or failed to be; "stage" is not one of them.
ACTIVATIONS = ("deploy", "rollback", "install")


class History:
    """Append-only, bounded, and readable if its last line was cut off."""

    def __init__(self, path: str):
        self.path = path

    def append(self, entry: dict) -> None:
        """Write one entry, on disk before this returns."""
        line = json.dumps(dict(entry, at=timestamp()), sort_keys=True) + "\n"
        is_new = not os.path.exists(self.path)
        with open(self.path, "a+b") as handle:
            os.fchmod(handle.fileno(), MODE)
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

    def entries(self) -> list:
        """All readable entries, oldest first; a damaged line is skipped."""
        return self._entries_with(b"")

    def _entries_with(self, word):
        """Those whose line has a word: to parse all lines would cost every plan some milliseconds."""
        try:
            with open(self.path, "rb") as handle:
                lines = handle.read().splitlines()
        except OSError:
            return []
        parsed = (_parse(line) for line in lines if word in line)
        return [entry for entry in parsed if entry]

    def outcomes(self) -> dict:
        """Release id to the outcome of the newest act that activated it; the newest act last."""
        outcomes = {}
        for entry in self.entries():
            release_id = entry.get("to")
            if entry.get("act") in ACTIVATIONS and release_id and isinstance(release_id, str):
                outcomes.pop(release_id, None)
                outcomes[release_id] = entry.get("outcome")
        return outcomes

    def migrations(self, release_id: str) -> list:
        """The arguments of each migration that succeeded with this release."""
        return [
            entry["args"]
            for entry in self._entries_with(b'"migrate"')
            if entry.get("act") == "migrate"
            and entry.get("release") == release_id
            and entry.get("outcome") == "ok"
            and isinstance(entry.get("args"), list)
        ]

    def health_of(self, release_id: str) -> dict | None:
        """The health options that a release was last found healthy with; None if they were not recorded."""
        entries = self._newest_of(release_id)
        healthy = (entry.get("health") for entry in entries if entry.get("outcome") == "ok")
        return next((health for health in healthy if isinstance(health, dict)), None)

    def ready_ms_of(self, release_id: str | None) -> int | None:
        """How long a release took to be ready when it last went live; None if it is not known."""
        times = (entry.get("ready_ms") for entry in self._newest_of(release_id))
        return next((time for time in times if isinstance(time, int)), None)

    def _newest_of(self, release_id):
        """The acts that were to make a release live, the newest first."""
        # A damaged line may give an id that is no text; no release has it.
        entries = self._entries_with(release_id.encode("utf-8", "replace")) if release_id else []
        return [entry for entry in reversed(entries) if entry.get("to") == release_id]

    def _halve(self):
        entries = self.entries()
        newer = entries[len(entries) // 2 :]
        text = "".join(json.dumps(entry, sort_keys=True) + "\n" for entry in newer)
        replace(self.path, text.encode("utf-8"), MODE)


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
