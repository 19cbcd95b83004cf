# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults at one step of a deploy: the engine is killed before it, or the disk is full."""

from __future__ import annotations

import contextlib
import errno
import os
import re

# What a killed program does no more. The first four count as steps.
_STEPS = ("rename", "symlink", "unlink", "link")
_OTHERS = ("mkdir", "rmdir", "fchmod", "chmod", "fsync", "ftruncate", "pwrite")


class Killed(BaseException):
    """Stands for SIGKILL: whatever wants to clean up after it gets it again."""


class Faults:
    """Watches what an engine changes: names below the host's directory, and systemd."""

    def __init__(self, monkeypatch, host):
        self._host = host
        self._watching = False
        self._dead = False
        self._steps = []
        self._kill_before = None
        self._kill_after = None
        self._full_at = None
        host.systemd.before = self._step
        for name in _STEPS + _OTHERS:
            monkeypatch.setattr(os, name, self._watched(name, getattr(os, name)))

    @contextlib.contextmanager
    def steps(self):
        """Collect the steps that are taken meanwhile."""
        self._steps = []
        with self._watch():
            yield self._steps

    @contextlib.contextmanager
    def killed(self, before=None, after=None):
        """The engine dies before, or after, the step of that name."""
        self._kill_before, self._kill_after = before, after
        try:
            with self._watch():
                yield
        except Killed:
            return
        finally:
            self._kill_before = self._kill_after = None
            self._dead = False
        raise AssertionError("there was no step %r" % (before or after))

    @contextlib.contextmanager
    def full_disk(self, step):
        """That step fails once, for want of space."""
        self._full_at = step
        with self._watch():
            yield
        assert self._full_at is None, "there was no step %r" % step

    @contextlib.contextmanager
    def _watch(self):
        self._watching = True
        try:
            yield
        finally:
            self._watching = False

    def _watched(self, name, function):
        def call(*args, **kwargs):
            if self._watching:
                step = self._name(name, args) if name in _STEPS else None
                if step:
                    self._step(step)
                elif self._dead:
                    raise Killed
            return function(*args, **kwargs)

        return call

    def _step(self, step):
        if not self._watching:
            return
        if self._dead or step == self._kill_before or (self._steps and self._steps[-1] == self._kill_after):
            self._dead = True
            raise Killed
        self._steps.append(step)
        if step == self._full_at:
            self._full_at = None
            raise OSError(errno.ENOSPC, "No space left on device", step)

    def _name(self, kind, args):
        """The step in words: the call, and the name that it makes or takes away."""
        path = str(args[0] if kind == "unlink" else args[1])
        for directory in (self._host.root, str(self._host.unit_dir), str(self._host.base)):
            if path.startswith(directory + "/"):
                name = os.path.relpath(path, directory)
                return None if name.startswith("incoming/") else "%s %s" % (kind, _plain(name))
        return None


def _plain(name):
    """Without the digest in a release's id."""
    return re.sub("-[0-9a-f]{12}", "", name)
