# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ends a drill: a service that is armed before it begins. The step ``end_drill`` starts it.

A timer starts it when the controller does not, and so does a boot. The engine saves itself to one file, with
the request that undoes the fault. As long as that file is there, the drill is not over.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import time

from ...common import names, wire
from ...common.errors import SlipwayError
from ...common.faults import MARGIN_SECONDS
from ..system.files import remove, replace
from ..systemd import systemctl, unit_file

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from typing import Iterator

DIRECTORY = "/var/lib"
# A rollback may be a part of it.
END_SECONDS = 120
POLL_SECONDS = 0.1
# Restarted until it has done it; a oneshot would not be, by an older systemd.
_SERVICE = """[Unit]
Description=End the drill of {app}
After=network.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart="{python}" -I -S -c "{read}" "{path}"
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
"""
_TIMER = """[Unit]
Description=End of the drill of {app}

[Timer]
OnActiveSec={seconds}
AccuracySec=100ms
"""


def path_of(app: str) -> str:
    return os.path.join(DIRECTORY, "slipway-drill-" + app)


def is_armed(app: str) -> bool:
    """Whether a drill of this app has not ended on this host."""
    return os.path.lexists(path_of(app))


def arm(app: str, request: dict, seconds: int) -> None:
    """From now on this host ends the drill without the controller: in time, and when it boots."""
    replace(path_of(app), _parcel(request), 0o600)
    service, timer = _unit_names(app)
    values = {
        "app": app,
        "python": sys.executable,
        "read": wire.READ_FILE,
        "path": path_of(app),
        "seconds": seconds + MARGIN_SECONDS,
    }
    texts = {service: _SERVICE.format(**values).replace("%", "%%"), timer: _TIMER.format(**values)}
    unit_file.install(texts)
    unit_file.daemon_reload()
    systemctl.enable(service)
    systemctl.start(timer, "start")


def end_drill(options: dict, stream) -> dict:
    """End the drill now, and wait for it; nothing if the host has ended it by itself."""
    app = names.check_app(options["name"])
    service = _unit_names(app)[0]
    if not is_armed(app):
        return {"changed": False, "outcome": "ok"}
    since = time.time()
    with contextlib.suppress(SlipwayError):  # ended and removed at this very moment
        systemctl.start(service, "start")
    deadline = time.monotonic() + END_SECONDS
    while is_armed(app):
        if time.monotonic() > deadline:
            raise SlipwayError(
                "the drill of %s could not be undone: %s is started again and again until it is"
                % (app, service),
                evidence={"journal": systemctl.journal_tail(service, since)},
            )
        time.sleep(POLL_SECONDS)
    return {"changed": True, "outcome": "ok"}


@contextlib.contextmanager
def ending(app: str) -> Iterator[bool]:
    """One at a time: whether there is a drill to end. It is over when the block is done without an error."""
    with contextlib.ExitStack() as stack:
        if is_armed(app):
            with contextlib.suppress(FileNotFoundError):  # ended at this very moment
                handle = stack.enter_context(open(path_of(app), "rb"))
                fcntl.flock(handle.fileno(), fcntl.LOCK_EX)
        lasts = is_armed(app)  # whoever had the lock may have ended it
        yield lasts
        if lasts:
            _disarm(app)


def _disarm(app):
    service, timer = _unit_names(app)
    if unit_file.exists(timer):
        systemctl.stop(timer)
    if unit_file.exists(service):
        systemctl.disable(service)
    removed = [unit_file.remove(name) for name in (service, timer)]
    if any(removed):
        unit_file.daemon_reload()
    remove(path_of(app))


def _parcel(request):
    """What the controller streamed to this host, with another request."""
    import __main__

    return wire.parcel(__main__.packed, request, bootstrap=__main__.bootstrap)


def _unit_names(app):
    """The service and its timer. No app's name has a dot, so that they are never the units of an app."""
    return app + ".drill.service", app + ".drill.timer"
