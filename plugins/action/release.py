# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of slipway.golang.release: get the host's plan, send what it lacks, let it apply."""

from __future__ import annotations

import os
import time

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ..module_utils.common import health, unit
from ..module_utils.common.errors import InvalidInput, SlipwayError
from ..module_utils.common.limits import SHARES
from ..module_utils.common.strategies import STRATEGIES
from ..plugin_utils import artifact, config_files, console, delta, mirror, service_options, tables
from ..plugin_utils.engine_action import EngineAction

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "from_variables": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["active", "staged", "absent"], "default": "active"},
    "artifact": {"type": "list", "elements": "path"},
    "release": {"type": "str"},
    "root": {"type": "path"},
    "unit": {"type": "dict", "options": unit.OPTIONS, "default": {}},
    "environment": {"type": "dict", "default": {}},
    "config": {
        "type": "list",
        "elements": "dict",
        "options": {"src": {"type": "path", "required": True}, "dest": {"type": "str", "required": True}},
        "default": [],
    },
    "port": {"type": "int"},
    "port_variable": {"type": "str", "default": "PORT"},
    "alternate_port": {"type": "int"},
    "strategy": {"type": "str", "choices": sorted(STRATEGIES), "default": "restart"},
    "health": {"type": "dict", "options": health.OPTIONS, "default": {}},
    "external_health": {"type": "dict", "options": health.OPTIONS},
    "smoke": {"type": "bool", "default": True},
    "adopt": {"type": "bool", "default": False},
    "reverts": {"type": "bool", "default": False},
    "reason": {"type": "str"},
    "share": {"type": "int", "choices": list(SHARES)},
    "keep": {"type": "int", "default": 5},
    "allowed_signers": {"type": "str"},
    "textfile": {"type": "path"},
    "delta": {"type": "bool", "default": False},
    "pull_from": {"type": "list", "elements": "str", "default": [], "no_log": True},
    "pull_ca_file": {"type": "path"},
    "lock_wait": {"type": "float", "default": 0},
    "fencing_token": {"type": "int", "default": 0},
    "confirm_within": {"type": "int", "default": 0},
    "plan": {"type": "dict"},
    "report_health": {"type": "bool", "default": False},
}
# What an apply needs of the plan, and what it must find again on the host.
PLAN = ("changed", "release", "current", "artifact", "needs_artifact", "here", "binaries", "reasons")
EXPECTED = ("release", "current")

TRANSFERS = {"delta": "sending %s, a patch", "full": "sending %s", "pull": "downloading from the mirror%s"}

ROLLS_BACK = (
    "Deploy it again to confirm it; otherwise the host rolls back when slipway_confirm_within_seconds "
    "(option confirm_within) are over"
)


