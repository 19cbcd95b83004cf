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
import re
import shlex
import zlib

from ..module_utils.common import wire
from ..module_utils.common.errors import SlipwayError
from ..module_utils.common.faults import FAULTS
from ..module_utils.common.steps import ABSENT, STEPS
from ..module_utils.common.strategies import STRATEGIES

# How a module imports others of the engine, at its top or where it needs them.
_IMPORT = re.compile(r"^ *from (\.+)([\w.]*) import (\([^)]*\)|.*)$", re.MULTILINE)
_WORD = re.compile(r"\w+")
_FOR_TYPES = re.compile(r"^if TYPE_CHECKING:\n(?:    .*\n|\n)+", re.MULTILINE)
# What a plan never imports, as it only checks ahead: how a release is staged, started and waited for.
_NOT_PLANNED = ("host.artifact.stage", "host.deploy.smoke_test", "host.deploy.health_gate")
# Steps that find out which strategy the app has.
_OF_ANY_STRATEGY = ("info", "profile", "measure", "sbom", "begin_drill")
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
    return wire.parcel(engine_for(request), dict(request, payload=len(payload)), payload)


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


def engine_for(request):
    """The modules that this request needs, packed."""
    module = ABSENT if request.get("state") == "absent" else STEPS.get(request["step"])
    return engine(module, _packages_for(request))


def _packages_for(request):
    """What the request's strategy needs beside; all if the strategy of the installed app is not known."""
    if request.get("state") == "absent" or request.get("step") in _OF_ANY_STRATEGY:
        return tuple(sorted({name for names in STRATEGIES.values() for name in names}))
    return STRATEGIES.get(request.get("strategy"), ())


@functools.lru_cache(maxsize=None)
def engine(module, packages=()):
    """The modules that one of STEPS needs, in parts: those of a plan are packed only once."""
    needed, parts, sent = _needed(module, packages), [], frozenset()
    for step in ("plan", "acquire_lease", "apply"):
        names = _needed(STEPS[step], ())
        if names <= needed and not names <= sent:
            parts.append(_packed(names - sent))
            sent |= names
    return b"".join(parts + ([_packed(needed - sent)] if needed - sent else []))


@functools.lru_cache(maxsize=None)
def _needed(module, packages):
    """The modules that a step imports, at its beginning or later."""
    left_out = {"host." + name for names in STRATEGIES.values() for name in names if name not in packages}
    left_out.update(_NOT_PLANNED if module == STEPS["plan"] else ())
    found, left = set(), ["host.engine", "host.%s" % module]
    while left:
        name = left.pop()
        package = name.rpartition(".")[0]
        if name in _sources() and name not in found and not left_out & {name, package}:
            found.add(name)
            left += [package, *_imports(name)]
    return frozenset(found)


@functools.lru_cache(maxsize=None)
def _imports(name):
    """The modules that a module may import, and other words, which are none."""
    is_package, source = _sources()[name]
    found = []
    for dots, base, names in _IMPORT.findall(_FOR_TYPES.sub("", source)):
        parts = name.split(".") + ([""] if is_package else [])
        parts = parts[: -len(dots)] + ([base] if base else [])
        found += [".".join(parts), *(".".join([*parts, word]) for word in _WORD.findall(names))]
    for package, loaded in (("host.deploy.strategies", STRATEGIES), ("host.drill.faults", FAULTS)):
        if name == package:  # it loads them by their names
            found += ["%s.%s" % (name, one) for one in loaded]
    return found


@functools.lru_cache(maxsize=None)
def _sources():
    """The modules below common and host: name to (whether it is a package, source)."""
    root = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "module_utils")
    found = {}
    for directory in ("common", "host"):
        for path in glob.glob(os.path.join(root, directory, "**", "*.py"), recursive=True):
            name, is_package = _module_name(os.path.relpath(path, root))
            found[name] = (is_package, _read(path).decode("utf-8"))
            found.setdefault(name.rpartition(".")[0] or name, (True, ""))
    return found


@functools.lru_cache(maxsize=None)
def _packed(names):
    """These modules, compressed: name to (whether it is a package, source)."""
    sources = {"slipway." + name: _sources()[name] for name in names}
    sources["slipway"] = (True, "")
    return zlib.compress(json.dumps(sources, sort_keys=True).encode("utf-8"), 6)


def _module_name(path):
    parts = path[: -len(".py")].split(os.sep)
    return (".".join(parts[:-1]), True) if parts[-1] == "__init__" else (".".join(parts), False)


def _read(path):
    with open(path, "rb") as handle:
        return handle.read()


# Packed once, when the controller loads the plugin, before it forks a worker for each host.
for _module in ("plan", "acquire_lease", "apply"):
    for _names in set(STRATEGIES.values()):
        engine(STEPS[_module], _names)
