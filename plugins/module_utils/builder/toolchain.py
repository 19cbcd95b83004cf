# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Go toolchain of a build: its path, its version, and the environment in which it runs."""

from __future__ import annotations

import json
import os
import shutil

from ..common.errors import SlipwayError
from . import processes
from .request import Request

_USUAL_PLACE = "/usr/local/go/bin/go"
# How modules are downloaded depends on the machine and not on the source: the builder's own settings apply.
NETWORK = ("GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE", "GOAUTH", "GOVCS")
_ASKED = NETWORK + ("GOROOT", "GOVERSION", "GOMODCACHE", "GOCACHE", "GOHOSTARCH", "GOARM", "GOMOD")
_KEPT = frozenset(
    (
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "TMPDIR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "SSH_AUTH_SOCK",
        "NETRC",
        "GOCACHEPROG",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "ALL_PROXY",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_ASKPASS",
    )
)


class Toolchain:
    """A Go toolchain as one call uses it. ``answers``: what `go env` reports."""

    def __init__(
        self, executable: str, answers: dict[str, str], environment: dict[str, str], passed: dict[str, str]
    ) -> None:
        self.go = executable
        self.version = answers["GOVERSION"]
        self.goroot = answers["GOROOT"]
        self.modcache = environment["GOMODCACHE"]
        self.host_target = "linux/" + answers["GOHOSTARCH"]
        if answers["GOHOSTARCH"] == "arm":
            self.host_target += "/" + (answers["GOARM"] or "7")
        self.environment = environment
        # variables of the user that only downloads get
        self._passed = passed

    def run(self, arguments: list[str], cwd: str, **variables: str) -> processes.Completed:
        """Run ``go`` in the hermetic environment."""
        done = processes.run([self.go] + arguments, cwd, dict(self.environment, **variables))
        return done.without(self._passed.values())

    def download(self, arguments: list[str], cwd: str, **variables: str) -> processes.Completed:
        """Run ``go`` with the user's credentials too, for a command that compiles and runs nothing."""
        return self.run(arguments, cwd, **dict(self._passed, **variables))


def find(go: str) -> str:
    """The path of the ``go`` command."""
    found = shutil.which(go) or (_USUAL_PLACE if go == "go" and os.access(_USUAL_PLACE, os.X_OK) else None)
    if not found:
        raise SlipwayError(
            "Go was not found: there is no executable %r in PATH%s. Install Go (role "
            "slipway.golang.go_toolchain), or give its path in the option go"
            % (go, " nor %s" % _USUAL_PLACE if go == "go" else "")
        )
    return os.path.abspath(found)


def probe(request: Request) -> Toolchain:
    """Read the settings of the toolchain, once, and fix the environment in which it runs."""
    found = find(request.go)
    environment = dict(os.environ, GOFLAGS="", GOWORK="off", GOTOOLCHAIN="local", LC_ALL="C")
    environment.update(request.environment)
    done = processes.run([found, "env", "-json"] + list(_ASKED), request.source, environment)
    try:
        answers = json.loads(done.stdout)
        answers = {name: answers.get(name, "") for name in _ASKED}
    except (ValueError, AttributeError):
        raise SlipwayError(
            "%s does not behave as Go: %s. Give the path of the go command in the option go"
            % (found, done.output or "no output"),
            **done.facts,
        ) from None
    # a wrapper (of a version manager, of a package) costs time at every call
    real = os.path.join(answers["GOROOT"], "bin", "go")
    return Toolchain(
        real if os.access(real, os.X_OK) else found,
        answers,
        _hermetic(request, answers),
        {name: os.environ[name] for name in request.pass_environment if name in os.environ},
    )


def _hermetic(request: Request, answers: dict[str, str]) -> dict[str, str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _KEPT or name.startswith("GIT_CONFIG")
    }
    environment.update((name, answers[name]) for name in NETWORK if answers[name])
    environment.update(
        GOENV="off",
        GOFLAGS="",
        GOTOOLCHAIN="local",
        GOWORK=request.go_work or "off",
        LC_ALL="C",
        GIT_TERMINAL_PROMPT="0",
    )
    environment["GOCACHE"] = request.gocache or answers["GOCACHE"]
    environment["GOMODCACHE"] = request.gomodcache or answers["GOMODCACHE"]
    environment["CGO_ENABLED"] = "1" if request.cgo else "0"
    if request.goproxy:
        environment["GOPROXY"] = request.goproxy
    if request.gosumdb:
        environment["GOSUMDB"] = request.gosumdb
    if request.goprivate:
        environment.update(
            dict.fromkeys(("GOPRIVATE", "GONOPROXY", "GONOSUMDB"), ",".join(request.goprivate))
        )
    if request.offline:
        environment["GOPROXY"] = "off"
    environment.update(request.environment)
    return environment
