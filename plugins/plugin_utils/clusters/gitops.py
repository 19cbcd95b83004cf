# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster that follows a git repository: a release is one commit, and a rollback is one too.

Nothing is sent to the cluster. What another writer has pushed meanwhile is taken first, and the commit is
made anew on top of it: so none is lost, and nothing has to be merged.
"""

from __future__ import annotations

import random
import time

from ...module_utils.common.errors import Rejected, SlipwayError
from ..manifests import files
from ..manifests.directory import Change
from . import releases
from .repository import Rejected as PushRejected
from .repository import Repository

RELEASE = "Slipway-Release"
# As long as others push all the time.
SECONDS = 120
_MESSAGE = """{subject}

Slipway-App: {app}
Slipway-Path: {path}
Slipway-Release: {release}
Slipway-Image: {image}
Slipway-Actor: {actor}
"""


class Deploy:
    """One commit in the making. ``options``: those of slipway_gitops; ``request``: as for a cluster."""

    def __init__(self, options: dict, request: dict):
        self.options, self.request = options, request
        self.path = options["path"]
        self.actions: list[str] = []

    def plan(self) -> dict:
        with self._repository() as repository:
            current, target, change = self._look(repository)
            return self._result(current, target, change, diff=change.diff(), actions=self._planned(change))

    def apply(self) -> dict:
        """Commit and push; the next try, if somebody else was faster, begins with what they have pushed."""
        deadline = time.monotonic() + SECONDS
        with self._repository() as repository:
            while True:
                current, target, change = self._look(repository)
                self._refuse_stale_plan(current, target)
                if not change:
                    return self._result(current, target, change, actions=[])
                change.apply()
                changed = sorted([*change.written, *change.removed])
                repository.commit(self.path, changed, self._message(target), self.request["actor"])
                try:
                    repository.push()
                except PushRejected:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(random.uniform(0, 0.5))
                    repository.renew()
                    continue
                action = "pushed %s to %s" % (target.id, self.options["branch"])
                return dict(self._result(current, target, change, actions=[action]), current=target.id)

    def _repository(self):
        return Repository(self.options["repository"], self.options["branch"])

    def _look(self, repository):
        """What the branch has, what it is to have, and the difference."""
        history = repository.log(self.path, RELEASE)
        current = history[0][1] if history else None
        given = self.request["release"]
        if isinstance(given, releases.Release):
            target, wanted = given, given.files
            _refuse_secrets(given)
        else:
            target, wanted = self._earlier(repository, history, given, current)
        return current, target, Change(repository.path(self.path), wanted)

    def _earlier(self, repository, history, name, current):
        """A release that the branch had: by ``previous``, its version or its id."""
        for commit, found in history:
            if found == current if name == "previous" else name not in (found, found.rpartition("-")[0]):
                continue
            return Past(found), repository.files(commit, self.path, files.NAMES)
        known = ", ".join(dict.fromkeys(found for dummy, found in history)) or "there is none"
        raise SlipwayError(
            "%s: the repository has no such release in %s. It has: %s" % (name, self.path, known)
        )

    def _refuse_stale_plan(self, current, target):
        expects = self.request.get("expects")
        if not expects or current == target.id == expects["release"]:
            return
        if (expects["current"], expects["release"]) != (current, target.id):
            raise Rejected(
                "The plan is out of date: the repository has %s now. Nothing was changed here. Run "
                "the deploy again, and read the new plan" % (current or "nothing")
            )

    def _message(self, target):
        app = self.request["name"]
        subject = "%s %s (%s)" % (app, target.version, target.id)
        if not isinstance(target, releases.Release):
            subject = "Roll back " + subject
        return _MESSAGE.format(
            subject=subject,
            app=app,
            path=self.path,
            release=target.id,
            image=getattr(target, "image", "as in that release"),
            actor=self.request["actor"],
        )

    def _planned(self, change):
        return [
            "%s %s" % (verb, name)
            for verb, names in (("write", change.written), ("remove", change.removed))
            for name in sorted(names)
        ]

    def _result(self, current, target, change, actions, **more):
        changed = bool(change)
        found = {
            "changed": changed,
            "outcome": "ok",
            "needs_artifact": False,
            "artifact": getattr(target, "digest", None),
            "release": target.id,
            "from": current,
            "current": current if changed else target.id,
            "previous": None,
            "reasons": self._reasons(current, target) if changed else [],
            "actions": actions,
            "warnings": [],
            "phases": {},
            "unconfirmed": False,
            "here": [],
            "binaries": {},
            "migrations": self.request.get("migrations") or [],  # the Job is among the manifests
        }
        return {**found, **more}

    def _reasons(self, current, target):
        if current != target.id:
            return ["current is %s, the target is %s" % (current or "nothing", target.id)]
        return ["the files in %s are not those of the release" % self.path]


class Past:
    """A release that is only in the history of the repository."""

    def __init__(self, release_id):
        self.id = release_id
        self.version = release_id.rpartition("-")[0]


def _refuse_secrets(release):
    names = [item["metadata"]["name"] for item in release.objects if item["kind"] == "Secret"]
    if names:
        raise Rejected(
            "slipway_env and slipway_config have what no repository may have (%s). Nothing was changed. List "
            "variables that are no secrets in slipway_kubernetes.public_env; for the others, name a Secret "
            "that another tool makes in slipway_kubernetes.environment_from" % ", ".join(names)
        )
