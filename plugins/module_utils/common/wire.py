# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wire format: what the controller and the engine on a host exchange, and nothing about its meaning.

A parcel is the bootstrap with its length, then the lengths of the engine and of the request, then the engine
(compressed JSON objects of module name to source), the request (JSON) and, where one is sent, the artifact.
The answer is one line of standard output. The exit status is 1 if it is a failure, so that a unit of systemd
which runs a parcel fails too.
"""

from __future__ import annotations

import json

# Begins the line that is the engine's result; a login shell may print other lines before it.
MARK = "SLIPWAY-RESULT "

# What Python is called with. It keeps `bootstrap` and the bootstrap keeps `packed`, as a host may have to
# store both (host/deploy/confirm.py).
_READ = "import sys; stream = %s; bootstrap = stream.read(int(stream.readline())); exec(bootstrap)"
READ_STDIN = _READ % "sys.stdin.buffer"
READ_FILE = _READ % "open(sys.argv[1], 'rb')"

# Runs on the host, as the first lines that its Python reads. It makes the streamed files importable and calls
# the engine.
BOOTSTRAP = b"""
import json, sys
from importlib.machinery import ModuleSpec
from zlib import decompressobj
if sys.version_info < (3, 8):
    print("\\n%s" + json.dumps({"failed": True, "outcome": "rejected", "msg":
        "Slipway needs Python 3.8 or newer on the host, this one has %%d.%%d: set "
        "ansible_python_interpreter to a newer one, "
        "or use the playbook slipway.golang.scp" %% sys.version_info[:2]}))
    sys.exit(0)
engine, request = map(int, stream.readline().split())
packed = rest = stream.read(engine)
sources = {}
while rest:
    part = decompressobj()
    sources.update(json.loads(part.decompress(rest).decode()))
    rest = part.unused_data
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
sys.exit(main(json.loads(stream.read(request).decode()), stream))
""" % MARK.encode("ascii")


def parcel(
    engine: bytes, request: dict[str, object], payload: bytes = b"", bootstrap: bytes = BOOTSTRAP
) -> bytes:
    """The bytes for the host: the packed engine, a request, and the artifact."""
    text = json.dumps(request).encode("utf-8")
    sizes = b"%d %d\n" % (len(engine), len(text))
    return b"%d\n" % len(bootstrap) + bootstrap + sizes + engine + text + payload


def answer(result: dict[str, object]) -> str:
    """The line that a result is sent back in; it begins on a line of its own."""
    return "\n" + MARK + json.dumps(result) + "\n"


def result_in(output: str) -> dict[str, object] | None:
    """The result in what a remote execution printed; None where there is none."""
    for line in output.splitlines():
        if line.startswith(MARK):
            result: dict[str, object] = json.loads(line[len(MARK) :])
            return result
    return None
