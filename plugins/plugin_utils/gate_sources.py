# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that something else than nginx has counted: Prometheus, or a command on the controller."""

from __future__ import annotations

import json
import math
import subprocess
import urllib.parse

from ansible.module_utils.urls import open_url

from ..module_utils.common.errors import SlipwayError
from .gate_options import PROMETHEUS

PROMETHEUS_TIMEOUT, COMMAND_TIMEOUT = 10, 60
LARGEST_ANSWER = 1 << 20


def count(settings, app, releases, seconds, began):
    """The counts of both releases in the last seconds, as ``gate.totals`` has them.

    ``releases``: ``new`` and ``old``, each with its id. ``began``: when the rollout did.
    """
    words, none = {"app": app, "seconds": str(seconds)}, {"requests": 0, "bad": 0}
    if settings["from"] != PROMETHEUS:
        return dict(_run(settings["command"], dict(words, **releases)), before=none, others_before=none)
    new, old = (dict(words, **_named(releases[side])) for side in ("new", "old"))
    return {
        "new": _asked(settings, new),
        "old": _asked(settings, old),
        "before": _asked(settings, old, {"time": "%.3f" % began}),
        "others_before": none,
    }


def _named(release):
    return {"release": release, "version": release.rpartition("-")[0]}


def _filled(text, words):
    """PromQL has braces of its own, so only these words are replaced."""
    for word, value in words.items():
        text = text.replace("{%s}" % word, value)
    return text


def _asked(settings, words, at=()):
    requests, bad = (
        _number(settings["url"], dict(at, query=_filled(settings[key], words)))
        for key in ("requests", "bad_requests")
    )
    # What Prometheus extrapolates need not fit together.
    return {"requests": requests, "bad": min(requests, bad)}


def _number(url, parameters):
    """What a query comes to, summed up and rounded; 0 if there is no such series."""
    address = "%s/api/v1/query?%s" % (url.rstrip("/"), urllib.parse.urlencode(parameters))
    try:
        with open_url(address, timeout=PROMETHEUS_TIMEOUT) as reply:
            data = json.loads(reply.read(LARGEST_ANSWER))["data"]
        samples = [data["result"]] if data["resultType"] == "scalar" else [s["value"] for s in data["result"]]
        number = sum(float(value) for dummy, value in samples)
    except Exception as error:  # pylint: disable=broad-except
        raise SlipwayError("%s did not answer %s: %s" % (url, parameters["query"], error)) from error
    if not math.isfinite(number) or number < 0:
        raise SlipwayError("%s answered %s to %s" % (url, number, parameters["query"]))
    return round(number)


def _run(command, words):
    """What a command prints, as in _EXAMPLE."""
    argv = [_filled(word, words) for word in command]
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SlipwayError("%s: %s" % (argv[0], error)) from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()[-500:]
        raise SlipwayError(
            "%s ended with exit status %d: %s" % (argv[0], done.returncode, said or "no reason")
        )
    try:
        printed = json.loads(done.stdout)
        return {side: _counts(printed[side]) for side in ("new", "old")}
    except (ValueError, KeyError, TypeError) as error:
        raise SlipwayError(
            "%s did not print two counts, such as %s" % (argv[0], json.dumps(_EXAMPLE))
        ) from error


_EXAMPLE = {"new": {"requests": 1043, "bad": 2}, "old": {"requests": 3120, "bad": 3}}


def _counts(side):
    requests, bad = side["requests"], side["bad"]
    # For Python, true is a number.
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in (requests, bad)):
        raise ValueError("no numbers")
    if not 0 <= bad <= requests:
        raise ValueError("no counts")
    return {"requests": requests, "bad": bad}
