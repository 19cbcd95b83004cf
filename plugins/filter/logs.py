# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role log_shipping and the playbook status make of a unit that sends logs."""

from __future__ import annotations

import datetime
import json
import re

from ..plugin_utils.tables import table

_FAILED = re.compile(r"\bfailed\b|\bsuspended\b|timeout", re.IGNORECASE)
# What rsyslog says when a target takes lines again.
_WORKS = re.compile(r"\bresumed\b")
# What it says beside the reason, and systemd after it.
_NO_REASON = re.compile(r"\bsuspended \(module|Failed with result|Main process exited|timeout \(limit")


def log_shipping_problem(lines, active, sent):
    """Why a unit sends nothing, and since when; empty if it does.

    ``lines``: its messages as JSON, the newest last; ``active``: systemd's ActiveState; ``sent``: when the
    file that notes what was sent has changed, 0 without such a file.
    """
    messages = [message for message in map(_parsed, lines) if message]
    works = max([float(sent)] + [at for at, text in messages if _WORKS.search(text)])
    failures = [(at, text) for at, text in messages if at > works and _FAILED.search(text)]
    if failures:
        reason = next(
            (text for dummy, text in failures[::-1] if not _NO_REASON.search(text)), failures[-1][1]
        )
        return "Nothing was sent since %s: %s" % (_time(float(sent) or failures[0][0]), reason)
    running = active in ("active", "activating")
    return (
        "" if running else "The unit is %s: run the playbook slipway.golang.setup" % (active or "not there")
    )


def _parsed(line):
    """The time and the text of a message; None if it has no text."""
    try:
        entry = json.loads(line)
        return int(entry["__REALTIME_TIMESTAMP"]) / 1e6, " ".join(entry["MESSAGE"].split())
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _time(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def log_shipping_table(hosts, hostvars):
    """A line for every host that sends logs; empty if none does."""
    rows = [(host, hostvars[host].get("log_shipping_result")) for host in hosts]
    cells = [(host, found["to"], found["problem"] or "sent") for host, found in rows if found]
    return table([("HOST", "LOGS GO TO", "STATE"), *cells]) if cells else []


class FilterModule:
    def filters(self):
        return {"log_shipping_problem": log_shipping_problem, "log_shipping_table": log_shipping_table}
