# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adoption: a service of the app's name that Slipway did not install is taken over, and never lost.

Its unit files are kept in /opt/<app>/adopted before anything takes their place. If the first release fails,
they are put back and the service is started again. ``record.json`` says how far an adoption came, so that a
run after an interrupted one knows what was here.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import time

from ...common.errors import Rejected, SlipwayError
from ..releases.running import running_release
from ..system import account, files
from ..system.clock import timestamp
from ..systemd import foreign, systemctl, unit_file

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from ..releases.layout import Layout
    from .request import Request
    from .state import HostState
    from .steps import Deployment
    from .target import Target

RECORD = "record.json"
PENDING, DONE, PUT_BACK, REJECTED = "pending", "done", "put back", "rejected"
SETTLE_SECONDS = 0.5
STATE_DIRECTORIES = "/var/lib"


def find(layout: Layout, wanted: dict, releases: dict, running: str | None) -> foreign.Foreign | None:
    """What a deploy of the units ``wanted`` (name to text) would take the place of; None if that is nothing.

    Where a release is current or runs, the units are Slipway's, whatever somebody edited in them.
    """
    if layout.current() in releases or running in releases:
        return None
    service = layout.app + ".service"
    ours = _texts_of(releases) | set(wanted.values())
    return foreign.find(service, sorted({service, *wanted}), ours, layout.unit_dir)


def _texts_of(releases):
    texts = set()
    for release in releases.values():
        try:
            texts.update(release.units().values())
        except OSError:  # damaged
            continue
    return texts


def check(request: Request, target: Target, state: HostState) -> None:
    """Refuse to replace what is not Slipway's, unless the request says to adopt it and it can be put back."""
    found = state.foreign
    if found is None:
        return
    if not request.adopt:
        raise Rejected(
            "%s on this host is not Slipway's: %s. A deploy would replace it. Nothing was changed. "
            "Set slipway_adopt: true to take it over: its unit is kept in %s, and is put back and started "
            "again if the new release fails. Or choose another slipway_app"
            % (found.service, found.described(), request.layout.adopted)
        )
    if found.obstacle:
        raise Rejected("%s cannot be adopted: %s. Nothing was changed" % (found.service, found.obstacle))
    _check_owner(request, target, found)


def _check_owner(request, target, found):
    """systemd gives the state directory to the user of the unit: the old service would lose its data."""
    directory = os.path.join(STATE_DIRECTORIES, request.app)
    text = "\n".join(target.units.values())
    user = re.search(r"^User=(\S+)", text, re.MULTILINE)
    if not user or not re.search(r"^StateDirectory=%s$" % re.escape(request.app), text, re.MULTILINE):
        return
    try:
        owner, new = _owner(directory), pwd.getpwnam(user[1]).pw_uid
    except (OSError, KeyError):  # there is none yet; or preflight refuses the account
        return
    if owner not in (0, new):
        old = account.name_of(owner, "uid %d" % owner)
        raise Rejected(
            "%s cannot be adopted: %s belongs to %s, and systemd would give it to %s, the user of the new "
            "release, so that the old service could not use its data if it is put back. Nothing was changed. "
            "Set slipway_unit: {user: %s}, or give the directory to %s yourself"
            % (found.service, directory, old, user[1], old, user[1])
        )


def _owner(directory):
    return os.stat(directory).st_uid


# --- kept ------------------------------------------------------------------------------------------


class Adoption:
    """What was kept of the service that a release takes the place of."""

    def __init__(self, layout: Layout, record: dict):
        self._layout = layout
        self.record = record
        self.service = record["service"]
        self.active = record["active"]
        self.was_enabled = record["enabled"] == "enabled"

    @property
    def is_pending(self) -> bool:
        return self.record["state"] == PENDING

    def mark(self, state: str) -> None:
        """Record how far the adoption came."""
        self.record = dict(self.record, state=state, at=timestamp())
        files.replace(_record_path(self._layout), _encoded(self.record), 0o600)

    def restore(self, wanted: dict) -> None:
        """Let the unit files be as they were; those that only the release has go."""
        kept = {unit["name"]: unit for unit in self.record["units"]}
        for name in sorted(set(wanted) | set(kept)):
            path = os.path.join(self._layout.unit_dir, name)
            if name in kept and kept[name]["path"] == path:
                unit_file.restore(path, self._content(name), kept[name]["mode"], kept[name]["link"])
            elif os.path.lexists(path):
                os.unlink(path)
        files.sync_directory(self._layout.unit_dir)

    def _content(self, unit_name):
        return files.read_bytes(os.path.join(self._layout.adopted, unit_name))


