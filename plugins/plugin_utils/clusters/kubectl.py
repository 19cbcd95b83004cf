# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kubectl, which knows every way to log in to a cluster: one process for all objects of a release."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

from ansible.errors import AnsibleConnectionFailure

from ...module_utils.common.errors import SlipwayError

MANAGER = "slipway"
PROGRAM = "kubectl"
ANSWER_SECONDS = 30
# Above that of a request, so that kubectl itself says what is wrong.
CALL_SECONDS = 120
_AWAY = re.compile(
    r"unable to connect to the server|was refused - did you specify the right host|no such host"
    r"|i/o timeout|no route to host|connection reset by peer|TLS handshake timeout"
    r"|context deadline exceeded|Client\.Timeout exceeded|the server is currently unable to handle",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"^(?:error: |Error from server(?: \([A-Za-z]+\))?: )")
_REASON = re.compile(r"^Error from server \(([A-Za-z]+)\)")


class Refused(SlipwayError):
    """The cluster, or kubectl, did not do it. ``reason``: a word of the API, as Conflict."""

    def __init__(self, message: str, reason: str = ""):
        super().__init__(message)
        self.reason = reason


class Kubectl:
    """Calls to one cluster. ``namespace``: without one, that of the context."""

    def __init__(self, kubeconfig: str = "", context: str = "", namespace: str = ""):
        self._argv = [_program(), "--request-timeout=%ds" % ANSWER_SECONDS]
        for flag, value in (("kubeconfig", kubeconfig), ("context", context), ("namespace", namespace)):
            if value:
                self._argv.append("--%s=%s" % (flag, value))

    def call(self, *arguments: str, data: str = "", seconds: float = CALL_SECONDS) -> str:
        """What it printed. Secrets come by ``data``: arguments are seen by every process."""
        argv = [*self._argv, *arguments]
        try:
            done = subprocess.run(
                argv, input=data.encode("utf-8"), capture_output=True, check=False, timeout=seconds
            )
        except subprocess.TimeoutExpired as error:
            raise AnsibleConnectionFailure(
                "kubectl %s took longer than %d s" % (arguments[0], seconds)
            ) from error
        except OSError as error:
            raise SlipwayError("%s cannot be run: %s" % (argv[0], error.strerror)) from error
        if done.returncode:
            raise _error(done.stderr.decode("utf-8", "replace"))
        return done.stdout.decode("utf-8", "replace")

    def get(self, *arguments: str, data: str = "") -> list[dict]:
        """Objects, those that are there."""
        return _items(self.call("get", "--ignore-not-found", "-o", "json", *arguments, data=data))

    def found(self, objects: list[dict]) -> list[dict]:
        """Those of these objects that the cluster has, as it has them."""
        return self.get("-f", "-", data=_list(objects)) if objects else []

    def apply(
        self, objects: list[dict], dry_run: bool = False, manager: str = MANAGER, in_part: bool = False
    ) -> list[dict]:
        """All of them in one process; returns them as the cluster has them then, or would.

        ``in_part``: the cluster has the rest of the object, which kubectl would miss.
        """
        flags = ["--server-side", "--force-conflicts", "--field-manager=" + manager, "-o", "json", "-f", "-"]
        if in_part:
            flags.append("--validate=false")
        if dry_run:
            flags.append("--dry-run=server")
        return _items(self.call("apply", *flags, data=_list(objects)))

    def delete(self, objects: list[dict]) -> None:
        if objects:
            self.call("delete", "--ignore-not-found", "--wait=false", "-f", "-", data=_list(objects))


def _program():
    found = shutil.which(PROGRAM)
    if not found:
        raise SlipwayError("kubectl is not on PATH: install it on the machine that runs Ansible")
    return found


def _list(objects):
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def _items(text):
    if not text.strip():
        return []
    answer = json.loads(text)
    return answer["items"] if answer.get("kind", "").endswith("List") and "items" in answer else [answer]


def _error(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if any(_AWAY.search(line) for line in lines):
        return AnsibleConnectionFailure(next(line for line in lines if _AWAY.search(line)))
    # Warnings of the cluster are not why it failed.
    lines = [line for line in lines if not line.startswith("Warning:")] or ["kubectl gave no reason"]
    reasons = [match[1] for match in map(_REASON.match, lines) if match]
    said = dict.fromkeys(_PREFIX.sub("", line) for line in lines[:5])
    return Refused("; ".join(said), reasons[0] if reasons else "")
