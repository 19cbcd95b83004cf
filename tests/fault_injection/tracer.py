# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in front of the engine's bootstrap and counts its steps: what it asks of the kernel and programs.

The steps are observed from outside, by Python's audit events and by wrappers where there is no event. So the
engine has no hooks for tests, and a new step cannot be missed. SLIPWAY_FAULT says as JSON what to do at which
step:

    {"log": "/path"}                      write down every step
    {"log": …, "kill": 17}                end like kill -9 at the 17th
    {"log": …, "stop": 17}                stand still there, until the power goes off
    {"log": …, "errno": 28, "at": 17}     let the 17th fail; with "on": true, all from there on
"""

import builtins
import json
import os
import signal
import subprocess
import sys


class Tracer:
    WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    # What needs room on the disk, or a disk that answers.
    NEEDS_DISK = frozenset(["create", "mkdir", "symlink", "link", "rename", "write", "fsync", "truncate"])
    ENTRIES = ("os.mkdir", "os.rmdir", "os.remove", "os.chmod", "os.chown")

    def __init__(self, plan):
        self.plan = plan
        self.log = os.open(plan["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self.count = 0
        self.quiet = False  # in a step: what the tracer itself does is none
        self.real_open = builtins.open
        self.real_fsync = os.fsync
        self.real_write = os.write
        self.real_communicate = subprocess.Popen.communicate

    def install(self):
        def communicate(process, *arguments, **options):  # no method: Python binds the process to it
            return self.communicate(process, *arguments, **options)

        builtins.open = self.open
        os.fsync = self.fsync
        subprocess.Popen.communicate = communicate
        sys.stdout = Output(self, sys.stdout)
        sys.addaudithook(self.audit)

    # --- one step -------------------------------------------------------------------------------

    def step(self, kind, *things, torn=None):
        """One boundary. ``torn``: what half of a step leaves behind."""
        if self.quiet:
            return
        self.quiet = True
        try:
            names = [thing if kind in ("run", "wait") else path_of(thing) for thing in things]
            if self._counts(kind, names):
                self._note(kind, names)
                self._strike(names, torn)
        finally:
            self.quiet = False

    def _counts(self, kind, names):
        if names and (names[0].startswith(("/dev/", "/proc/")) or "__pycache__" in names[0]):
            return False
        return "errno" not in self.plan or kind in self.NEEDS_DISK

    def _note(self, kind, names):
        self.count += 1
        self.real_write(self.log, ("%s\n" % "\t".join([kind] + names)).encode("utf-8", "replace"))

    def _strike(self, names, torn):
        """Do what the plan has for this step."""
        kills, fails = self.plan.get("kill") == self.count, self._fails()
        if torn and (kills or fails):
            torn()
        if kills:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.plan.get("stop") == self.count:
            os.kill(os.getpid(), signal.SIGSTOP)
        if fails:
            number = self.plan["errno"]
            raise OSError(number, os.strerror(number), names[0] if names else None)

    def _fails(self):
        at = self.plan.get("at")
        return bool(at) and (self.count >= at if self.plan.get("on") else self.count == at)

    # --- what Python's audit events report ------------------------------------------------------

    def audit(self, event, arguments):
        if self.quiet:
            return
        if event == "open":
            self._opened(*arguments)
        elif event == "subprocess.Popen":
            self.step("run", " ".join(map(str, arguments[1]))[:300])
        elif event in ("os.rename", "os.link"):
            self.step(event[3:], arguments[0], arguments[1])
        elif event == "os.symlink":
            self.step("symlink", arguments[1])
        elif event == "os.truncate":
            self.step("truncate", arguments[0])
        elif event in self.ENTRIES:
            self._entry_changed(event, arguments)
        elif event == "fcntl.flock":
            self.step("lock", arguments[0])

    def _opened(self, path, _mode, flags):
        if not isinstance(path, int) and flags & self.WRITES:
            self.step("write" if os.path.lexists(path) else "create", path)

    def _entry_changed(self, event, arguments):
        """An entry of a directory. shutil.rmtree names what it removes relative to a descriptor."""
        directory = arguments[-1] if event != "os.chmod" else -1
        path = arguments[0]
        if event == "os.mkdir" and os.path.isdir(path):
            return  # it fails, and the caller only asks whether it does
        if event in ("os.rmdir", "os.remove") and directory not in (-1, None):
            path = os.path.join(path_of(directory), os.fsdecode(path))
        self.step(event[3:], path)

    # --- what has no audit event ----------------------------------------------------------------

    def open(self, file, mode="r", *arguments, **options):
        handle = self.real_open(file, mode, *arguments, **options)
        return WrittenFile(self, handle) if set(mode) & set("wax+") else handle

    def fsync(self, descriptor):
        self.step("fsync", descriptor)
        return self.real_fsync(descriptor)

    def communicate(self, process, *arguments, **options):
        self.step("wait", " ".join(map(str, process.args))[:300])
        return self.real_communicate(process, *arguments, **options)


class WrittenFile:
    """A file that is written to: every write is a step, and half of it may be all that gets there."""

    def __init__(self, tracer, handle):
        self._tracer = tracer
        self._handle = handle

    def write(self, data):
        def half():
            self._handle.write(data[: len(data) // 2])
            self._handle.flush()

        self._tracer.step("write", self._handle.fileno(), torn=half)
        return self._handle.write(data)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._handle.close()

    def __getattr__(self, name):
        return getattr(self._handle, name)


class Output:
    """Standard output: the result is a step as well."""

    def __init__(self, tracer, handle):
        self._tracer = tracer
        self._handle = handle

    def write(self, text):
        self._tracer.step("run", "tell the result")
        return self._handle.write(text)

    def __getattr__(self, name):
        return getattr(self._handle, name)


def path_of(thing):
    if isinstance(thing, int):
        return os.readlink("/proc/self/fd/%d" % thing)
    return os.path.abspath(os.fsdecode(thing))


def begin():
    plan = os.environ.pop("SLIPWAY_FAULT", None)
    if plan:
        Tracer(json.loads(plan)).install()


begin()
