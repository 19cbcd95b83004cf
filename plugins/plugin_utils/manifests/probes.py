# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The health check of a service as the probes of the kubelet."""

from __future__ import annotations

import math

from .refusals import own_command

# A service that hangs is restarted after half a minute. It asks for nothing that others could break.
_LIVENESS = {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 3}
HTTP = "http"


def probes(request) -> dict:
    """The probes of the container, by their names there."""
    check = request.check
    found = {}
    if check.type != "none":
        asked = _handler(request)
        found["startupProbe"] = {**asked, **_startup(check)}
        found["readinessProbe"] = {**asked, **_readiness(check)}
    alive = _alive(request)
    if alive:
        found["livenessProbe"] = {**alive, **_LIVENESS}
    return found


def min_ready_seconds(check) -> int:
    return math.ceil(check.min_ready_seconds)


def seconds_to_progress(check) -> int:
    """After this time without progress a rollout counts as failed; an image has to arrive meanwhile."""
    return math.ceil(check.deadline) + min_ready_seconds(check) + 60


def _handler(request):
    check = request.check
    if check.type == "command":
        return {"exec": {"command": ["/" + request.app, *own_command(check.command, request.app)]}}
    port = HTTP if check.port == request.port else check.port
    if check.type == "tcp":
        return {"tcpSocket": {"port": port}}
    asked = {"path": check.path, "port": port}
    if check.scheme == "https":
        asked["scheme"] = "HTTPS"
    if check.headers:
        asked["httpHeaders"] = [
            {"name": name, "value": value} for name, value in sorted(check.headers.items())
        ]
    return {"httpGet": asked}


def _startup(check):
    """It has the time until the deadline. Until then nothing else is asked."""
    period, delay = _whole(check.period), math.floor(check.initial_delay)
    times = {"initialDelaySeconds": delay} if delay else {}
    failures = max(math.ceil((check.deadline - delay) / period), 1)
    return {
        **times,
        "periodSeconds": period,
        "timeoutSeconds": _whole(check.timeout),
        "failureThreshold": failures,
    }


def _readiness(check):
    return {
        "periodSeconds": _whole(check.period),
        "timeoutSeconds": _whole(check.timeout),
        "successThreshold": check.success_threshold,
        "failureThreshold": check.failure_threshold,
    }


def _alive(request):
    """Whether it accepts a connection. A path only by choice: with the database it could end all pods."""
    wanted = request.options["liveness"]
    if wanted is False or not request.port:
        return None
    if wanted:
        return {"httpGet": {"path": wanted["path"], "port": HTTP}}
    return {"tcpSocket": {"port": HTTP}}


def _whole(seconds):
    return max(math.ceil(seconds), 1)
