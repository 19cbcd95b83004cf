# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remove an app from a host: its units, its releases, its history, and nothing that is not Slipway's.

The app's data in /var/lib/<app> stays. What an adoption kept is moved to /var/lib/slipway-adopted-<app>.
"""

from __future__ import annotations

import contextlib
import os
import shutil

from ...common import names
from ..releases import lease, metrics
from ..releases.running import running_release
from ..system import files, lock
from ..systemd import systemctl, unit_file
from ..systemd.written import ADOPTED
from . import adopt, confirm, strategies
from .request import Request

# What lies in the app's directory beside its releases; what else is there belongs to somebody else.
_OWN = (
    "current",
    "previous",
    "blue",
    "green",
    "blue.port",
    "green.port",
    "blue.config",
    "green.config",
    "blue.environment",
    "green.environment",
    "smoke.config",
    "incoming",
    "history.jsonl",
    "lease.json",
    "lease.json.lock",
    "fencing_token",
    "unconfirmed",
    "verified.json",
    "lock",
)


def plan(options: dict, stream) -> dict:
    """What would be removed."""
    app = _Installed(Request(options))
    present = app.present()
    return {
        "changed": bool(present),
        "needs_artifact": False,
        "outcome": "ok",
        "from": app.layout.current(),
        "release": None,
        "reasons": ["%s exists" % path for path in present],
        "warnings": app.warnings(),
        "diff": {"before": "".join(path + "\n" for path in present), "after": app.after()},
    }


def apply(options: dict, stream) -> dict:
    """Stop the service, then remove what was installed for it."""
    request = Request(options)
    app, actions = _Installed(request), []
    if app.present():
        request.layout.create()
        note = {"actor": request.actor, "deploy_id": request.deploy_id, "to": "absent"}
        with lock.held(request.layout.lock, note, request.lock_wait):
            app = _Installed(request)
            actions = app.remove()
    return {
        "changed": bool(actions),
        "outcome": "ok",
        "actions": actions,
        "warnings": app.warnings(),
        "release": None,
        "current": None,
        "previous": None,
    }


class _Installed:
    """What a host has of an app, and whose it is."""

    def __init__(self, request):
        self.layout = request.layout
        self.layout.refuse_other_tree()
        self._strategy = request.strategy.NAME
        self._textfile = request.textfile
        self._releases = self.layout.releases()
        self.units, self.foreign_units = self._find_units()

    def _find_units(self):
        """The unit files here that are Slipway's, and those of the same names that are not."""
        app = self.layout.app
        known = {app + ".service", app + ".socket", app + "@.service"}
        for release in self._releases.values():
            known.update(release.units())
        ours: list = []
        foreign: list = []
        for name in sorted(known):
            path = os.path.join(self.layout.unit_dir, name)
            if os.path.lexists(path):
                (ours if self._is_ours(name, path) else foreign).append(path)
        return ours, foreign

    def _is_ours(self, name, path):
        if os.path.islink(path) or not os.path.isfile(path):
            return False  # such as a mask, which is the administrator's
        if name in self._current_units():
            return True  # also where somebody edited it
        content = files.read_bytes(path)
        texts = [text for release in self._releases.values() for text in release.units().values()]
        return content.decode("utf-8", "replace") in texts

    def _current_units(self):
        current = self._releases.get(self.layout.current())
        return current.units() if current else {}

    def present(self):
        """The paths that are removed, the app's directory last: it says what is Slipway's."""
        from ..nginx import flags  # carried with this request only

        app = self.layout.app
        elsewhere = [flags.green(app), *flags.parts(app), metrics.path_of(app, self._textfile)]
        paths = self.units + elsewhere + self._own_files()
        paths = [path for path in paths if os.path.lexists(path)]
        if os.path.isdir(self.layout.root) and not self._left_over() and not lease.is_alone(self.layout):
            paths.append(self.layout.root)
        return paths

    def _own_files(self):
        """Everything below the app's directory that Slipway made, if that is not all of it."""
        if not self._left_over():
            return []
        own = [os.path.join(self.layout.root, name) for name in _OWN]
        own += [path + ".new" for path in own]
        return own + self._release_paths() + self._adopted_paths()

    def _release_paths(self):
        releases = self.layout.releases_dir
        return [
            os.path.join(releases, name) for name in _listing(releases) if names.RELEASE_ID.fullmatch(name)
        ]

    def _adopted_paths(self):
        return [
            os.path.join(self.layout.root, name)
            for name in _listing(self.layout.root)
            if name.partition(".")[0] == "adopted"
        ]

    def _left_over(self):
        """What is in the app's directory and is not Slipway's."""
        own = {os.path.join(self.layout.root, name) for name in _OWN}
        own.update(self._adopted_paths(), [self.layout.releases_dir])
        own.update(path + ".new" for path in list(own))
        top = [os.path.join(self.layout.root, name) for name in _listing(self.layout.root)]
        releases = [
            os.path.join(self.layout.releases_dir, name) for name in _listing(self.layout.releases_dir)
        ]
        return [path for path in top if path not in own and not path.endswith(".slipway-new")] + [
            path for path in releases if path not in self._release_paths()
        ]

    def after(self):
        """What is there afterwards, for --diff."""
        return "%s\n" % self._adopted_target() if self._adopted_paths() else ""

    def _adopted_target(self):
        """Where what was adopted goes: a directory that is not there yet."""
        path, number = ADOPTED + self.layout.app, 1
        while os.path.lexists(path):
            number += 1
            path = "%s%s.%d" % (ADOPTED, self.layout.app, number)
        return path

    def warnings(self):
        """What stays although it has the app's name."""
        stays = self.foreign_units + self._left_over()
        return ["These are not Slipway's and stay: %s" % ", ".join(stays)] if stays else []

    def remove(self):
        """Stop what Slipway started, and remove what it installed; returns the actions."""
        actions = []
        confirm.disarm(self.layout)
        for unit_name in self._services():
            systemctl.stop(unit_name)
            systemctl.disable(unit_name)
        present = self.present()
        for path in self.units:
            adopt.keep_edited(self.layout, self._releases, os.path.basename(path))
        if self._adopted_paths():
            target = self._move_adopted()
            actions.append("moved what was adopted to %s" % target)
        for path in present:
            files.remove(path)
            actions.append("removed %s" % path)
        _remove_if_empty(self.layout.releases_dir)
        _remove_if_empty(self.layout.root)
        unit_file.daemon_reload()
        return actions

    def _services(self):
        """Every unit that a release here may have started, with whatever strategy; a socket comes first."""
        used = {release.strategy for release in self._releases.values()} | {self._strategy}
        found = [
            unit_name
            for name in sorted(used)
            for unit_name in strategies.load(name).services(self.layout.app)
        ]
        found += [name for name in map(os.path.basename, self.units) if "@." not in name]
        found = sorted(set(found), key=lambda name: (not name.endswith(".socket"), name))
        return [unit_name for unit_name in found if self._was_started_by_us(unit_name)]

    def _was_started_by_us(self, unit_name):
        """Whether its unit file is Slipway's or, where that is gone, its process is of a release."""
        file = "%s@.service" % self.layout.app if "@" in unit_name else unit_name
        if os.path.join(self.layout.unit_dir, file) in self.units:
            return True
        return running_release(self.layout, systemctl.show(unit_name)["MainPID"]) is not None

    def _move_adopted(self):
        """Complete or not at all, also to another file system."""
        target = self._adopted_target()
        work = target + ".slipway-new"
        files.remove(work)
        os.makedirs(work, mode=0o700)
        for path in self._adopted_paths():
            shutil.copytree(path, os.path.join(work, os.path.basename(path)))
        for folder, dummy, names_in_it in os.walk(work):
            for name in names_in_it:
                files.sync_file(os.path.join(folder, name))
            files.sync_directory(folder)
        os.rename(work, target)
        files.sync_directory(os.path.dirname(target))
        for path in self._adopted_paths():
            files.remove(path)
        return target


def _listing(path):
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def _remove_if_empty(path):
    with contextlib.suppress(OSError):  # not empty, or gone already
        os.rmdir(path)
