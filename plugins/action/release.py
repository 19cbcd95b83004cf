# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of slipway.golang.release: ask the host, send what it lacks, let it act."""

from __future__ import annotations

import os

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ..module_utils.common import health, unit
from ..module_utils.common.errors import InvalidInput, SlipwayError
from ..module_utils.common.strategies import STRATEGIES
from ..plugin_utils import artifact, delta, mirror
from ..plugin_utils.engine_action import EngineAction

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["active", "staged", "absent"], "default": "active"},
    "artifact": {"type": "list", "elements": "path"},
    "release": {"type": "str"},
    "root": {"type": "path"},
    "unit": {"type": "dict", "options": unit.OPTIONS, "default": {}},
    "environment": {"type": "dict", "default": {}},
    "port": {"type": "int"},
    "port_variable": {"type": "str", "default": "PORT"},
    "alternate_port": {"type": "int"},
    "strategy": {"type": "str", "choices": sorted(STRATEGIES), "default": "restart"},
    "health": {"type": "dict", "options": health.OPTIONS, "default": {}},
    "external_health": {"type": "dict", "options": health.OPTIONS},
    "smoke": {"type": "bool", "default": True},
    "keep": {"type": "int", "default": 5},
    "allowed_signers": {"type": "str"},
    "delta": {"type": "bool", "default": False},
    "pull_from": {"type": "list", "elements": "str", "default": [], "no_log": True},
    "pull_ca_file": {"type": "path"},
    "lock_wait": {"type": "float", "default": 0},
    "fencing_token": {"type": "int", "default": 0},
    "confirm_within": {"type": "int", "default": 0},
}

BY_ITSELF = "Unless it is confirmed in time, by deploying it again, the host goes back by itself"


class ActionModule(EngineAction):
    """At most two remote executions: a probe, which is all there is with nothing to do, and the act with the artifact."""

    def run(self, tmp=None, task_vars=None):
        result = ActionBase.run(self, tmp, task_vars)
        dummy, arguments = self.validate_argument_spec(
            ARGUMENTS, mutually_exclusive=[("artifact", "release")]
        )
        try:
            result.update(self._release(arguments, task_vars))
        except SlipwayError as error:
            result.update(error.facts, failed=True, outcome="rejected", changed=False, msg=str(error))
        result.update(executions=self.executions, transferred_bytes=self.transferred)
        for name in ("artifact", "needs_artifact", "here") + (() if self._task.diff else ("diff",)):
            result.pop(name, None)
        return result

    def _release(self, arguments, task_vars):
        outside = self._outside(arguments)
        request = self._request(arguments)
        found = self.execute(dict(request, step="plan"), None, task_vars)
        if found.get("failed") or self._task.check_mode:
            return found
        done = self._act(request, found, task_vars) if found["changed"] else found
        if outside and done["current"] and not done.get("failed"):
            done = self._seen_from_outside(done, outside)
        return (
            self._confirm(request, done, task_vars)
            if done.get("unconfirmed") and not done.get("failed")
            else done
        )

    def _act(self, request, found, task_vars):
        request = dict(request, step="apply")
        if found["needs_artifact"]:
            tarball = next(
                item["path"] for item in request["artifacts"] if item["digest"] == found["artifact"]
            )
            done = self._act_with(request, found, tarball, task_vars)
        else:
            done = dict(self.execute(request, None, task_vars), transfer="none")
        return dict(
            done,
            diff=found.get("diff"),
            reasons=found["reasons"],
            changed=done.get("changed", bool(done.get("actions"))),
        )

    def _confirm(self, request, done, task_vars):
        """Come again, over a new connection: one that was open before would prove nothing."""
        try:
            self._connection.reset()
            answer = self.execute(dict(request, step="confirm", confirms=done["current"]), None, task_vars)
        except (AnsibleConnectionFailure, SlipwayError) as error:
            msg = "%s is healthy on the host, but the host could not be reached again: %s. %s"
            return dict(
                done, failed=True, outcome="unconfirmed", msg=msg % (done["current"], error, BY_ITSELF)
            )
        if answer.get("failed"):
            return dict(
                done,
                failed=True,
                **{key: answer[key] for key in ("outcome", "msg", "current") if key in answer},
            )
        return dict(
            done,
            unconfirmed=False,
            changed=True,
            actions=done["actions"] + ["confirmed %s" % done["current"]],
        )

    def _act_with(self, request, found, tarball, task_vars):
        """Send a patch where that is wanted and will do, and the whole artifact where not."""
        notes = []
        for way, more, payload in self._lighter_ways(request, found, tarball, notes):
            done = self.execute(dict(request, **more), payload, task_vars)
            if not done.pop("full_needed", False):
                return dict(done, transfer=way, transfer_note="; ".join(notes))
            notes.append(done["msg"])
        return dict(
            self.execute(request, tarball, task_vars), transfer="full", transfer_note="; ".join(notes)
        )

    def _lighter_ways(self, request, found, tarball, notes):
        """What costs this controller less than to send the whole artifact: name, what to add to the request, and what to send."""
        if request["delta"]:
            try:
                patch, base = delta.patch_for(tarball, found["here"])
                yield "delta", {"patch_base": base}, patch
            except delta.NoPatch as reason:
                notes.append(str(reason))
        if request["pull_from"]:
            yield "pull", {"pull_url": mirror.url_of(tarball, request)}, None

    def _outside(self, arguments):
        """The check from the controller's side, found good before anything is done."""
        options = arguments.pop("external_health")
        return health.parse(health.given(options), default_port=arguments["port"]) if options else None

    def _seen_from_outside(self, result, check):
        """Ask from here. The worker does it by itself: a task of its own would cost every host as much as all the rest here."""
        release = result["current"]
        verdict = health.wait_until_ready(check, release=(release, release.rpartition("-")[0]))
        result["outside"] = verdict.to_dict()
        if verdict.ok:
            return result
        msg = "%s serves on the host, and was left running, but it is not healthy from the controller's side: %s"
        if result.get("unconfirmed"):
            msg += ". So it was not confirmed: the host goes back by itself when confirm_within is over"
        return dict(result, failed=True, msg=msg % (release, verdict.reason))

    def _request(self, arguments):
        """What the host is asked for: the options, and what only the controller knows."""
        if arguments["state"] != "absent" and not arguments["artifact"] and not arguments["release"]:
            raise InvalidInput(
                "artifact",
                None,
                "name the tarballs to deploy, or set release to go back to one that the hosts have",
            )
        if arguments["keep"] < 0:
            raise InvalidInput("keep", arguments["keep"], "use 0 or more")
        mirror.check(arguments["pull_from"], arguments["artifact"] or [])
        described = [self._described(path, arguments["name"]) for path in arguments.pop("artifact") or []]
        return dict(
            arguments,
            health=health.given(arguments["health"]),
            artifacts=described,
            actor=self.actor(),
            deploy_id=str(self._task._uuid),
        )

    def _described(self, path, name):
        path = self._loader.path_dwim(os.path.expanduser(path))
        manifest = artifact.read_manifest(path)
        if manifest.name != name:
            raise InvalidInput("artifact", path, "it is of %s, not of %s" % (manifest.name, name))
        return artifact.describe(path, manifest)
