# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role log_shipping and the playbook status make of a unit that sends logs."""

from __future__ import annotations

import datetime
import json
import re

from ..plugin_utils.tables import table

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from typing import Any, Callable, Tuple

    Message = Tuple[float, str]  # its time and its text

_FAILED = re.compile(r"\bfailed\b|timeout", re.IGNORECASE)
# What systemd says after the reason.
_NO_REASON = re.compile(r"Failed with result|Main process exited|timeout \(limit")
# A unit that cannot send says so more often than that; the longest silence is that of a hanging connection.
_SILENCE = 300


def log_shipping_problem(lines: list[str]) -> str:
    """Why a unit sends nothing, and since when; empty if it does.

    ``lines``, from the host: systemd's ActiveState, the time, when the file that notes what was sent has
    changed, 0 without such a file, and the unit's messages as JSON, the newest last.
    """
    if len(lines) < 3:
        return "The host did not answer"
    active, (now, sent) = lines[0], (int(line) for line in lines[1:3])
    failures = _failures([message for message in map(_parsed, lines[3:]) if message], sent)
    if failures and now - failures[-1][0] < _SILENCE:
        reason = next(
            (text for dummy, text in failures[::-1] if not _NO_REASON.search(text)), failures[-1][1]
        )
        return "Nothing was sent since %s: %s" % (_time(sent or failures[0][0]), reason)
    if active not in ("active", "activating"):
        return "The unit is %s: run the playbook slipway.golang.setup" % (active or "not there")
    return ""


def _failures(messages: list[Message], sent: int) -> list[Message]:
    """The failures after which nothing was sent, without those before a long silence."""
    found: list[Message] = []
    for at, text in messages:
        if at > sent and _FAILED.search(text):
            found = [*found, (at, text)] if found and at - found[-1][0] < _SILENCE else [(at, text)]
    return found


def _parsed(line: str) -> Message | None:
    """The time and the text of a message; None if it has no text."""
    try:
        entry = json.loads(line)
        return int(entry["__REALTIME_TIMESTAMP"]) / 1e6, " ".join(entry["MESSAGE"].split())
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def log_shipping_table(hosts: list[str], hostvars: dict[str, Any]) -> list[str]:
    """A line for every host that sends logs; empty if none does."""
    rows = [(host, hostvars[host].get("log_shipping_result")) for host in hosts]
    cells = [(host, found["to"], found["problem"] or "sent") for host, found in rows if found]
    return table([("HOST", "LOGS GO TO", "STATE"), *cells]) if cells else []


class FilterModule:
    def filters(self) -> dict[str, Callable[..., object]]:
        return {"log_shipping_problem": log_shipping_problem, "log_shipping_table": log_shipping_table}
