# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `go tool pprof` makes of profiles: one of many, a flame graph as a page, a table.

It looks at the profiles alone: not at binaries, not at settings of the user, and at no network.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import select
import signal
import subprocess
import time

from ..common.errors import SlipwayError
from . import processes, toolchain

TABLE_ROWS = 20
# Go builds its pprof from its own sources the first time.
START_SECONDS = 300
FETCH_SECONDS = 60
POLL_SECONDS = 0.05
_SERVING = re.compile(rb"Serving web UI on http://127\.0\.0\.1:([0-9]+)\s")
# Of the page's own menu, what only the server behind it could do; and a promise that browsers keep.
_HEAD = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; img-src data:\">\n"
    "<style>#view, #sample, #refine, #config, #download { display: none }</style>\n"
)
_WITHOUT_GO = (
    "%s. Profiles are merged and drawn by `go tool pprof`, on the controller; the playbooks take the option "
    "go from slipway_build. Nothing was asked"
)


def find_go(go: str) -> str:
    """The path of the ``go`` command."""
    try:
        return toolchain.find(go)
    except SlipwayError as error:
        raise SlipwayError(_WITHOUT_GO % error) from None


class Pprof:
    """`go tool pprof` in a directory of its own, with the profiles that it is given. ``go``: the command."""

    def __init__(self, go: str, directory: str) -> None:
        self._go = find_go(go)
        self._directory = directory
        self._environment = dict(
            os.environ,
            GOFLAGS="",
            GOWORK="off",
            GOENV="off",
            GOTOOLCHAIN="local",
            LC_ALL="C",
            # For what it might look up beside the profiles.
            PPROF_TMPDIR=directory,
            PPROF_BINARY_PATH=directory,
            XDG_CONFIG_HOME=directory,
        )

    def merge(self, profiles: list[str], path: str) -> None:
        """One profile of several, without labels: they are of the program, and may hold what it served."""
        self._run(["-proto", "-taghide=.", "-output=" + path, *profiles])

    def top(self, profile: str, base: str = "") -> str:
        """The functions that cost most, as a table."""
        return self._run(["-top", "-nodecount=%d" % TABLE_ROWS, *_difference(base), profile])

    def flame_graph(self, profile: str, base: str = "") -> str:
        """A page with the flame graph, which needs nothing but itself."""
        arguments = ["-http=127.0.0.1:", "-no_browser", *_difference(base), profile]
        process = subprocess.Popen(
            self._argv(arguments),
            cwd=self._directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # go runs pprof as a process of its own, and both have to end
        )
        with process:
            try:
                page = _fetched(_port(process))
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        return page.replace("<head>", "<head>\n" + _HEAD, 1)

    def package_directory(self, source: str, package: str) -> str:
        """The directory of a package of a module: default.pgo of a main package is there."""
        argv = [self._go, "list", "-find", "-f", "{{.Dir}}", package]
        done = processes.run(argv, source, self._environment)
        if done.code:
            raise SlipwayError(
                "There is no package %s in %s: %s" % (package, source, done.output), **done.facts
            )
        return done.stdout.strip()

    def _argv(self, arguments: list[str]) -> list[str]:
        return [self._go, "tool", "pprof", "-symbolize=none", *arguments]

    def _run(self, arguments: list[str]) -> str:
        done = processes.run(self._argv(arguments), self._directory, self._environment)
        if done.code:
            raise SlipwayError("go tool pprof failed: %s" % done.output, **done.facts)
        return done.stdout


def _difference(base: str) -> list[str]:
    """Against another profile, as if both had seen the same load: seconds and hosts may differ."""
    return ["-diff_base=" + base, "-normalize"] if base else []


def _port(process: subprocess.Popen[bytes]) -> int:
    """The port that it says it serves on."""
    if process.stderr is None:
        raise ValueError("it was started without a pipe for what it says")
    deadline, said = time.monotonic() + START_SECONDS, b""
    descriptor = process.stderr.fileno()
    while time.monotonic() < deadline:
        if not select.select([descriptor], [], [], 1)[0]:
            continue
        piece = os.read(descriptor, 65536)
        said += piece
        found = _SERVING.search(said)
        if found:
            return int(found[1])
        if not piece:
            break
    raise SlipwayError("go tool pprof did not serve: %s" % said[-1000:].decode("utf-8", "replace").strip())


def _fetched(port: int) -> str:
    """The page, once the server listens: it says where before it does."""
    deadline = time.monotonic() + FETCH_SECONDS
    while True:
        try:
            with contextlib.closing(
                http.client.HTTPConnection("127.0.0.1", port, timeout=FETCH_SECONDS)
            ) as client:
                client.request("GET", "/ui/flamegraph")
                answer = client.getresponse()
                text = answer.read().decode("utf-8")
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise SlipwayError("go tool pprof does not answer on port %d" % port) from None
            time.sleep(POLL_SECONDS)
            continue
        if answer.status != 200:
            raise SlipwayError("go tool pprof drew no flame graph: %s" % text[:1000])
        return text
