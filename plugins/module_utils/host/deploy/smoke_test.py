# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The smoke test: run the new binary beside the live release, as a transient unit on a free port.

The unit has the same sandbox, user and environment as the service.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time

from ...common import environment, unit
from ..releases import config
from ..system.files import remove, write_file
from ..systemd import systemctl, transient
from . import evidence, health_gate

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from typing import Iterator

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
    try:
        with started(request, target, release, release.binary):
            pass
    except health_gate.Unhealthy as error:
        error.args = ("the smoke test failed: %s" % error,)
        raise


@contextlib.contextmanager
def started(request: Request, target: Target, release: Release, binary: str) -> Iterator[tuple[int, int]]:
    """Run a binary as the release beside the live one, while the block runs; yields its port and pid.

    Raises health_gate.Unhealthy if it does not become healthy.
    """
    port = free_port()
    unit_name = request.app + "-smoke.service"
    environment_file = os.path.join(request.layout.incoming, "smoke.environment")
    config_dir = os.path.join(request.layout.root, "smoke.config")  # where the service's user may enter
    own = target.own_variables(port, config_dir, request.port_variable)
    variables = dict(environment.parse(target.environment), **own)
    remove(environment_file)
    write_file(environment_file, environment.render(variables).encode("utf-8"), 0o600)
    check = request.check_for(target, port=port).replace(port=port, min_ready_seconds=0.0)
    if transient.is_there(unit_name):  # a killed deploy may have left it running
        systemctl.stop(unit_name)
    since = time.time()
    try:
        if target.config:
            config.replace(config_dir, target.config, port, target.service_gid())
        command = [binary] + unit.transient_args(request.unit, port=str(port), config=config_dir)
        try:
            _start(unit_name, request, release, environment_file, command, since)
            dummy, pid = health_gate.wait_healthy(
                check, target.names, unit_name, since, usual_port=request.port
            )
        except health_gate.Unhealthy as error:
            health_gate.explain(error, request, port, smoke=True)
            raise
        yield port, pid
    finally:
        systemctl.stop(unit_name)
        remove(environment_file)
        remove(config_dir)


def free_port() -> int:
    """A TCP port on which nothing listens at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _start(unit_name, request, release, environment_file, command, since):
    sections = unit.sections(
        request.app, request.unit, binary=release.binary, environment_file=environment_file
    )

    def start(version=None):
        return systemctl.run(
            transient.argv(
                unit_name,
                "Smoke test of " + release.id,
                unit.transient(sections, version),
                command,
                ("--service-type=exec",),
            )
        )

    answer = start()
    if "Unknown assignment" in answer.stderr:
        # An older systemd refuses here what it ignores in a unit file. Its version costs a process: only now.
        answer = start(systemctl.version())
    if answer.returncode:
        journal = systemctl.journal_tail(unit_name, since)
        reason = evidence.reason(journal) or answer.stderr.strip()[:1000] or "it printed no reason"
        facts = {"evidence": {"journal": evidence.excerpt(journal)}, "hint": evidence.remedy(journal)}
        raise health_gate.Unhealthy("systemd could not start it: %s" % reason, **facts)
