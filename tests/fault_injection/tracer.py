# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Travels in front of the engine's bootstrap and counts its steps: all that it asks of the kernel or of another program.

The steps are noticed from outside, by Python's audit events and by what has none, so that the engine has no hooks for tests and a new
step cannot be forgotten. SLIPWAY_FAULT says what to do at which of them, as JSON:

    {"log": "/path"}                      write every step down
    {"log": …, "kill": 17}                end like kill -9 at the 17th
    {"log": …, "stop": 17}                stand still there, until the power goes off
    {"log": …, "errno": 28, "at": 17}     let the 17th fail; with "on": true, all from there on
"""


def trace(plan):
    import builtins
    import os
    import signal
    import subprocess
    import sys

    log = os.open(plan["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    quiet = [False]
    count = [0]
    real_open, real_fsync, real_write, real_communicate = (
        builtins.open,
        os.fsync,
        os.write,
        subprocess.Popen.communicate,
    )
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    # What needs room on the disk, or a disk that answers.
    needs_disk = {"create", "mkdir", "symlink", "link", "rename", "write", "fsync", "truncate"}

    def path_of(thing):
        if isinstance(thing, int):
            return os.readlink("/proc/self/fd/%d" % thing)
        return os.path.abspath(os.fsdecode(thing))

    def step(kind, *things, torn=None):
        """One boundary. ``torn``: what half of a step leaves behind."""
        if quiet[0]:
            return
        quiet[0] = True
        try:
            names = [thing if kind in ("run", "wait") else path_of(thing) for thing in things]
            if names and (names[0].startswith(("/dev/", "/proc/")) or "__pycache__" in names[0]):
                return
            if "errno" not in plan or kind in needs_disk:
                count[0] += 1
                real_write(log, ("%s\n" % "\t".join([kind] + names)).encode("utf-8", "replace"))
                if plan.get("kill") == count[0]:
                    if torn:
                        torn()
                    os.kill(os.getpid(), signal.SIGKILL)
                if plan.get("stop") == count[0]:
                    os.kill(os.getpid(), signal.SIGSTOP)
                at = plan.get("at")
                if at and (count[0] >= at if plan.get("on") else count[0] == at):
                    if torn:
                        torn()
                    raise OSError(plan["errno"], os.strerror(plan["errno"]), names[0] if names else None)
        finally:
            quiet[0] = False

    def audit(event, arguments):
        if quiet[0]:
            return
        if event == "open":
            path, dummy, flags = arguments
            if not isinstance(path, int) and flags & writes:
                step("write" if os.path.lexists(path) else "create", path)
        elif event == "subprocess.Popen":
            step("run", " ".join(map(str, arguments[1]))[:300])
        elif event in ("os.rename", "os.link"):
            step(event[3:], arguments[0], arguments[1])
        elif event == "os.symlink":
            step("symlink", arguments[1])
        elif event == "os.truncate":
            step("truncate", arguments[0])
        elif event in ("os.mkdir", "os.rmdir", "os.remove", "os.chmod", "os.chown"):
            # shutil.rmtree names what it removes relative to a descriptor.
            directory = arguments[-1] if event != "os.chmod" else -1
            path = arguments[0]
            if event == "os.mkdir" and os.path.isdir(path):
                return  # it is going to say so, and is asked only for that
            if event in ("os.rmdir", "os.remove") and directory not in (-1, None):
                path = os.path.join(path_of(directory), os.fsdecode(path))
            step(event[3:], path)
        elif event == "fcntl.flock":
            step("lock", arguments[0])

    class Written:
        """A file that is written to: every write is a step, and half of it may be all that gets there."""

        def __init__(self, handle):
            self._handle = handle

        def write(self, data):
            def half():
                self._handle.write(data[: len(data) // 2])
                self._handle.flush()

            step("write", self._handle.fileno(), torn=half)
            return self._handle.write(data)

        def __enter__(self):
            return self

        def __exit__(self, *dummy):
            self._handle.close()

        def __getattr__(self, name):
            return getattr(self._handle, name)

    def noted_open(file, mode="r", *arguments, **options):
        handle = real_open(file, mode, *arguments, **options)
        return Written(handle) if set(mode) & set("wax+") else handle

    def noted_fsync(descriptor):
        step("fsync", descriptor)
        return real_fsync(descriptor)

    def noted_communicate(self, *arguments, **options):
        step("wait", " ".join(map(str, self.args))[:300])
        return real_communicate(self, *arguments, **options)

    class Told:
        """Standard output: the result is a step as well."""

        def __init__(self, handle):
            self._handle = handle

        def write(self, text):
            step("run", "tell the result")
            return self._handle.write(text)

        def __getattr__(self, name):
            return getattr(self._handle, name)

    builtins.open = noted_open
    os.fsync = noted_fsync
    subprocess.Popen.communicate = noted_communicate
    sys.stdout = Told(sys.stdout)
    sys.addaudithook(audit)


def begin():
    import json
    import os

    plan = os.environ.pop("SLIPWAY_FAULT", None)
    if plan:
        trace(json.loads(plan))


begin()
