# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times as people write them: `10m` ago, `2026-11-28 12:01`, `12:01` today. Without a zone they are UTC."""

from __future__ import annotations

import datetime
import re

from .kinds import Unfit

REMEDY = (
    "use how long ago, as in 10m, 2h30m or 1d, or a time, as in 2026-11-28T12:01:00Z, '2026-11-28 12:01' or "
    "'12:01'; without a zone it is UTC"
)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_AGO = re.compile(r"(?:[0-9]{1,6}[smhdw]){1,5}")
_PART = re.compile(r"([0-9]+)([smhdw])")
_CLOCK = r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})\d*)?)?"
_TIME = re.compile(r"(?:(\d{4})-(\d\d)-(\d\d)(?:[T ]|$))?(?:%s)? ?(Z|UTC|[+-]\d\d:?\d\d)?" % _CLOCK)
_EPOCH = re.compile(r"@([0-9]{1,11}(?:\.[0-9]{1,9})?)")


def parse(text: str, now: datetime.datetime | None = None) -> dict[str, float]:
    """``{"ago": seconds}`` or ``{"at": seconds since the epoch}``; raises Unfit."""
    text = text.strip()
    if _AGO.fullmatch(text):
        return {"ago": sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(text))}
    if epoch := _EPOCH.fullmatch(text):
        return {"at": float(epoch[1])}
    found = _TIME.fullmatch(text)
    if not found or (found[1] is None and found[4] is None):
        raise Unfit(REMEDY)
    try:
        return {"at": _at(found, now or datetime.datetime.now(datetime.timezone.utc)).timestamp()}
    except (ValueError, OverflowError) as error:
        raise Unfit("%s: %s" % (error, REMEDY)) from error


def _at(found, now):
    zone = _zone(found[8])
    day = now.astimezone(zone).date()
    if found[1]:
        day = datetime.date(int(found[1]), int(found[2]), int(found[3]))
    fraction = int((found[7] or "0").ljust(6, "0"))
    clock = datetime.time(int(found[4] or 0), int(found[5] or 0), int(found[6] or 0), fraction, zone)
    at = datetime.datetime.combine(day, clock)
    if not found[1] and at > now:  # a time without a day is the last one that there was
        at -= datetime.timedelta(days=1)
    return at


def _zone(text):
    if not text or text in ("Z", "UTC"):
        return datetime.timezone.utc
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return datetime.timezone(datetime.timedelta(minutes=-minutes if text[0] == "-" else minutes))


def iso(microseconds: int) -> str:
    """A time in UTC, as in 2026-11-28T12:01:07.123456Z."""
    seconds, rest = divmod(int(microseconds), 1000000)
    try:
        at = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    except (ValueError, OverflowError, OSError):  # a host may say anything
        at = datetime.datetime.fromtimestamp(0, datetime.timezone.utc)
    return "%s.%06dZ" % (at.strftime("%Y-%m-%dT%H:%M:%S"), rest)
