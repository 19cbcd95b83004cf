# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine: one request in, one result out. The controller streams it to the host's Python; nothing is installed.

Standard input carries, after the bootstrap (``plugin_utils/stream.py``), the request as JSON and then, where one is sent, the
artifact.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback

from ..common.errors import SlipwayError
from ..common.protocol import MARK
from . import machine, remove, story
from .wanted import Wanted

WORDS = 8


def main(request, stream):
    """Answer one request; never raises."""
    for number in (signal.SIGHUP, signal.SIGPIPE):
        # A lost connection must not stop a deploy half way: the host finishes, or puts the old release back, by itself.
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o022)
    try:
        result = STEPS[request["step"]](request, stream)
    except SlipwayError as error:
        result = dict(error.facts, failed=True, msg=_in_full(error), outcome=story.OUTCOMES.get(type(error), "rejected"))
    except Exception as error:  # pylint: disable=broad-except
        # A fault of ours: still one result, with all that is needed to mend it.
        result = {"failed": True, "outcome": "unknown", "msg": "Slipway's engine failed: %r" % error, "exception": traceback.format_exc()}
    sys.stdout.write("\n" + MARK + json.dumps(result) + "\n")
    sys.stdout.flush()


def probe(request, stream):
    """Look and decide; touch nothing."""
    wanted = Wanted(request)
    if wanted.state == "absent":
        return remove.foresee(wanted)
    target, seen, plan = story.look(wanted)
    if plan.needs_artifact:
        story.foresee_space(wanted, target)
    return {
        "changed": plan.changed, "needs_artifact": plan.needs_artifact, "activate": plan.activate, "reasons": plan.reasons,
        "artifact": target.artifact["digest"] if target.artifact else None, "release": target.id, "from": seen.current,
        "current": seen.current, "previous": seen.previous, "outcome": "ok", "diff": story.difference(target, seen, plan),
        "host": {"goarch": machine.goarch(), "free_bytes": machine.free_bytes(wanted.layout.root)},
    }  # fmt: skip


def activate(request, stream):
    """Look again under the lock, and do what is to be done."""
    wanted = Wanted(request)
    if wanted.state == "absent":
        return remove.remove_app(wanted)
    act = story.deploy(wanted, stream if request.get("payload") else None)
    return dict(act.facts(), changed=bool(act.actions), outcome="ok")


def _in_full(error):
    """The message, and below it what the person on call would look up next."""
    evidence = error.facts.get("evidence") or {}
    lines = [str(error), error.facts.get("hint")]
    lines += ["It said:"] + ["  " + line for line in evidence["journal"][-WORDS:]] if evidence.get("journal") else []
    lines += ["See more: %s" % evidence["next"]] if evidence.get("next") else []
    return "\n".join(line for line in lines if line)


STEPS = {"probe": probe, "activate": activate}
