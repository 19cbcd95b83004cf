# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine: one request in, one result out. The controller streams it to the host; nothing is installed.

Standard input carries, after the bootstrap (``common/wire.py``), the request as JSON and, if there is one,
the artifact.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys

from ..common.errors import SlipwayError
from ..common.steps import ABSENT, STEPS
from ..common.wire import answer
from .system import account


def main(request, stream):
    """Answer one request; never raises. Returns the exit status."""
    for number in (signal.SIGHUP, signal.SIGPIPE):
        # A lost connection must not stop a deploy half way: the host finishes it, or rolls back.
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o022)
    try:
        step = getattr(_module_for(request), request["step"])
        result = step(request, stream)
    except SlipwayError as error:
        result = dict(error.facts, failed=True, msg=_message(error), outcome=error.OUTCOME)
        # What was asked for is refused, but the host can do what else a rollout needs of it.
        result["works"] = os.geteuid() == 0
    except Exception as error:  # pylint: disable=broad-except
        result = _unexpected(error)
    sys.stdout.write(answer(result))
    sys.stdout.flush()
    return 1 if result.get("failed") else 0


def _module_for(request):
    """Import only the module that has the step: importing all of them would double the time of a plan."""
    name = ABSENT if request.get("state") == "absent" else STEPS[request["step"]]
    return importlib.import_module("." + name, __package__)


def _unexpected(error):
    """A bug in Slipway is still one result, with what is needed to fix it. To lack rights is no bug."""
    if isinstance(error, PermissionError) and os.geteuid() != 0:
        message = account.not_root("%s: this needs root on the host" % error)
        return {"failed": True, "outcome": "rejected", "msg": message}
    import traceback  # here, because it would cost every plan two milliseconds

    return {
        "failed": True,
        "outcome": "unknown",
        "msg": "Slipway's engine failed: %r. See `exception`" % error,
        "exception": traceback.format_exc(),
    }


def _message(error):
    """The error's message, and below it what the person on call would look up next."""
    evidence = error.facts.get("evidence") or {}
    lines = [str(error), error.facts.get("hint") or evidence.get("remedy")]
    lines += _journal("From its journal:", evidence)
    lines += _journal("From the journal of the old release:", error.facts.get("evidence_of_old"))
    if evidence.get("next"):
        lines.append("See more: %s" % evidence["next"])
    return "\n".join(line for line in lines if line)


def _journal(heading, evidence):
    lines = (evidence or {}).get("journal")
    return [heading] + ["  " + line for line in lines] if lines else []