class ActionModule(EngineAction):
    """At most two remote executions: the plan, and if there is something to do, apply with the artifact."""

    def run(self, tmp=None, task_vars=None):
        result = ActionBase.run(self, tmp, task_vars)
        try:
            self._task.args = service_options.completed(self._task.args, task_vars, self._templar.template)
        except SlipwayError as error:
            return dict(result, failed=True, outcome="rejected", msg=str(error))
        arguments = self.validated(ARGUMENTS, mutually_exclusive=[("artifact", "release")])
        self.host = self._task.delegate_to or task_vars["inventory_hostname"]
        began = time.time()
        try:
            result.update(self._release(arguments, task_vars))
        except SlipwayError as error:
            result.update(error.facts, failed=True, outcome="rejected", changed=False, msg=str(error))
        if result.get("failed") and result.get("outcome", "ok") == "ok":
            result["outcome"] = "failed"  # healthy on its host, and not from here
        result.update(executions=self.executions, transferred_bytes=self.transferred)
        result.update(began=began, ended=time.time())
        for name in ("artifact", "needs_artifact", "here", "binaries") + (
            () if self._task.diff else ("diff",)
        ):
            result.pop(name, None)
        return self.with_discovery(result)

    def _release(self, arguments, task_vars):
        external_check = self._external_check(arguments)
        plan = arguments.pop("plan")
        del arguments["from_variables"]
        request = self._request(arguments, task_vars)
        if self._task.check_mode or not plan:
            plan = self.execute(dict(request, step="plan"), None, task_vars)
            if plan.get("failed") or self._task.check_mode:
                return self._shown(request, plan)
            result = self._apply(request, plan, task_vars) if plan["changed"] else plan
        else:
            expects = {name: plan[name] for name in EXPECTED}
            result = self._apply(dict(request, expects=expects), plan, task_vars)
        if request["share"] and not result.get("failed"):
            # The release is here by now; what follows it begins with the same.
            return dict(result, plan=dict({name: plan.get(name) for name in PLAN}, needs_artifact=False))
        if external_check and result["current"] and not result.get("failed"):
            result = self._check_externally(result, external_check)
        if result.get("unconfirmed") and not result.get("failed"):
            result = self._confirm(request, result, task_vars)
        return result

    def _shown(self, request, plan):
        """A plan as the result of check mode: with what would travel, and what a later apply needs of it."""
        if plan.get("failed"):
            return plan
        transfer, size, note = self._would_travel(request, plan)
        names_of_plan = (*PLAN, "diff") if self._task.diff else PLAN
        kept = {name: plan.get(name) for name in names_of_plan}
        return dict(plan, transfer=transfer, bytes=size, transfer_note=note, plan=kept)

    def _would_travel(self, request, plan):
        """How the artifact would reach the host, how many bytes go out from here, and why no fewer."""
        if not plan["needs_artifact"]:
            return "none", 0, ""
        tarball, notes = self._tarball(request, plan), []
        for transfer, dummy, payload in self._cheaper_transfers(request, plan, tarball, notes):
            return transfer, os.path.getsize(payload) if payload else 0, "; ".join(notes)
        return "full", os.path.getsize(tarball), "; ".join(notes)

    @staticmethod
    def _tarball(request, plan):
        """The one of the artifacts that the host chose."""
        return next(item["path"] for item in request["artifacts"] if item["digest"] == plan["artifact"])

    def _apply(self, request, plan, task_vars):
        request = dict(request, step="apply")
        if plan["needs_artifact"]:
            result = self._apply_with_artifact(request, plan, task_vars)
        else:
            result = dict(self.execute(request, None, task_vars), transfer="none")
        self._show(tables.progress(result))
        return dict(
            result,
            diff=plan.get("diff"),
            reasons=plan["reasons"],
            changed=result.get("changed", bool(result.get("actions"))),
        )

    def _confirm(self, request, result, task_vars):
        """Reach the host over a new connection: one that was open before would prove nothing."""
        current = result["current"]
        try:
            self._connection.reset()
            answer = self.execute(dict(request, step="confirm", confirms=current), None, task_vars)
        except (AnsibleConnectionFailure, SlipwayError) as error:
            msg = "The host could not be reached again: %s. %s is live and healthy there. %s"
            return dict(result, failed=True, outcome="unconfirmed", msg=msg % (error, current, ROLLS_BACK))
        if answer.get("failed"):
            kept = {key: answer[key] for key in ("outcome", "msg", "current") if key in answer}
            return dict(result, failed=True, **kept)
        actions = result["actions"] + ["confirmed %s" % current]
        warnings = result["warnings"] + answer.get("warnings", [])
        return dict(result, unconfirmed=False, changed=True, actions=actions, warnings=warnings)

    def _apply_with_artifact(self, request, plan, task_vars):
        """Use a cheaper transfer if one is requested and works; otherwise send the whole artifact."""
        tarball, notes = self._tarball(request, plan), []
        for transfer, options, payload in self._cheaper_transfers(request, plan, tarball, notes):
            self._show_transfer(transfer, payload)
            result = self.execute(dict(request, **options), payload, task_vars)
            if not result.pop("full_needed", False):
                return dict(result, transfer=transfer, transfer_note="; ".join(notes))
            notes.append(result["msg"])
        self._show_transfer("full", tarball)
        result = self.execute(request, tarball, task_vars)
        return dict(result, transfer="full", transfer_note="; ".join(notes))

    def _show_transfer(self, transfer, payload):
        self._show(TRANSFERS[transfer] % (tables.size(os.path.getsize(payload)) if payload else ""))

    def _show(self, text):
        """A line about this host, as it happens."""
        console.show("%s: %s" % (self.host, text))

    def _cheaper_transfers(self, request, plan, tarball, notes):
        """The transfers to try first: name, what to add to the request, and what to send."""
        try:
            same = delta.same_binary(tarball, plan["binaries"])
        except delta.NoPatch as reason:
            notes.append(str(reason))
        else:
            if same:
                patch, base, file = same
                yield "delta", {"patch_base": base, "patch_base_file": file}, patch
                return  # what cannot be used as it is would not be patched either
        if request["delta"]:
            try:
                patch, base = delta.patch_for(tarball, plan["here"])
                yield "delta", {"patch_base": base}, patch
            except delta.NoPatch as reason:
                notes.append(str(reason))
        if request["pull_from"]:
            yield "pull", {"pull_url": mirror.url_of(tarball, request)}, None

    def _external_check(self, arguments):
        """The check from the controller, parsed before anything is done."""
        options = arguments.pop("external_health")
        return health.parse(health.given(options), default_port=arguments["port"]) if options else None

    def _check_externally(self, result, check):
        """Check from the controller. A task of its own would cost each host as much as the whole deploy."""
        release = result["current"]
        verdict = health.wait_until_ready(check, release=(release, release.rpartition("-")[0]))
        result["outside"] = verdict.to_dict()
        if verdict.ok:
            return result
        msg = "%s is not healthy from the controller: %s. On its host it is healthy, and was left running"
        if result.get("unconfirmed"):
            msg += ". It was not confirmed: the host rolls back when slipway_confirm_within_seconds are over"
        return dict(result, failed=True, msg=msg % (release, verdict.reason))

    def _request(self, arguments, task_vars):
        """The request for the host: the options, and what only the controller knows."""
        if self.cluster(task_vars):
            return self._request_for_cluster(arguments, task_vars)
        if arguments["state"] != "absent" and not arguments["artifact"] and not arguments["release"]:
            raise InvalidInput(
                "artifact",
                None,
                "name the tarballs to deploy, or set release to activate one that the hosts have",
            )
        if arguments["keep"] < 0:
            raise InvalidInput("keep", arguments["keep"], "use 0 or more")
        mirror.check(arguments["pull_from"], arguments["artifact"] or [])
        artifacts = [self._describe(path, arguments["name"]) for path in arguments.pop("artifact") or []]
        # A release that a host has already has its own configuration, as it has its own environment.
        config = config_files.render(self, arguments["config"], task_vars) if artifacts else {}
        return dict(
            arguments,
            config=config,
            health=health.given(arguments["health"]),
            artifacts=artifacts,
            check=bool(self._task.check_mode),
            actor=self.actor(),
            deploy_id=str(self._task._uuid),
        )

    def _request_for_cluster(self, arguments, task_vars):
        """It has no artifact: the image is in a registry, and all else in the variables of the host."""
        from ..plugin_utils.clusters import engine  # here, as no host needs it

        return dict(
            arguments,
            release=engine.release_of(self, arguments, task_vars),
            actor=self.actor(),
            deploy_id=str(self._task._uuid),
        )

    def _describe(self, path, name):
        path = self._loader.path_dwim(os.path.expanduser(path))
        manifest = artifact.read_manifest(path)
        if manifest.name != name:
            raise InvalidInput("artifact", path, "it is of %s, not of %s" % (manifest.name, name))
        return artifact.describe(path, manifest)
