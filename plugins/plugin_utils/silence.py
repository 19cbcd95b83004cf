# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A silence in Alertmanager for what a wave may trip: these alerts, these hosts, and an end.

Errors and slow answers are not among them: a bad release is to be noticed.
"""

from __future__ import annotations

import datetime
import json
import re

from ansible.module_utils.urls import open_url

from .observe import rules
from .observe.service import title_of

TIMEOUT = 5
FAILED = "%s: Alertmanager has no silence for %s: %s. Alerts may be sent while the service restarts there"


def wave(account: dict, app: str, hosts: list[str], actor: str, now: datetime.datetime) -> dict:
    """The silence for some hosts of an app, as Alertmanager's API takes it."""
    settings, release = account["apps"][app], account["rows"][hosts[0]]["to"]
    alerts = rules.silenced(title_of(app))
    return {
        "matchers": [
            _matcher("app", app, False),
            _matcher("alertname", "|".join(alerts), True),
            # Of these hosts, or of no host: that two releases are live is so of the app as a whole.
            _matcher("instance", "|".join([*map(re.escape, hosts), ""]), True),
        ],
        "startsAt": _time(now),
        "endsAt": _time(now + datetime.timedelta(seconds=settings["silence_seconds"])),
        "createdBy": actor,
        "comment": "Slipway changes %s to %s on %s" % (app, release or "another release", ", ".join(hosts)),
    }


def post(url: str, silence: dict) -> str:
    """Send it; returns what went wrong. No alert is worth a failed deploy."""
    try:
        with open_url(
            url.rstrip("/") + "/api/v2/silences",
            method="POST",
            data=json.dumps(silence),
            headers={"Content-Type": "application/json"},
            timeout=TIMEOUT,
        ):
            return ""
    except Exception as error:  # pylint: disable=broad-except
        return str(error) or type(error).__name__


def _matcher(name, value, is_regex):
    return {"name": name, "value": value, "isRegex": is_regex, "isEqual": True}


def _time(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
