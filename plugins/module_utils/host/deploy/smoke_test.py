# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The smoke test: run the new binary beside the live release, as a transient unit on a free port.

The unit has the same sandbox, user and environment as the service.
"""

from __future__ import annotations

import os
import socket
import time

from ...common import environment, unit
from ..system.files import remove, write_file
from ..systemd import systemctl
from . import evidence, health_gate

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from ..releases.layout import Release
    from .request import Request
    from .target import Target


def reason_to_skip(request: Request, check) -> str | None:
    """Why no smoke test is possible with these settings; None if one is."""
    if not request.smoke:
        return "switched off by slipway_smoke: false (option smoke)"
    if check.type not in ("http", "tcp"):
        return "a health check of type %s has no port that a second process could use" % check.type
    return None


def run(request: Request, target: Target, release: Release) -> None:
    """Start the release beside the live one, wait until it is healthy and stop it.

    Raises health_gate.Unhealthy if it does not become healthy.
    """
    port = free_port()
    unit_name = request.app + "-smoke.service"
    environment_file = os.path.join(request.layout.incoming, "smoke.environment")
    variables = dict(environment.parse(target.environment), **{request.port_variable: str(port)})
    remove(environment_file)
    write_file(environment_file, environment.render(variables).encode("utf-8"), 0o600)
    check = request.check_for(target, port=port).replace(port=port, min_ready_seconds=0.0)
    systemctl.stop(unit_name)  # a killed deploy may have left it running
    since = time.time()
    try:
        _start(unit_name, request, release, environment_file, since)
        health_gate.wait_healthy(check, target.names, unit_name, since, usual_port=request.port)
    except health_gate.Unhealthy as error:
        health_gate.explain(error, request, port, smoke=True)
        raise health_gate.Unhealthy("the smoke test failed: %s" % error, **error.facts) from error
    finally:
        systemctl.stop(unit_name)
        remove(environment_file)


def free_port() -> int:
    """A TCP port on which nothing listens at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _start(unit_name, request, release, environment_file, since):
    sections = unit.sections(
        request.app, request.unit, binary=release.binary, environment_file=environment_file
    )
    argv = [
        "systemd-run",
        "--quiet",
        "--collect",
        "--unit=" + unit_name,
        "--service-type=exec",
        "--description=Smoke test of " + release.id,
    ]
    command = ["--", release.binary] + unit.transient_args(request.unit)
    answer = systemctl.run(argv + _properties(sections) + command)
    if "Unknown assignment" in answer.stderr:
        # An older systemd refuses here what it ignores in a unit file. Its version costs a process: only now.
        answer = systemctl.run(argv + _properties(sections, systemctl.version()) + command)
    if answer.returncode:
        journal = systemctl.journal_tail(unit_name, since)
        reason = evidence.reason(journal) or answer.stderr.strip()[:1000] or "it printed no reason"
        facts = {"evidence": {"journal": evidence.excerpt(journal)}, "hint": evidence.remedy(journal)}
        raise health_gate.Unhealthy("systemd could not start it: %s" % reason, **facts)


def _properties(sections, version=None):
    return ["--property=" + value for value in unit.transient(sections, version)]