def kept(layout: Layout) -> Adoption | None:
    """What an adoption kept on this host, whatever came of it; None if there was none."""
    try:
        return Adoption(layout, json.loads(files.read_text(_record_path(layout))))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(layout: Layout, found: foreign.Foreign, actor: str) -> Adoption:
    """Keep the unit files, complete or not at all; what was kept earlier and differs is kept beside it."""
    record = {
        "schema": 1,
        "state": PENDING,
        "at": timestamp(),
        "actor": actor,
        "service": found.service,
        "active": found.active,
        "enabled": found.enabled,
        "drop_ins": found.drop_ins,
        "units": [
            {"name": unit.name, "path": unit.path, "link": unit.link, "mode": unit.mode}
            for unit in found.units
        ],
    }
    adoption = Adoption(layout, record)
    if _holds(layout, found):
        adoption.mark(PENDING)
        return adoption
    work = os.path.join(layout.incoming, "adopted")
    files.remove(work)
    os.mkdir(work, 0o700)
    for unit in found.units:
        files.write_file(os.path.join(work, unit.name), unit.content, 0o600)
    files.write_file(os.path.join(work, RECORD), _encoded(record), 0o600)
    files.sync_directory(work)
    _make_way(layout)
    os.rename(work, layout.adopted)
    files.sync_directory(layout.root)
    return adoption


def keep_edited(layout: Layout, releases: dict, unit_name: str) -> str | None:
    """Keep a unit file that no release has and that was not kept before; returns where, if it was kept."""
    installed = os.path.join(layout.unit_dir, unit_name)
    if os.path.islink(installed) or not os.path.isfile(installed):
        return None
    content = files.read_bytes(installed)
    if _is_known(layout, releases, unit_name, content):
        return None
    os.makedirs(layout.adopted, mode=0o700, exist_ok=True)
    path = os.path.join(layout.adopted, "%s.edited-%s" % (unit_name, timestamp().replace(":", "")))
    files.replace(path, content, 0o600)
    files.sync_directory(layout.root)
    return path


def _is_known(layout, releases, unit_name, content):
    """Whether the content of a unit file is that of a release here, or is kept already."""
    if content.decode("utf-8", "replace") in _texts_of(releases):
        return True
    try:
        names = [name for name in os.listdir(layout.adopted) if name.startswith(unit_name)]
    except OSError:
        return False
    return any(_has(os.path.join(layout.adopted, name), content) for name in names)


def _has(path, content):
    try:
        return files.read_bytes(path) == content
    except OSError:
        return False


def _holds(layout, found):
    """Whether these very files are kept already."""
    earlier = kept(layout)
    if earlier is None or {unit["name"] for unit in earlier.record["units"]} != {
        unit.name for unit in found.units
    }:
        return False
    return all(_has(os.path.join(layout.adopted, unit.name), unit.content) for unit in found.units)


def _make_way(layout):
    number = 1
    while os.path.lexists(layout.adopted) and number < 10000:
        older = "%s.%d" % (layout.adopted, number)
        if not os.path.lexists(older):
            os.rename(layout.adopted, older)
        number += 1


def _record_path(layout):
    return os.path.join(layout.adopted, RECORD)


def _encoded(record):
    return (json.dumps(record, indent=2, sort_keys=True) + "\n").encode("utf-8")


# --- put back --------------------------------------------------------------------------------------


def put_back(deployment: Deployment, adoption: Adoption) -> None:
    """Let the adopted service be as it was, and run if it ran; raises if systemd says that it does not."""
    layout = deployment.layout
    strategy = deployment.request.strategy
    strategy.route_to_adopted(deployment)
    runs_on = _was_never_stopped(deployment)
    for unit_name in strategy.services(deployment.app):
        # A restart ends the release below: a run that is killed before leaves something that runs.
        if unit_name != adoption.service or not adoption.active:
            systemctl.stop(unit_name)
        if unit_name != adoption.service or not adoption.was_enabled:
            systemctl.disable(unit_name)
    adoption.restore(deployment.target.units)
    _daemon_reload(deployment, runs_on)
    if adoption.was_enabled:
        systemctl.enable(adoption.service)
    if adoption.active and not runs_on:
        _start(adoption.service)
    layout.point("current", None)
    adoption.mark(PUT_BACK)
    deployment.actions.append("put back %s" % adoption.service)


def _daemon_reload(deployment, runs_on):
    try:
        unit_file.daemon_reload()
    except SlipwayError as error:
        if not runs_on:
            raise
        deployment.warnings.append("While putting back %s: %s" % (deployment.adoption.service, error))


def _was_never_stopped(deployment):
    """Whether the adopted service's own process still runs."""
    now = systemctl.show(deployment.adoption.service)
    return (
        deployment.adoption.active
        and now["MainPID"] != 0
        and now["MainPID"] == deployment.adopted_pid
        and now["ActiveState"] != "deactivating"
    )


def own_pid(layout: Layout) -> int:
    """The main process of the app's service if no release of Slipway's was started there; 0 if one was."""
    pid = systemctl.show(layout.app + ".service")["MainPID"]
    return pid if running_release(layout, pid) is None else 0


def _start(unit_name):
    since = time.time()
    systemctl.start(unit_name)
    time.sleep(SETTLE_SECONDS)  # one that cannot run ends a moment after systemd calls it active
    state = systemctl.show(unit_name)
    if state["ActiveState"] not in ("active", "reloading") or state["NRestarts"]:
        raise SlipwayError(
            "%s is %s (result %s)" % (unit_name, state["ActiveState"], state.get("Result")),
            evidence={
                "unit": unit_name,
                "journal": systemctl.journal_tail(unit_name, since),
                "next": "journalctl -u %s -e" % unit_name,
            },
        )
