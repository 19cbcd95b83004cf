# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run one command of a release: its own binary, with its user, environment and sandbox. The step ``run``.

The command is a transient unit beside the live service. A lost connection does not end it: it ends by itself,
or when its time is over.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import time
import uuid

from ...common import environment, placeholders, unit
from ...common.errors import InvalidInput, SlipwayError
from ..releases.history import History
from ..system import lock
from ..system.files import remove, write_file
from ..systemd import systemctl, transient
from ..systemd.accounts import check_accounts
from .request import Request
from .state import is_intact
from .target import resolve

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from typing import BinaryIO

RUN_DIRECTORY = "/run"
KEEP_BYTES = 64 << 10
STOP_SECONDS = 10
SHOWN_LINES = 20
# As timeout(1) has it.
TIMED_OUT = 124
# From here on an exit status is one of systemd's own: it could not set up the process.
SYSTEMD_STATUS = 200
# What belongs to the service's own life, or would take the output away.
_NOT_FOR_COMMANDS = re.compile(
    r"Standard(Input|Output|Error)|TTY.*|RuntimeMaxSec|RuntimeDirectoryPreserve|TimeoutStopSec|TimeoutSec"
)
_KILLED = re.compile(r"code=(?:killed|dumped), status=([0-9]+)/([A-Z0-9]+)")


class CommandFailed(SlipwayError):
    """The command ended with another exit status than 0, or did not end in time."""

    OUTCOME = "failed"


def run(options: dict, stream: BinaryIO) -> dict:
    """The result of slipway.golang.run; ``options`` are its options, and ``check`` for check mode."""
    command = Command(options)
    if options.get("once"):
        return command.run_once()
    return command.run()


