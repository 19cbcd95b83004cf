# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options in ``slipway_gate``: which there are, what each may be, and what they come to."""

from __future__ import annotations

import re

from ..module_utils.common.errors import InvalidInput, SlipwayError
from ..module_utils.common.limits import SHARES
from .kinds import Unfit, list_of, options, whole
from .metrics_options import check_url

NGINX, PROMETHEUS, COMMAND, OFF = "nginx", "prometheus", "command", "off"
NONE = {"from": OFF}
GO_ON, STOP = "go_on", "stop"
OPTIONS = {
    "from": {"type": "str", "choices": [NGINX, PROMETHEUS, COMMAND, OFF]},
    "bad": {"type": "str", "default": "5xx"},
    "at_least": {"type": "int", "default": 200},
    "worse_by": {"type": "percent", "default": 0.5},
    "patience": {"type": "int", "default": 0},
    "unsure": {"type": "str", "choices": [GO_ON, STOP], "default": GO_ON},
    "url": {"type": "str"},
    "requests": {"type": "str"},
    "bad_requests": {"type": "str"},
    "command": {"type": "list", "elements": "str"},
}
# What each source cannot do without, and no other one takes.
_NEEDED = {NGINX: (), PROMETHEUS: ("url", "requests", "bad_requests"), COMMAND: ("command",)}
_BAD = re.compile(r"5xx(?: or slower than (?P<number>[0-9]{1,6}(?:\.[0-9]{1,3})?)(?P<unit>ms|s))?")
_SELF_COUNTED = "it is for from: nginx. What from: %s counts says itself which requests are bad"
_read = options(OPTIONS, "gate")


def read(value, place):
    """What the user wrote, checked."""
    if value.get("from") is False:  # as YAML reads `off`
        value = dict(value, **{"from": OFF})
    given = {key: item for key, item in _read(value, place).items() if item is not None}
    for key, check in _CHECKS.items():
        if key in given:
            check("gate." + key, given[key])
    source = given.get("from")
    for key in _NEEDED.get(source, ()):
        if not given.get(key):
            raise SlipwayError("slipway_gate.%s: it is not set, and from: %s needs it" % (key, source))
    for other, keys in _NEEDED.items():
        for key in keys if other != source else ():
            if key in given:
                raise InvalidInput("gate." + key, given[key], "it is for from: %s" % other)
    if "bad" in given and source in (PROMETHEUS, COMMAND):
        raise InvalidInput("gate.bad", given["bad"], _SELF_COUNTED % source)
    return given


def shares(value, place):
    """Percentages of requests, each above the one before."""
    remedy = "use some of %s, in this order, as in [5, 25]" % ", ".join(map(str, SHARES))
    found = list_of(whole(1, 99), single=True)(value, place)
    if not set(found) <= set(SHARES) or found != sorted(set(found)):
        raise Unfit(remedy)
    return found


def settled(values: dict) -> dict:
    """What the gate of a service is to do; empty where there is none.

    Without a word about it there is one where a soak waits for requests anyway, and nginx logs them.
    """
    given = values["slipway_gate"]
    source = given.get("from") or (NGINX if _is_logged(values) else OFF)
    filled = {key: given.get(key, spec.get("default")) for key, spec in OPTIONS.items()}
    if source == OFF or not (values["slipway_soak_seconds"] or filled["patience"]):
        return {}
    return dict(filled, **{"from": source, "slow_after": _slow_after(filled["bad"])})


def _is_logged(values):
    return bool(values["slipway_domain"] and values["slipway_proxy"].get("access_log") is not False)


def _slow_after(bad):
    """From how many seconds on an answer is bad; None for never."""
    found = _BAD.fullmatch(bad)
    if not found or not found["number"]:
        return None
    return float(found["number"]) / (1000 if found["unit"] == "ms" else 1)


def _bad(field, value):
    if not _BAD.fullmatch(value) or _slow_after(value) == 0:
        raise InvalidInput(field, value, "use '5xx', or '5xx or slower than 800ms'")


def _positive(field, value):
    if value < 1:
        raise InvalidInput(field, value, "use a whole number, 1 or more")


def _points(field, value):
    if not 0 <= value <= 50:
        raise InvalidInput(field, value, "use percentage points from 0 to 50")


def _query(field, value):
    if "{release}" not in value and "{version}" not in value:
        raise InvalidInput(field, value, "name the release in it, by {release} or {version}")


_CHECKS = {
    "bad": _bad,
    "at_least": _positive,
    "worse_by": _points,
    "url": check_url,
    "requests": _query,
    "bad_requests": _query,
}
