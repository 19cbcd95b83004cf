# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deploy one release to one cluster: dry run, apply, wait for its pods; put the old one back if they fail.

Read this first. The results have the words of a host's: see ``module_utils/host/deploy``.
"""

from __future__ import annotations

import contextlib
import copy
import json
import time

from ansible.errors import AnsibleConnectionFailure

from ...module_utils.common.errors import Rejected, SlipwayError
from . import difference, lease, releases
from .kubectl import MANAGER
from .state import State
from .watch import Unhealthy, Watch

MANAGER_OF_SCALE = "slipway-scale"
AUTOSCALER = "HorizontalPodAutoscaler"


class Reverted(SlipwayError):
    """The new release was not healthy; the old one is live again and healthy."""

    OUTCOME = "reverted"


class Down(SlipwayError):
    """The new release was not healthy, and there is no healthy old one."""

    OUTCOME = "down"


class Deploy:
    """One deploy in progress. ``request``: the options of slipway.golang.release, and ``release``, which is
    what to deploy: a Release, or the name of one that the cluster knows.
    """

    def __init__(self, kubectl, request: dict):
        self.kubectl = kubectl
        self.request = request
        self.state = State(kubectl, request["object_name"])
        self.target = self._target()
        self.old = self.state.current
        self.phases: dict[str, int] = {}
        self.actions: list[str] = []
        self.warnings: list[str] = []

    def _target(self):
        given = self.request["release"]
        if isinstance(given, releases.Release):
            known = next((each for each in self.state.releases if each.id == given.id), None)
            given.annotations = dict(known.annotations) if known else {}
            return given
        return releases.resolve(self.state.releases, given, self.state.current_id)

    # --- plan

    def plan(self) -> dict:
        """What would be done. The cluster itself says it, by a dry run: it refuses what it would refuse."""
        self._refuse_foreign()
        before, after = self._dry_run()
        names = difference.changed(before, after)
        removed = self._removed()
        unhealthy = "" if names or removed or self._is_good() else self.state.problem() or "it was not proved"
        changed = bool(names or removed or unhealthy or self.state.current_id != self.target.id)
        if changed:
            self._try_pod()
        return {
            "changed": changed,
            "outcome": "ok",
            "needs_artifact": False,
            "artifact": self.target.digest,
            "release": self.target.id,
            "from": self.state.current_id,
            "current": self.state.current_id,
            "previous": getattr(self.state.previous, "id", None),
            "reasons": self._reasons(names, unhealthy) if changed else [],
            "actions": self._planned(before, names, removed) if changed else [],
            "migrations": self.target.migrations,
            "diff": difference.shown(before, after, removed),
            "here": [],
            "binaries": {},
            "healthy": self.state.problem() is None if self.request.get("report_health") else None,
        }

    def _is_good(self):
        return self.state.rollout is not None and self.state.problem() is None

    def _refuse_foreign(self):
        """A Deployment that others made is taken over only by choice: there is nothing to put back then."""
        if self.state.deployment and not self.state.current_id and not self.request.get("adopt"):
            raise Rejected(
                "The Deployment %s is there already, and was not made by this playbook. Nothing was changed. "
                "Set slipway_adopt: true to take it over; if its pods fail then, it cannot be put back"
                % self.request["object_name"]
            )

    def _dry_run(self):
        objects = self.target.to_apply
        before = self.kubectl.found(objects)
        try:
            after = self.kubectl.apply(objects, dry_run=True)
        except SlipwayError as error:
            raise Rejected("%s was refused: %s. Nothing was changed" % (self.target.id, error)) from error
        return before, [self._scaled_as_it_is(item) for item in after]

    def _scaled_as_it_is(self, item):
        """Where a HorizontalPodAutoscaler has the number of pods, a deploy leaves it."""
        live = self.state.deployment
        if item["kind"] != releases.DEPLOYMENT or not live or self._has_replicas():
            return item
        item = copy.deepcopy(item)
        item["spec"]["replicas"] = live["spec"].get("replicas", 1)
        return item

    def _has_replicas(self):
        return "replicas" in self.target.deployment["spec"]

    def _removed(self):
        """What the live release has and this one has not, as far as the cluster has it."""
        return self.kubectl.found(self.old.removed_by(self.target)) if self.old else []

    def _try_pod(self):
        """A dry run of one pod: policies and quotas look at pods, and not at the Deployment."""
        template = self.target.deployment["spec"]["template"]
        spec = {key: value for key, value in template["spec"].items() if key != "serviceAccountName"}
        metadata = dict(template["metadata"], generateName=self.request["object_name"] + "-")
        namespace = self.target.deployment["metadata"].get("namespace")
        metadata.update({"namespace": namespace} if namespace else {})
        item = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        try:
            self.kubectl.call("create", "--dry-run=server", "-o", "name", "-f", "-", data=json.dumps(item))
        except SlipwayError as error:
            if "cannot create resource" in str(error):  # a role without that right: the rollout will show it
                return
            raise Rejected(
                "%s was refused: the cluster takes no pod of it: %s. Nothing was changed"
                % (self.target.id, error)
            ) from error

    def _reasons(self, names, unhealthy):
        if self.state.current_id != self.target.id:
            current = self.state.current_id or "nothing"
            return ["current is %s, the target is %s" % (current, self.target.id)]
        if names:
            return ["%s in the cluster is not what the release has" % "/".join(name) for name in names[:5]]
        return [unhealthy or "objects that the release has not are there"]

    def _planned(self, before, names, removed):
        live = difference.by_key(before)
        made = ["%s %s" % ("change" if name in live else "create", "/".join(name)) for name in names]
        return made + ["remove %s" % "/".join(difference.key(item)) for item in removed]

    # --- apply

    def apply(self) -> dict:
        """Bring the cluster to the release; raises Rejected, Reverted or Down."""
        self._refuse_stale_plan()
        with self._locked() as keep:
            if self.request["state"] == "staged":
                self._stage()
                return self._result(changed=True)
            plan = self.plan()
            if not plan["changed"]:
                return self._result(changed=False)
            ready_ms = self._roll_out(keep)
            return dict(self._result(changed=True), ready_ms=ready_ms)

    def _refuse_stale_plan(self):
        expects = self.request.get("expects")
        if not expects or self.state.current_id == self.target.id == expects["release"]:
            return
        for name, found in (("current", self.state.current_id), ("release", self.target.id)):
            if expects[name] != found:
                raise Rejected(
                    "The plan is out of date: %s was %s, and is %s. Nothing was changed here. Run the deploy "
                    "again, and read the new plan" % (name, expects[name] or "nothing", found or "nothing")
                )

    def _locked(self):
        request = self.request
        owner = {
            "id": request["deploy_id"],
            "actor": request["actor"],
            "description": self.target.id,
            "process": {},
        }
        return lease.locked(
            self.kubectl,
            request["object_name"],
            owner,
            token=request.get("fencing_token") or 0,
            wait=request.get("lock_wait") or 0,
        )

    def _stage(self):
        """What a migration needs, and the record that names it."""
        with self._phase("stage"):
            self._apply(self.target.first)
            self._record(self.target)
        self.actions.append("staged %s" % self.target.id)

    def _roll_out(self, keep):
        with self._phase("switch"):
            self._record(self.target)  # before anything can fail, so that what is there is known
            self._keep_scale()
            self._end_scaling()
            self._apply_all()
        self.actions.append("applied %s" % self.target.id)
        try:
            with self._phase("health"):
                rollout = Watch(self.kubectl, self.target, keep).until_ready()
        except Unhealthy as error:
            raise self._put_back(error, keep) from error  # pylint: disable=bad-exception-cause
        with self._phase("prune"):
            self._remove(self._removed())
            self._record(self.target, outcome="ok")
            self._prune()
        return rollout.ready_ms()

    def _apply(self, objects):
        try:
            self.kubectl.apply(objects)
        except SlipwayError as error:
            raise Rejected(
                "%s was refused: %s. %s" % (self.target.id, error, self._still_serving())
            ) from error

    def _apply_all(self):
        """The dry run was accepted. If it is refused now, half of it may be there: put the old one back."""
        try:
            self._apply(self.target.to_apply)
        except Rejected:
            if self.old:
                self.kubectl.apply(self.old.to_apply)
            raise

    def _still_serving(self):
        return (
            "%s serves on" % self.state.current_id if self.state.current_id else "Nothing was running before"
        )

    def _keep_scale(self):
        """Leave the number of pods as it is where a HorizontalPodAutoscaler takes it over.

        Without another owner of that field, the cluster would go back to its default, one pod.
        """
        if self._has_replicas():
            return
        found = self.kubectl.get("deployment", self.request["object_name"], "--show-managed-fields")
        if not found or not _owns_replicas(found[0]):
            return
        live = found[0]
        metadata = {key: live["metadata"][key] for key in ("name", "namespace")}
        item = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata}
        self.kubectl.apply(
            [dict(item, spec={"replicas": live["spec"]["replicas"]})], manager=MANAGER_OF_SCALE, in_part=True
        )

    def _end_scaling(self):
        """An autoscaler that the release has not would set the number of pods again."""
        self._remove([item for item in self._removed() if item["kind"] == AUTOSCALER])

    def _remove(self, objects):
        if objects:
            self.kubectl.delete(objects)
            self.actions += ["removed %s" % "/".join(difference.key(item)) for item in objects]

    # --- the way back

    def _put_back(self, error, keep):
        """Apply the release before, and judge it too; returns the error to raise."""
        facts = dict(error.facts, actions=self.actions, phases=self.phases)
        facts.update(release=self.target.id, **{"from": self.state.current_id})
        reason = "%s is not healthy: %s" % (self.target.id, error)
        old = self._to_put_back()
        if old is None:
            return self._without_old(reason, facts)
        try:
            with self._phase("put_back"):
                self.kubectl.apply(old.to_apply)
                self._remove(self.kubectl.found(self.target.removed_by(old)))
                Watch(self.kubectl, old, keep).until_ready()
        except (SlipwayError, AnsibleConnectionFailure) as second:
            self._record(self.target, outcome="down")
            facts.update(current=old.id, evidence_of_old=getattr(second, "facts", {}).get("evidence"))
            return Down(
                "%s. Putting back %s failed too: %s. See the pods, then deploy a release that works"
                % (reason, old.id, second),
                **facts,
            )
        self._record(self.target, outcome="reverted")
        self.actions.append("rolled back to %s" % old.id)
        return Reverted("%s. Rolled back to %s, which is healthy" % (reason, old.id), current=old.id, **facts)

    def _to_put_back(self):
        """The live release; but if that one was never healthy, the newest that was.

        A target that is live already and was good once has nothing to roll back to: whatever is wrong with it
        now came from outside.
        """
        if self.target.id == self.state.current_id and self.target.outcome == "ok":
            return None
        if self.old and self.old.id != self.target.id and self.old.outcome == "ok":
            return self.old
        return releases.previous(self.state.releases, self.target.id) if self.old else None

    def _without_old(self, reason, facts):
        """Nothing to go back to. What was never healthy does not go on trying."""
        self._record(self.target, outcome="down")
        first = not self.state.deployment
        if first:
            kinds = (releases.DEPLOYMENT, AUTOSCALER)
            self._remove([item for item in self.target.objects if item["kind"] in kinds])
        end = "its Deployment was removed" if first else "its pods go on trying"
        return Down(
            "%s. There is no earlier release to roll back to: %s. Fix it and deploy again" % (reason, end),
            current=None if first else self.target.id,
            **facts,
        )

    # --- the record

    def _record(self, release, outcome=""):
        annotations = {releases.ACTOR: self.request["actor"]}
        if outcome:
            ended = time.time()
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ended)) + ".%06dZ" % (ended % 1 * 1e6)
            annotations.update({releases.OUTCOME: outcome, releases.ENDED: stamp})
        release.annotations.update(annotations)
        self.kubectl.apply([releases.record(releases.labels(self.request["object_name"]), release)])

    def _prune(self):
        """Records beyond slipway_keep, and the Secrets and Jobs that no record names any more."""
        try:
            self.kubectl.delete(self.state.unused(self.target, self.request["keep"]))
        except SlipwayError as error:
            self.warnings.append("Old releases could not be removed: %s" % error)

    def _result(self, changed):
        current = (
            self.state.current_id if not changed or self.request["state"] == "staged" else self.target.id
        )
        return {
            "changed": changed,
            "outcome": "ok",
            "release": self.target.id,
            "from": self.state.current_id,
            "current": current,
            "previous": self.state.current_id if current != self.state.current_id else None,
            "actions": self.actions,
            "phases": self.phases,
            "warnings": self.warnings,
            "unconfirmed": False,
            "ready_ms": None,
        }

    @contextlib.contextmanager
    def _phase(self, name):
        began = time.monotonic()
        try:
            yield
        finally:
            self.phases[name] = self.phases.get(name, 0) + round((time.monotonic() - began) * 1000)


def _owns_replicas(deployment):
    """Whether the number of pods is there because an earlier release named it."""
    return any(
        entry.get("manager") == MANAGER and "f:replicas" in (entry.get("fieldsV1") or {}).get("f:spec", {})
        for entry in deployment["metadata"].get("managedFields") or []
    )
