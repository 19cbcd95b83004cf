# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of slipway.golang.drill: ask from outside, break one host, and see how it recovers.

If this process is killed, the host ends the drill by itself.
"""

from __future__ import annotations

import time
import uuid

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ..module_utils.common import health
from ..module_utils.common.errors import SlipwayError
from ..module_utils.common.faults import FAULTS, OF_BALANCERS
from ..plugin_utils import console, drills
from ..plugin_utils.engine_action import EngineAction

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "fault": {"type": "str", "choices": list(FAULTS), "required": True},
    "seconds": {"type": "int", "default": 30},
    "patience": {"type": "int", "default": 60},
    "lost_at_most": {"type": "int"},
    "seconds_at_most": {"type": "int"},
    "ask": {"type": "dict", "options": health.OPTIONS, "default": {}},
    "health": {"type": "dict", "options": health.OPTIONS, "default": {}},
    "port": {"type": "int"},
    "port_variable": {"type": "str", "default": "PORT"},
    "alternate_port": {"type": "int"},
    "root": {"type": "path"},
}
# Options that the host does not need.
OF_THE_CONTROLLER = ("ask", "patience", "lost_at_most", "seconds_at_most")
AGAIN_SECONDS = 0.5


class ActionModule(EngineAction):
    """One drill on one host."""

    def run(self, tmp=None, task_vars=None):
        result = ActionBase.run(self, tmp, task_vars)
        arguments = self.validated(ARGUMENTS)
        self.host = self._task.delegate_to or task_vars["inventory_hostname"]
        result.update(fault=arguments["fault"], changed=False)
        try:
            result.update(self._drill(arguments, task_vars))
        except SlipwayError as error:
            result.update(error.facts, failed=True, verdict=drills.REFUSED, msg=str(error))
        result.pop("outcome", None)
        result["passed"] = not result.get("failed")  # what failed_when does not change
        self._show(result["msg"].splitlines()[0])
        return self.with_discovery(result)

    def _drill(self, arguments, task_vars):
        check = health.parse(self._asked(arguments, task_vars))
        request = {key: value for key, value in arguments.items() if key not in OF_THE_CONTROLLER}
        request.update(
            step="begin_drill",
            id=uuid.uuid4().hex,
            actor=self.actor(),
            check=bool(self._task.check_mode),
            health=health.given(arguments["health"]),
        )
        if self._task.check_mode:
            return _shown(self.execute(request, None, task_vars), check)
        with drills.Asker(check) as asker:
            if not asker.is_steady(0, time.monotonic() + 3 * drills.STEADY * drills.PERIOD + check.timeout):
                losses = drills.Losses.of(asker.since(0))
                raise SlipwayError(
                    "refused: before anything was broken, %d of %d requests were lost: %s. See slipway_ask"
                    % (losses.lost, losses.asked, losses.problem or "there was no answer in time")
                )
            begun = time.monotonic()
            result = self._broken(arguments, request, asker, task_vars)
        if result.get("failed"):
            return result
        # After the last answer: one that is late is lost too.
        losses = drills.Losses.of(asker.since(begun))
        budget = arguments["lost_at_most"], arguments["seconds_at_most"]
        return dict(result, **drills.judged(losses, result.pop("problem"), *budget))

    def _asked(self, arguments, task_vars):
        """The options of the questions; without any, the health check from here."""
        given = health.given(arguments["ask"])
        if given:
            return given
        own = health.given(arguments["health"])
        if own.get("type", "http") not in ("http", "tcp") or own.get("command") or own.get("socket"):
            own = {}  # it works on the host only: whoever connects to the port has to do
        port = own.get("port") or arguments["port"]
        if not port:
            raise SlipwayError("refused: the service has no port to ask: set slipway_ask")
        address = task_vars.get("slipway_address") or task_vars.get("ansible_host") or self.host
        return dict(own, host=address, port=port)

    def _broken(self, arguments, request, asker, task_vars):
        """From the beginning of the fault until the host is healthy again, or patience is over."""
        try:
            answer = self.execute(request, None, task_vars)
        except AnsibleConnectionFailure as error:
            answer = {"failed": True, "msg": "the connection was lost while it began: %s" % error}
        if answer.get("failed"):
            return self._not_begun(answer, request, task_vars)
        after = answer["ends_by_itself_after"]
        self._show("%s; the host ends it by itself after %d s" % (answer["does"], after))
        time.sleep(max(0.0, arguments["seconds"] - answer["lasted"]))
        ended = time.monotonic()
        problem = self._recovered(arguments, asker, ended + arguments["patience"], task_vars)
        return {
            "changed": True,
            "does": answer["does"],
            "release": answer.get("release"),
            "problem": problem,
            "recovery_seconds": round(time.monotonic() - ended, 2),
        }

    def _not_begun(self, answer, request, task_vars):
        """It was refused, or ended at once. If that is not known, the host is told to end it."""
        outcome = answer.get("outcome")
        verdict = outcome if outcome in (drills.REFUSED, drills.ABORTED) else drills.ABORTED
        message = str(answer.get("msg") or "it gave no reason")
        if outcome not in (drills.REFUSED, drills.ABORTED):
            problem = self._end(request, time.monotonic(), task_vars)
            message += ". %s" % (problem or "It is over")
        changed = verdict == drills.ABORTED
        return {"failed": True, "verdict": verdict, "changed": changed, "msg": "%s: %s" % (verdict, message)}

    def _recovered(self, arguments, asker, deadline, task_vars):
        """End the fault, and wait until all is well. Why it is not; empty if it is."""
        if arguments["fault"] == "reboot":
            self._connection.reset()  # ssh may wait long for an answer on a connection that is no more
        problem = self._end(arguments, deadline, task_vars)
        if not problem and arguments["fault"] not in OF_BALANCERS:
            problem = self._wait_healthy(arguments, deadline, task_vars)
        if not problem and not asker.is_steady(time.monotonic(), deadline):
            problem = "requests from the controller are still lost"
        return problem

    def _end(self, arguments, deadline, task_vars):
        """Why the host did not say that it is over; empty if it did. While it reboots, nobody answers."""
        request = {"step": "end_drill", "name": arguments["name"]}
        return self._until(deadline, request, task_vars, lambda answer: "")

    def _wait_healthy(self, arguments, deadline, task_vars):
        request = {key: arguments[key] for key in ("name", "root", "port")}
        request.update(step="info", history=0, health=health.given(arguments["health"]))
        return self._until(deadline, request, task_vars, _health_problem)

    def _until(self, deadline, request, task_vars, problem_of):
        """Ask the host until there is no problem, or until the deadline; the last problem."""
        again = False
        while True:
            try:
                if again:
                    self._connection.reset()
                answer = self.execute(request, None, task_vars)
                problem = str(answer.get("msg")) if answer.get("failed") else problem_of(answer)
            except (AnsibleConnectionFailure, SlipwayError) as error:
                problem = " ".join(str(error).split())
            if not problem or time.monotonic() > deadline:
                return problem
            again = True
            time.sleep(AGAIN_SECONDS)

    def _show(self, text):
        console.show("%s: %s: %s" % (self.host, self._task.args.get("fault"), text))


def _health_problem(answer):
    if answer.get("healthy") is False or not answer.get("running"):
        return str(answer.get("health_problem") or "it does not run")
    return ""


def _shown(answer, check):
    """The result in check mode."""
    if answer.get("failed"):
        return dict(answer, verdict=drills.REFUSED)
    words = "%s, while %s is asked ten times a second" % (answer["does"], check.target)
    return {
        "changed": True,
        "does": answer["does"],
        "release": answer.get("release"),
        "msg": "Would be: " + words,
    }