class Command:
    """One command and the release that it is run with."""

    def __init__(self, options: dict):
        self._request = Request(options)
        self._layout = self._request.layout
        self._args = _check_args(options["args"])
        self._seconds = options["timeout"]
        self._only_check = options.get("check")
        self._act = "migrate" if options.get("once") else "run"
        self._release = self._find()
        self._history = History(self._layout.history)
        if self._seconds < 1:
            raise InvalidInput("timeout", self._seconds, "use 1 second or more")

    def _find(self):
        """The release whose binary is to run: complete, undamaged and on this host."""
        releases, name = self._layout.releases(), self._request.release
        if name in (None, "current"):
            name = self._layout.current()
        if name is None:
            raise SlipwayError(
                "%s has no live release on this host. Nothing was run. Deploy it first, or name a release "
                "that is here: %s" % (self._request.app, ", ".join(sorted(releases)) or "there is none")
            )
        self._request.release = name
        release = resolve(self._request, releases)
        if not is_intact(release):
            raise SlipwayError(
                "The files of %s on this host are not those that were released. Nothing was run. "
                "Deploy it again" % release.id
            )
        return release

    def run_once(self) -> dict:
        """Run it unless it has succeeded with this release here before; nothing is deployed meanwhile."""
        if self._only_check:
            return self._skipped() if self._is_done() else self.run()
        request = self._request
        note = {
            "actor": request.actor,
            "deploy_id": request.deploy_id,
            "to": "%s (%s)" % (self._release.id, self._words()),
        }
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(lock.held(self._layout.lock, note, request.lock_wait))
            except OSError as error:
                raise SlipwayError(
                    "%s cannot be written to: %s. Nothing was run" % (self._layout.root, error)
                ) from error
            return self._skipped() if self._is_done() else self.run()

    def _is_done(self):
        return self._args in self._history.migrations(self._release.id)

    def _skipped(self):
        return {
            "changed": False,
            "outcome": "ok",
            "release": self._release.id,
            "msg": "%s has succeeded with %s here before: it was not run again"
            % (self._words(), self._release.id),
        }

    def run(self) -> dict:
        """Run it and record how it ended; raises CommandFailed."""
        parts = unit.parse(self._release.units()[_service_of(self._release)])
        check_accounts(unit.render(parts))
        if self._only_check:
            user = dict(parts["Service"]).get("User", "root")
            return {
                "changed": True,
                "outcome": "ok",
                "release": self._release.id,
                "msg": "Would run %s with %s, as user %s" % (self._words(), self._release.id, user),
            }
        unit_name = "%s-run-%s.service" % (self._request.app, uuid.uuid4().hex[:12])
        since, begun = time.time(), time.monotonic()
        with self._own_environment(unit_name) as environment_files:
            start = transient.argv(
                unit_name,
                "Command of %s" % self._release.id,
                self._settings(parts, unit_name, environment_files),
                [self._release.binary] + [arg.replace("$", "$$") for arg in self._filled_args()],
                ("--service-type=simple",),
            )
            ended = transient.run(unit_name, start, self._seconds, STOP_SECONDS, KEEP_BYTES)
        seconds = round(time.monotonic() - begun, 3)
        journal = systemctl.journal_tail(unit_name, since) if ended.code else []
        code, reason = self._explain(ended, journal)
        warnings = self._record(code, reason, seconds)
        facts = {
            "changed": True,
            "release": self._release.id,
            "rc": code,
            "stdout": ended.stdout,
            "stderr": ended.stderr,
            "output_cut": ended.cut,
            "seconds": seconds,
            "warnings": warnings,
        }
        if reason:
            if code >= SYSTEMD_STATUS or not _output(ended):
                facts["evidence"] = {"journal": journal}
            raise CommandFailed(
                "%s %s (release %s)" % (self._words(), reason, self._release.id), hint=_output(ended), **facts
            )
        return dict(facts, outcome="ok")

    def _filled_args(self):
        port = None if self._release.port is None else str(self._release.port)
        return [placeholders.fill(arg, port=port, config=self._release.config_dir) for arg in self._args]

    @contextlib.contextmanager
    def _own_environment(self, unit_name):
        """The files with the release's environment.

        Where that names the configuration it names the live one: what differs is in a file of its own.
        """
        release = self._release
        template = environment.parse(release.template)
        depending = {key: text for key, text in template.items() if "config" in placeholders.used(text)}
        if not depending:
            yield [release.environment_file]
            return
        own = os.path.join(RUN_DIRECTORY, unit_name[: -len(".service")] + ".environment")
        filled = environment.fill(depending, port=str(release.port or ""), config=release.config_dir)
        write_file(own, environment.render(filled).encode("utf-8"), 0o600)
        try:
            yield [release.environment_file, own]
        finally:
            remove(own)

    def _settings(self, parts, unit_name, environment_files):
        """The Service section of the release's own unit, with the release's own environment."""
        lines = []
        for key, value in parts["Service"]:
            if _NOT_FOR_COMMANDS.fullmatch(key):
                continue
            if key == "EnvironmentFile" and value.lstrip("-").startswith(self._layout.root + "/"):
                continue  # it names the live release, or the port of an instance
            lines.append((key, value))
        lines += [("EnvironmentFile", path) for path in environment_files]
        suffix = unit_name[len(self._request.app) : -len(".service")]
        return unit.transient({"Service": lines}, systemctl.version(), suffix)

    def _explain(self, ended, journal):
        """The exit status, and in words how it failed; no words if it did not."""
        if ended.timed_out:
            return TIMED_OUT, "did not end within %d s, and was stopped" % self._seconds
        killed = _KILLED.search("\n".join(journal))
        if ended.code and killed:
            return 128 + int(killed[1]), "was ended by the signal SIG%s" % killed[2]
        return ended.code, "ended with exit status %d" % ended.code if ended.code else ""

    def _record(self, code, reason, seconds):
        """One line of the history, without the output. A full disk is a warning: the command was run."""
        entry = {
            "act": self._act,
            "actor": self._request.actor,
            "deploy_id": self._request.deploy_id,
            "release": self._release.id,
            "args": self._args,
            "outcome": "failed" if reason else "ok",
            "rc": code,
            "message": reason,
            "phases": {"run": int(seconds * 1000)},
        }
        try:
            self._history.append(entry)
        except OSError as error:
            return ["The history could not be written: %s" % error]
        return []

    def _words(self):
        """The command as one would type it."""
        return " ".join(shlex.quote(word) for word in [self._request.app] + self._args)


def _service_of(release):
    """The name of the unit that runs the release's binary."""
    return next(name for name in release.record["units"] if name.endswith(".service"))


def _check_args(args):
    for arg in args:
        if "\0" in arg:
            raise InvalidInput("args", arg, "an argument cannot have a NUL character")
    return list(args)


def _output(ended):
    """The last lines of what it printed, for the message."""
    lines = (ended.stdout + "\n" + ended.stderr).splitlines()
    shown = [line for line in lines if line.strip()][-SHOWN_LINES:]
    return "\n".join(["Output:"] + ["  " + line for line in shown]) if shown else ""
