# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stream the engine to a host: one remote execution carries the engine, the request and, where needed, the artifact.

An ordinary module would cost each host a zip file, Ansible's own imports and, for the artifact, an upload of its own. Here the
host's Python reads everything from standard input, and nothing is left behind.
"""

from __future__ import annotations

import glob
import json
import os
import shlex
import zlib

from ..module_utils.common.errors import SlipwayError
from ..module_utils.common.protocol import MARK

WINGS = ("common", "host")
# Folders of the wing `host` that only modules use, but for these strategies. Every deploy of every host would carry them.
LEFT_OUT = ("certbot", "nginx")
NEEDED_BY = {"blue_green": ("nginx",)}
NO_PYTHON = "SLIPWAY-NO-PYTHON"
OUTPUT_SHOWN = 2000

# The bootstrap keeps itself and the engine: host/confirm.py may leave both behind.
READ = (
    "import sys; stream = sys.stdin.buffer; bootstrap = stream.read(int(stream.readline())); exec(bootstrap)"
)

# Runs on the host, as the first lines that its Python reads. It makes the streamed files importable and calls the engine.
BOOTSTRAP = b"""
import json, sys
from importlib.machinery import ModuleSpec
from zlib import decompress
if sys.version_info < (3, 8):
    print("\\n%s" + json.dumps({"failed": True, "outcome": "rejected", "msg":
        "Slipway needs Python 3.8 or newer on the host, this one has %%d.%%d: set ansible_python_interpreter to a newer one, "
        "or use the playbook slipway.golang.scp" %% sys.version_info[:2]}))
    sys.exit(0)
engine, request = map(int, stream.readline().split())
packed = stream.read(engine)
sources = json.loads(decompress(packed).decode())
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in sources:
            return ModuleSpec(name, Finder, origin="slipway:" + name, is_package=sources[name][0])
    @staticmethod
    def create_module(spec):
        return None
    @staticmethod
    def exec_module(module):
        exec(compile(sources[module.__name__][1], module.__spec__.origin, "exec"), module.__dict__)
sys.meta_path.insert(0, Finder)
from slipway.host.engine import main
main(json.loads(stream.read(request).decode()), stream)
""" % MARK.encode("ascii")


def command(interpreter=None):
    """The shell command that reads a parcel: with the interpreter that the inventory names, or the host's own."""
    start = "-I -S -c %s" % shlex.quote(READ)
    if interpreter:
        return "%s %s" % (shlex.quote(interpreter), start)
    find = "command -v python3 || command -v /usr/libexec/platform-python"
    return 'python=$(%s) || { echo %s; exit 1; }; exec "$python" %s' % (find, NO_PYTHON, start)


def parcel(request, artifact=None):
    """The bytes for the command's standard input. ``artifact`` is the path of a tarball on the controller, or None."""
    payload = _read(artifact) if artifact else b""
    engine = _engine(NEEDED_BY[request["strategy"]]) if request.get("strategy") in NEEDED_BY else ENGINE
    text = json.dumps(dict(request, payload=len(payload))).encode("utf-8")
    sizes = b"%d %d\n" % (len(engine), len(text))
    return b"%d\n" % len(BOOTSTRAP) + BOOTSTRAP + sizes + engine + text + payload


def result_of(answer):
    """The engine's result from what a remote execution printed; raises where the engine never got to speak."""
    for line in answer["stdout"].splitlines():
        if line.startswith(MARK):
            return _without_ansibles_words(json.loads(line[len(MARK) :]))
    if NO_PYTHON in answer["stdout"]:
        raise SlipwayError(
            "There is no Python 3 on this host: install it, or use the playbook slipway.golang.scp, which needs none"
        )
    said = "\n".join(filter(None, (answer["stderr"].strip(), answer["stdout"].strip())))[-OUTPUT_SHOWN:]
    raise SlipwayError(
        "The host did not run Slipway's engine (exit status %s). It said: %s"
        % (answer["rc"], said or "nothing")
    )


def _without_ansibles_words(result):
    """A host that somebody else has taken over must not be able to add hosts or facts to the play: Ansible would do what these keys say."""
    return {
        key: value
        for key, value in result.items()
        if not key.startswith(("ansible_", "_ansible_", "add_host", "add_group"))
    }


def _engine(also=()):
    """All files of the wings that hosts need: module name to (is it a package, source), compressed."""
    root = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "module_utils")
    sources = {"slipway": (True, "")}
    for wing in WINGS:
        sources["slipway." + wing] = (True, "")
        for path in glob.glob(os.path.join(root, wing, "**", "*.py"), recursive=True):
            folder = os.path.basename(os.path.dirname(path))
            if folder in LEFT_OUT and folder not in also:
                continue
            name, is_package = _module_name(os.path.relpath(path, root))
            sources[name] = (is_package, _read(path).decode("utf-8"))
    return zlib.compress(json.dumps(sources, sort_keys=True).encode("utf-8"), 6)


def _module_name(path):
    parts = ["slipway"] + path[: -len(".py")].split(os.sep)
    return (".".join(parts[:-1]), True) if parts[-1] == "__init__" else (".".join(parts), False)


def _read(path):
    with open(path, "rb") as handle:
        return handle.read()


# Made when the controller loads the plugin, once, before it forks a worker for each host.
ENGINE = _engine()
