# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a unit sends nothing, from what such units say. tests/system/log_shipping reads it off real ones."""

from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.golang.plugins.filter import logs

REFUSED = "Upload to https://a:443/upload failed: Failed to connect to a port 443: Connection refused"
EXITED = "slipway-journal-upload-1a2b3c4d.service: Main process exited, code=exited, status=1/FAILURE"
RESULT = "slipway-journal-upload-1a2b3c4d.service: Failed with result 'exit-code'."
STARTED = "Started slipway-logs-orders.service - Send the logs of orders."
PROXY = "Sending to https://a:9200 failed: HTTP status 502 Bad Gateway"


def lines(*texts, active="active", now=3700, sent=0):
    """What is read of a unit, with one message a second, the first at 01:00:00."""
    entries = [
        {"__REALTIME_TIMESTAMP": str((3600 + at) * 1000000), "MESSAGE": text} for at, text in enumerate(texts)
    ]
    return [active, *map(str, (now, sent)), *map(json.dumps, entries)]


SINCE = "Nothing was sent since 1970-01-01T"


@pytest.mark.parametrize(
    ("texts", "state", "problem"),
    [
        ((STARTED,), {}, ""),
        ((STARTED,), {"sent": 3600}, ""),
        ((REFUSED, EXITED, RESULT), {"active": "activating", "sent": 3590}, SINCE + "00:59:50Z: " + REFUSED),
        ((REFUSED, EXITED, RESULT, STARTED), {"sent": 3590}, SINCE + "00:59:50Z: " + REFUSED),
        ((REFUSED, EXITED, RESULT, STARTED), {"sent": 3603}, ""),
        ((STARTED, PROXY, EXITED, RESULT), {}, SINCE + "01:00:01Z: " + PROXY),
        ((STARTED, RESULT), {}, SINCE + "01:00:01Z: " + RESULT),
        ((PROXY,), {}, SINCE + "01:00:00Z: " + PROXY),
        ((PROXY,), {"now": 3901}, ""),
        ((PROXY, *[STARTED] * 400, PROXY), {"now": 4010}, SINCE + "01:06:41Z: " + PROXY),
        ((), {"active": "inactive"}, "The unit is inactive: run the playbook slipway.golang.setup"),
        ((), {"active": ""}, "The unit is not there: run the playbook slipway.golang.setup"),
    ],
)
def test_a_failure_counts_if_nothing_was_sent_after_it(texts, state, problem):
    assert logs.log_shipping_problem(lines(*texts, **state)) == problem


@pytest.mark.parametrize(
    "line",
    ["", "{", '{"MESSAGE": "failed"}', '{"__REALTIME_TIMESTAMP": "1", "MESSAGE": [102]}', "[]"],
)
def test_a_line_that_is_no_message_is_passed_over(line):
    assert logs.log_shipping_problem([*lines(), line]) == ""


def test_a_host_that_says_nothing_has_a_problem():
    assert logs.log_shipping_problem([]) == "The host did not answer"


def test_the_table_has_the_hosts_that_send():
    sends = {"to": "https://a", "unit": "u", "problem": ""}
    hostvars = {
        "web1": {"log_shipping_result": sends},
        "web2": {},
        "web3": {"log_shipping_result": dict(sends, problem="Nothing was sent since ...")},
    }
    assert [line.split(None, 2) for line in logs.log_shipping_table(list(hostvars), hostvars)] == [
        ["HOST", "LOGS", "GO TO  STATE"],
        ["web1", "https://a", "sent"],
        ["web3", "https://a", "Nothing was sent since ..."],
    ]
    assert logs.log_shipping_table(["web2"], hostvars) == []
