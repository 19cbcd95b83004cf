# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of the engine, answered by a cluster: the same requests, and results of the same form.

A host of the inventory is a cluster if it is in the group ``clusters``. So waves, budget, soak, lease and the
closing table are those of hosts.
"""

from __future__ import annotations

from ansible.errors import AnsibleError

from ...module_utils.common.errors import Rejected, SlipwayError
from .. import config_files, service_options, variables
from ..kinds import beginning
from ..manifests.request import Request
from . import command, deploy, gitops, lease, logs, releases, state
from .kubectl import Kubectl


class Cluster:
    """One cluster, as the variables of its host describe it."""

    def __init__(self, action, task_vars):
        delegate = action._task.delegate_to
        self._host = delegate or task_vars["inventory_hostname"]
        self._given = dict(task_vars["hostvars"][delegate]) if delegate else task_vars
        self._template = action._templar.template

    def variable(self, name):
        directory = beginning(self._given.get("inventory_dir"))
        return variables.one(name, self._given, self._template, directory)

    def kubectl(self) -> Kubectl:
        return Kubectl(
            self.variable("slipway_kubeconfig") or "",
            self.variable("slipway_context") or "",
            self.variable("slipway_kubernetes").get("namespace") or "",
        )

    def execute(self, request: dict) -> dict:
        """The answer to one request; what goes wrong is in it. A cluster that is away raises."""
        try:
            name = object_name(request["name"])
            options = self.variable("slipway_gitops")
            if options and request["step"] in GITOPS:
                return GITOPS[request["step"]](options, dict(request, migrations=self._migrations()))
            step = STEPS.get(request["step"])
            if step is None or request.get("state") == "absent":
                raise SlipwayError("%s is a cluster: this is for hosts with systemd" % self._host)
            return step(self.kubectl(), dict(request, object_name=name))
        except SlipwayError as error:
            facts = dict(error.facts)
            # What was asked for is refused, but the cluster can do what else a rollout needs of it.
            return dict(facts, failed=True, msg=_message(error), outcome=error.OUTCOME, works=True)

    def _migrations(self):
        """For a repository: the Job of a migration is among the manifests, so it is not run by us."""
        migrate = self.variable("slipway_migrate")
        return [migrate["args"]] if migrate else []


def object_name(app: str) -> str:
    """The app's name as the manifests have it."""
    return app.replace("_", "-")


def release_of(action, arguments: dict, task_vars: dict) -> releases.Release | str:
    """What a request is to deploy: the release of the host's variables, or the name of an earlier one."""
    if arguments["release"]:
        return arguments["release"]
    given = {"from_variables": True}
    try:
        values = service_options.of_manifests(given, task_vars, action._templar.template)
    except AnsibleError as error:
        raise SlipwayError(" ".join(str(error).split())) from error
    cluster = Cluster(action, task_vars)
    _refuse(values, arguments, cluster.variable("slipway_gitops"), cluster.variable("slipway_soak_seconds"))
    config = config_files.render(action, values["slipway_config"], task_vars)
    return releases.of_request(Request(values, config=config))


def _refuse(values, arguments, follows_repository, soak):
    """What a cluster cannot do: it must not look as if it had been done."""
    if follows_repository and soak:
        raise Rejected(
            "slipway_soak_seconds: with slipway_gitops, nothing here sees when the cluster takes the commit. "
            "Set it to 0 for the group clusters. Nothing was changed"
        )
    if arguments.get("confirm_within"):
        raise Rejected(
            "slipway_confirm_within_seconds: a cluster rolls back by itself only while this run goes on. Set "
            "it to 0 for the group clusters. Nothing was changed"
        )
    if values["slipway_kubernetes"].get("patches") and not follows_repository:
        raise Rejected(
            "slipway_kubernetes.patches: kustomize applies them, and this playbook does not use it. Set "
            "slipway_gitops, or write the files with slipway.golang.manifests and use kubectl apply -k. "
            "Nothing was changed"
        )


def _plan(kubectl, request):
    return deploy.Deploy(kubectl, request).plan()


def _apply(kubectl, request):
    return deploy.Deploy(kubectl, request).apply()


def _info(kubectl, request):
    return state.State(kubectl, request["object_name"]).info(request.get("history") or 0)


def _acquire_lease(kubectl, request):
    record = _lease(kubectl, request).acquire(
        request["wait"], renew=request["renew"], instead_of=request.get("instead_of") or ""
    )
    return {"changed": record["changed"], "outcome": "ok", "id": record["id"], "counter": record["counter"]}


def _release_lease(kubectl, request):
    return {"changed": _lease(kubectl, request).release(), "outcome": "ok"}


def _lease(kubectl, request):
    owner = {key: request[key] for key in ("id", "actor", "description", "process")}
    name = request["object_name"]
    return lease.Lease(kubectl, name, name + "-rollout", owner, request["ttl"])


def _message(error):
    """The error's message, and below it what the person on call would look up next."""
    evidence = error.facts.get("evidence") or {}
    lines = [str(error), str(error.facts.get("hint") or "")]
    lines += _logs("From its logs:", evidence)
    lines += _logs("From the logs of the old release:", error.facts.get("evidence_of_old"))
    return "\n".join(line for line in lines if line)


def _logs(heading, evidence):
    lines = (evidence or {}).get("journal")
    return [heading] + ["  " + line for line in lines] if lines else []


# A repository takes one commit after the other: it needs no lease.
GITOPS = {
    "plan": lambda options, request: gitops.Deploy(options, request).plan(),
    "apply": lambda options, request: gitops.Deploy(options, request).apply(),
    "acquire_lease": lambda options, request: {
        "changed": False,
        "outcome": "ok",
        "id": request["id"],
        "counter": 1,
    },
    "release_lease": lambda options, request: {"changed": False, "outcome": "ok"},
}
STEPS = {
    "plan": _plan,
    "apply": _apply,
    "info": _info,
    "run": command.run,
    "logs": logs.logs,
    "acquire_lease": _acquire_lease,
    "release_lease": _release_lease,
}
