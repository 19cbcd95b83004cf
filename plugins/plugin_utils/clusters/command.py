# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run one command of a release in a cluster: a Job with the pod of the release, and other arguments."""

from __future__ import annotations

import contextlib
import copy
import json
import shlex
import time
import uuid

from ansible.errors import AnsibleConnectionFailure

from ...module_utils.common import placeholders
from ...module_utils.common.errors import InvalidInput, SlipwayError
from ..manifests import pod
from . import releases
from .state import State
from .verdict import own_status, pod_problem

# No Service has pods with it.
COMPONENT = "run"
LABEL = "app.kubernetes.io/component"
POLL_SECONDS = 0.5
TIMED_OUT = 124
SHOWN_LINES = 20
# What belongs to a server's own life.
_OF_A_SERVER = ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "ports")
# Time for the image, beside that of the command.
START_SECONDS = 120


class CommandFailed(SlipwayError):
    """The command ended with another exit status than 0, or did not end in time."""

    OUTCOME = "failed"


def run(kubectl, request: dict) -> dict:
    """The result of slipway.golang.run."""
    if request["timeout"] < 1:
        raise InvalidInput("timeout", request["timeout"], "use 1 second or more")
    command = Command(kubectl, request)
    return command.run_once() if request.get("once") else command.run(command.one_off())


class Command:
    """One command and the release that it is run with."""

    def __init__(self, kubectl, request: dict):
        self._kubectl = kubectl
        self._request = request
        self._name = request["object_name"]
        self._args = [str(arg) for arg in request["args"]]
        self._state = State(kubectl, self._name)
        self._release = self._find()

    def _find(self):
        name = self._request["release"]
        if name in (None, "current"):
            name = self._state.current_id
        if name is None:
            raise SlipwayError(
                "%s has no live release in this cluster. Nothing was run. Deploy it first" % self._name
            )
        return releases.resolve(self._state.releases, name, self._state.current_id)

    def run_once(self) -> dict:
        """The migration of the release, unless it has succeeded with it before."""
        if self._args in self._release.migrations:
            msg = "%s has succeeded with %s here before: it was not run again"
            return self._said(msg % (self._words(), self._release.id), changed=False)
        job = self._release.of_kind("Job")
        if job is None:
            raise SlipwayError("%s has no migration %s. Nothing was run" % (self._release.id, self._words()))
        result = self.run(job)
        if result["changed"] and not self._request.get("check"):
            done = json.dumps([*self._release.migrations, self._args])
            self._release.annotations[releases.MIGRATED] = done
            self._kubectl.apply([releases.record(releases.labels(self._name), self._release)])
        return result

    def one_off(self) -> dict:
        """A Job with the release's own pod, which runs the command once."""
        deployment = self._release.deployment
        template = copy.deepcopy(deployment["spec"]["template"])
        labels = {**template["metadata"]["labels"], LABEL: COMPONENT}
        template["metadata"]["labels"] = labels
        spec = template["spec"]
        for name in ("topologySpreadConstraints", "initContainers"):
            spec.pop(name, None)
        server = spec["containers"][0]
        own = {key: value for key, value in server.items() if key not in _OF_A_SERVER}
        spec.update(restartPolicy="Never", containers=[dict(own, args=self._filled(server))])
        metadata = {"name": "%s-run-%s" % (self._name, uuid.uuid4().hex[:10]), "labels": labels}
        if deployment["metadata"].get("namespace"):
            metadata["namespace"] = deployment["metadata"]["namespace"]
        limits = {"backoffLimit": 0, "activeDeadlineSeconds": self._request["timeout"] + START_SECONDS}
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": metadata,
            # If this run is lost, the cluster removes it.
            "spec": {**limits, "ttlSecondsAfterFinished": 600, "template": template},
        }

    def _filled(self, server):
        """The arguments, with the port and the directory of the configuration where they ask for them."""
        ports = server.get("ports") or []
        port = str(ports[0]["containerPort"]) if ports else None
        mounts = [item["mountPath"] for item in server.get("volumeMounts") or [] if item["name"] == "config"]
        config = mounts[0] if mounts else None
        return [pod.literal(placeholders.fill(word, config=config, port=port)) for word in self._args]

    def run(self, job: dict) -> dict:
        """Run a Job to its end; raises CommandFailed."""
        if self._request.get("check"):
            self._apply(job, dry_run=True)
            return self._said("Would run %s with %s" % (self._words(), self._release.id))
        began = time.time()
        # A Job cannot be changed: what failed before is replaced.
        self._kubectl.call(
            "delete", "job", job["metadata"]["name"], "--ignore-not-found", "--cascade=foreground"
        )
        try:
            self._apply(job)
            return self._ended(self._wait(job), job, began)
        finally:
            self._clean_up(job)

    def _apply(self, job, dry_run=False):
        try:
            self._kubectl.apply([job], dry_run=dry_run)
        except SlipwayError as error:
            raise SlipwayError("The cluster does not run it: %s. Nothing was run" % error) from error

    def _clean_up(self, job):
        with contextlib.suppress(SlipwayError, AnsibleConnectionFailure):  # it ends by itself
            self._kubectl.delete([_reference(job)])

    def _wait(self, job):
        """The pod of the Job, ended; None where it did not end in time."""
        started = None
        deadline = time.monotonic() + START_SECONDS
        while True:
            item = self._pod(job)
            status = own_status(item) if item else {}
            state = status.get("state") or {}
            if state.get("terminated"):
                return item
            if state.get("running") and started is None:
                started = time.monotonic()
                deadline = started + self._request["timeout"]
            problem = pod_problem(item) if item else None
            if problem:
                raise SlipwayError("The cluster does not run it: %s. Nothing was run" % problem.reason)
            if time.monotonic() > deadline:
                if started is None:
                    raise SlipwayError("No pod of it began within %d s" % START_SECONDS)
                return None
            time.sleep(POLL_SECONDS)

    def _pod(self, job):
        found = self._kubectl.get("pods", "-l", "job-name=" + job["metadata"]["name"])
        return found[0] if found else None

    def _ended(self, item, job, began):
        output = self._kubectl.call("logs", "job/" + job["metadata"]["name"], "--tail=-1")
        code = own_status(item)["state"]["terminated"]["exitCode"] if item else TIMED_OUT
        result = self._said("")
        result.update(rc=code, stdout=output.rstrip("\n"), stderr="", seconds=round(time.time() - began, 1))
        if code == 0:
            result.pop("msg")
            return result
        how = "did not end within %d s" % self._request["timeout"] if item is None else "ended with %d" % code
        lines = output.splitlines()[-SHOWN_LINES:]
        said = "\n".join(["%s %s" % (self._words(), how), *("  " + line for line in lines)])
        result.pop("msg")
        result.pop("outcome")
        raise CommandFailed(said, **result)

    def _said(self, msg, changed=True):
        return {"changed": changed, "outcome": "ok", "release": self._release.id, "msg": msg}

    def _words(self):
        return " ".join(shlex.quote(word) for word in [self._name, *self._args])


def _reference(job):
    return {"apiVersion": job["apiVersion"], "kind": job["kind"], "metadata": job["metadata"]}
