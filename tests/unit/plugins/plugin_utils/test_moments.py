# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils import moments
from ansible_collections.slipway.golang.plugins.plugin_utils.kinds import Unfit

NOON = 1795867200  # 2026-11-28 12:00:00 UTC
NOW = datetime.datetime.fromtimestamp(NOON + 60.5, datetime.timezone.utc)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10m", 600), ("45s", 45), ("2h30m", 9000), ("1d", 86400), ("2w", 1209600), (" 5m ", 300)],
)
def test_how_long_ago(text, seconds):
    assert moments.parse(text) == {"ago": seconds}


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-28T12:00:00Z", NOON),
        ("2026-11-28 12:00:00", NOON),
        ("2026-11-28 12:00", NOON),
        ("2026-11-28", NOON - 12 * 3600),
        ("2026-11-28T12:00:00.25Z", NOON + 0.25),
        ("2026-11-28T12:00:00.123456789Z", NOON + 0.123456),
        ("2026-11-28T14:00:00+02:00", NOON),
        ("2026-11-28 06:30 -0530", NOON),
        ("2026-11-28 12:00 UTC", NOON),
        ("12:00", NOON),
        ("12:00:30", NOON + 30),
        ("12:02", NOON + 120 - 86400),  # it is not that late yet: yesterday
        ("14:00+02:00", NOON),
        ("@1795867200", NOON),
        ("@1795867200.5", NOON + 0.5),
    ],
)
def test_a_time(text, at):
    assert moments.parse(text, NOW) == {"at": at}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "600",
        "10",
        "m",
        "10 minutes",
        "-10m",
        "yesterday",
        "now",
        "Z",
        "UTC",
        "2026-13-01",
        "2026-02-30",
        "25:00",
        "@",
    ]
    + [
        "12",
        "12:60",
        "2026-11-28T12:00:00+25:00",
        "1" * 7 + "d",
        "5m" * 6,
        "2026-11-28; reboot",
        "--until=now",
    ],
)
def test_what_is_no_time_is_refused_with_the_forms(text):
    with pytest.raises(Unfit, match="use how long ago, as in 10m"):
        moments.parse(text, NOW)


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (NOON * 1000000, "2026-11-28T12:00:00.000000Z"),
        (NOON * 1000000 + 123456, "2026-11-28T12:00:00.123456Z"),
        (0, "1970-01-01T00:00:00.000000Z"),
        (10**30, "1970-01-01T00:00:00.000000Z"),
        (-(10**30), "1970-01-01T00:00:00.000000Z"),
    ],
)
def test_a_time_in_utc(microseconds, text):
    assert moments.iso(microseconds) == text
