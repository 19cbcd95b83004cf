# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stream the engine to a host: one remote execution sends the engine, the request and the artifact.

An ordinary module would cost each host a zip file, Ansible's own imports and, for the artifact, an upload
of its own. Here the host's Python reads everything from standard input, and nothing is left behind.
"""

from __future__ import annotations

import functools
import glob
import json
import os
import shlex
import zlib

from ..module_utils.common import wire
from ..module_utils.common.errors import SlipwayError
from ..module_utils.common.strategies import STRATEGIES

# The packages below module_utils that every request needs. Those that only modules use stay on the
# controller.
PACKAGES = (
    "common",
    "common/health",
    "common/unit",
    "host",
    "host/artifact",
    "host/deploy",
    "host/deploy/strategies",
    "host/releases",
    "host/system",
    "host/systemd",
)
BEGUN = "SLIPWAY-BEGUN"
NO_PYTHON = "SLIPWAY-NO-PYTHON"
OUTPUT_SHOWN = 2000


def command(interpreter):
    """The shell command that reads a parcel with the host's Python."""
    words = _quoted(interpreter)
    return "echo %s; command -v %s >/dev/null 2>&1 || { echo %s; exit 127; }; exec %s -I -S -c %s" % (
        BEGUN,
        words[0],
        NO_PYTHON,
        " ".join(words),
        shlex.quote(wire.READ_STDIN),
    )


def _quoted(interpreter):
    """Its words, as in ``/usr/bin/env python3``, and the home directory of the user who runs it."""
    try:
        words = shlex.split(interpreter)
    except ValueError:  # a quote without its end
        words = [interpreter]
    return ["~/" + shlex.quote(word[2:]) if word.startswith("~/") else shlex.quote(word) for word in words]


def has_begun(answer):
    """Whether any of the command was run; nothing is where the way to root was refused."""
    return BEGUN in answer["stdout"].splitlines()


def parcel(request, artifact=None):
    """The bytes for the command's standard input. ``artifact``: path of a tarball, or None."""
    payload = _read(artifact) if artifact else b""
    return wire.parcel(engine(_more_packages(request)), dict(request, payload=len(payload)), payload)


def result_of(answer, interpreter="python3"):
    """The engine's result from what a remote execution printed; raises if the engine did not run."""
    result = wire.result_in(answer["stdout"])
    if result is not None:
        return _without_reserved_keys(result)
    if NO_PYTHON in answer["stdout"]:
        raise SlipwayError(
            "There is no Python 3 on this host, or none where Ansible looks for it (%s): install it, set "
            "ansible_python_interpreter to the one that it has, "
            "or use the playbook slipway.golang.scp, which needs none" % interpreter
        )
    printed = answer["stdout"].replace(BEGUN, "", 1)
    output = "\n".join(filter(None, (answer["stderr"].strip(), printed.strip())))[-OUTPUT_SHOWN:]
    raise SlipwayError(
        "Slipway's engine did not run on this host (exit status %s). Output: %s"
        % (answer["rc"], output or "none")
    )


def _without_reserved_keys(result):
    """A compromised host must not add hosts or facts to the play: Ansible would do what these keys say."""
    reserved = ("ansible_", "_ansible_", "add_host", "add_group")
    return {key: value for key, value in result.items() if not key.startswith(reserved)}


def _more_packages(request):
    """What this request needs beside PACKAGES; all if the strategy of the installed app is not known."""
    if request.get("state") == "absent" or request.get("step") == "info":
        names = sorted({name for names in STRATEGIES.values() for name in names})
    else:
        names = STRATEGIES.get(request.get("strategy"), ())
    return tuple("host/" + name for name in names)


@functools.lru_cache(maxsize=None)
def engine(more=()):
    """The modules of PACKAGES and ``more``, compressed: name to (whether it is a package, source)."""
    root = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "module_utils")
    sources = {"slipway": (True, "")}
    for package in PACKAGES + more:
        sources["slipway." + package.replace("/", ".")] = (True, "")
        for path in glob.glob(os.path.join(root, package, "*.py")):
            name, is_package = _module_name(os.path.relpath(path, root))
            sources[name] = (is_package, _read(path).decode("utf-8"))
    return zlib.compress(json.dumps(sources, sort_keys=True).encode("utf-8"), 6)


def _module_name(path):
    parts = ["slipway"] + path[: -len(".py")].split(os.sep)
    return (".".join(parts[:-1]), True) if parts[-1] == "__init__" else (".".join(parts), False)


def _read(path):
    with open(path, "rb") as handle:
        return handle.read()


# Packed once, when the controller loads the plugin, before it forks a worker for each host.
for _names in set(STRATEGIES.values()):
    engine(tuple("host/" + _name for _name in _names))
