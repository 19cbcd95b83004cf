# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ends a drill: a service that is armed before it begins. The step ``end_drill`` starts it.

A timer starts it when the controller does not, and so does a boot. The engine saves itself to one file, with
the request that undoes the fault. The file is there before the units, and longer than they are: a drill lasts
as long as both are there, and who begins or ends one has locked the file.
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
from ..system.files import remove, sync_directory, write_file
from ..systemd import systemctl, unit_file

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from typing import Iterator

DIRECTORY = "/var/lib"
WANTED_BY = "multi-user.target"
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
WantedBy={wanted_by}
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
    """Whether a drill of this app has not ended on this host. A file alone breaks nothing: see ``arm``."""
    return os.path.lexists(path_of(app)) and unit_file.exists(_unit_names(app)[0])


def arm(app: str, request: dict, seconds: int) -> None:
    """From now on this host ends the drill without the controller: in time, and when it boots.

    Where that is not possible, this raises, and nothing is armed.
    """
    with contextlib.suppress(FileNotFoundError, BlockingIOError), _locked(path_of(app), fcntl.LOCK_NB):
        if not is_armed(app):  # left by a host that went down in the middle
            remove(path_of(app))
    try:
        write_file(path_of(app), _parcel(request), 0o600)
    except FileExistsError:
        raise SlipwayError("another drill of %s begins or ends at this moment" % app) from None
    with _locked(path_of(app)):
        try:
            _install(app, seconds)
        except BaseException:
            _disarm(app)
            raise


def _install(app, seconds):
    service, timer = _unit_names(app)
    values = {
        "app": app,
        "python": sys.executable,
        "read": wire.READ_FILE,
        "path": path_of(app),
        "wanted_by": WANTED_BY,
        "seconds": seconds + MARGIN_SECONDS,
    }
    texts = {service: _SERVICE.format(**values).replace("%", "%%"), timer: _TIMER.format(**values)}
    unit_file.install(texts)
    unit_file.daemon_reload()
    systemctl.enable(service)
    for directory in (DIRECTORY, os.path.join(unit_file.DIRECTORY, WANTED_BY + ".wants")):
        sync_directory(directory)  # a power cut is a boot too
    systemctl.start(timer, "start")


@contextlib.contextmanager
def _locked(path, flags=0):
    """Lock the file, and keep it; it may be gone, or another one, when the lock is had: FileNotFoundError."""
    with open(path, "rb") as handle:
        fcntl.flock(handle.fileno(), fcntl.LOCK_EX | flags)
        if not os.path.samestat(os.fstat(handle.fileno()), os.stat(path)):
            raise FileNotFoundError(path)
        yield


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
    while os.path.lexists(path_of(app)):
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
        try:
            stack.enter_context(_locked(path_of(app)))
            lasts = True
        except FileNotFoundError:
            lasts = False
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
