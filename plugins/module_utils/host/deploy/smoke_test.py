# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The smoke run: the new binary as a transient unit, in the same sandbox, on a private port, while the old release serves."""

from __future__ import annotations

import os
import socket
import time

from ...common import environment, unit
from ..system.files import remove, write_file
from ..systemd import systemctl
from . import health_gate


def reason_to_skip(request, check):
    """Why no smoke run is possible with these settings; None where it is."""
    if not request.smoke:
        return "switched off by smoke: false"
    if check.type != "http" and check.type != "tcp":
        return "a health check of type %s has no port that a second process could take" % check.type
    return None


def run(request, target, release):
    """Start, judge and stop the release beside the live one; raises health_gate.Unhealthy where it does not serve."""
    port = free_port()
    unit_name = request.app + "-smoke.service"
    settings = os.path.join(request.layout.incoming, "smoke.environment")
    variables = dict(environment.parse(target.environment), **{request.port_variable: str(port)})
    remove(settings)
    write_file(settings, environment.render(variables).encode("utf-8"), 0o600)
    check = request.check_for(target, port=port).replace(port=port, min_ready_seconds=0.0)
    systemctl.stop(unit_name)  # what a deploy that was killed left running
    since = time.time()
    try:
        _start(unit_name, request, release, settings, since)
        health_gate.wait_healthy(check, target.names, unit_name, since)
    except health_gate.Unhealthy as error:
        _explain(error, request, port)
        raise
    finally:
        systemctl.stop(unit_name)
        remove(settings)


def free_port():
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _start(unit_name, request, release, settings, since):
    sections = unit.sections(request.app, request.unit, binary=release.binary, environment_file=settings)
    argv = [
        "systemd-run",
        "--quiet",
        "--collect",
        "--unit=" + unit_name,
        "--service-type=exec",
        "--description=Smoke run of " + release.id,
    ]
    command = ["--", release.binary] + unit.transient_args(request.unit)
    answer = systemctl.run(argv + _properties(sections) + command)
    if "Unknown assignment" in answer.stderr:
        # An older systemd ignores in a unit file what it refuses here. To ask for its version costs a process: only where needed.
        answer = systemctl.run(argv + _properties(sections, systemctl.version()) + command)
    if answer.returncode:
        history = systemctl.journal_tail(unit_name, since)
        reason = answer.stderr.strip()[:1000] or "; ".join(history[-3:])
        raise health_gate.Unhealthy("systemd could not start it: %s" % reason, evidence={"journal": history})


def _properties(sections, version=None):
    return ["--property=" + value for value in unit.transient(sections, version)]


def _explain(error, request, port):
    """The commonest cause of a false alarm is an app that does not take its port from the environment."""
    text = " ".join(error.facts.get("evidence", {}).get("journal", []))
    if "address already in use" in text:
        hint = "It did not listen on port %d, which %s named. Let the app read its port from %s, or set smoke: false"
        error.facts["hint"] = hint % (port, request.port_variable, request.port_variable)
